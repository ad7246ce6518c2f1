"""Where providers are paid: what can be set at all, who may, what a link opens, and what each change leads to."""

import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from pytest_django import Settings

from accounts.models import Account, Membership, User
from accounts.services import create_organisation
from accounts.states import Role
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from payouts.addresses import Place
from payouts.models import PayoutMethod
from payouts.queries import method_in_use, method_state
from payouts.services.method import ADDED_A_DAY, add_method, confirm_method, new_link, remove_method
from payouts.states import MethodKind, MethodState
from providers.models import Provider
from providers.services import become_provider
from tests.payouts.method_people import BANK, EVM, IBAN, OTHER_BANK, added, confirmed
from tests.races import at_once

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TURKISH = "TR330006100519786457841326"
PRINCIPAL = "un4fu-tqaaa-aaaab-qadjq-cai"


@pytest.fixture(autouse=True)
def noon(db: None) -> Any:
    with clock.at(NOON):
        yield


@pytest.fixture
def provider(provider_user: User) -> Provider:
    return become_provider(provider_user.own_account, name="Quietstack", country="DE", city="Nuremberg")


def rows() -> list[Any]:
    return list(PayoutMethod.objects.order_by("pk").values())


def told() -> list[tuple[str, dict[str, Any]]]:
    return [(event.name, event.data) for event in DomainEvent.objects.filter(name__startswith="payout_method.").order_by("pk")]


def refused(call: Callable[[], Any], code: str) -> Refused:
    """The refusal of a call, which must leave every row and the audit trail as they are."""
    before = rows(), told()
    with pytest.raises(Refused) as refusal:
        call()
    assert (refusal.value.code, rows(), told()) == (code, *before)
    return refusal.value


# What can be set ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "currency", "kept"),
    [
        (
            Place(MethodKind.BANK, " Piet   Provider ", iban=" de89 3704 0044 0532 0130 00 "),
            "EUR",
            ("Piet Provider", IBAN, "", "", ""),
        ),
        (
            Place(MethodKind.BANK, "Łódź Żółć & Co.", iban=IBAN, bic="cobadeff xxx"),
            "USD",
            ("Łódź Żółć & Co.", IBAN, "COBADEFFXXX", "", ""),
        ),
        (Place(MethodKind.ICP, "Quietstack", address=f" {PRINCIPAL.upper()} "), "JPY", ("Quietstack", "", "", PRINCIPAL, "")),
        (Place(MethodKind.EVM, "Quietstack", address=EVM, network="base"), "KWD", ("Quietstack", "", "", EVM, "base")),
        (
            Place(MethodKind.STRIPE, "Quietstack", address="acct_1032D82eZvKYlo2C"),
            "EUR",
            ("Quietstack", "", "", "acct_1032D82eZvKYlo2C", ""),
        ),
    ],
)
def test_a_place_is_kept_as_machines_write_it(
    provider: Provider, provider_user: User, place: Place, currency: str, kept: tuple[str, ...]
) -> None:
    method = add_method(provider, provider_user, currency, place)
    assert (method.holder, method.iban, method.bic, method.address, method.network) == kept
    assert (method.currency, method.kind, method.created_by, method.confirmed_at) == (currency, place.kind, provider_user, None)
    assert method_in_use(provider.pk, currency) is None


def test_an_account_id_is_told_from_a_principal(provider: Provider, provider_user: User) -> None:
    body = bytes.fromhex("ab" * 28)
    account_id = f"{binascii.crc32(body):08X}{body.hex().upper()}"
    method = add_method(provider, provider_user, "EUR", Place(MethodKind.ICP, "Quietstack", address=account_id))
    assert method.address == account_id.lower()
    assert (
        "64 digits"
        in refused(
            lambda: add_method(provider, provider_user, "EUR", Place(MethodKind.ICP, "Quietstack", address=account_id[:-1] + "g")),
            "bad_address",
        ).reason
    )


RIGHT_TO_LEFT, SMALL_A = "\u202e", "\u0430"


@pytest.mark.parametrize(
    ("place", "currency", "code", "field"),
    [
        (BANK, "BTC", "currency", "currency"),
        (BANK, "", "currency", "currency"),
        (Place(MethodKind.BANK, "Piet Provider", iban="DE88370400440532013000"), "EUR", "iban", "iban"),
        (Place(MethodKind.BANK, "Piet Provider", iban="DE8937040044053201300"), "EUR", "iban", "iban"),
        (Place(MethodKind.BANK, "Piet Provider"), "EUR", "iban", "iban"),
        (Place(MethodKind.BANK, "Piet Provider", iban="DE89-3704-0044-0532-0130-00"), "EUR", "iban", "iban"),
        (Place(MethodKind.BANK, "Piet Provider", iban="ＤＥ89370400440532013000"), "EUR", "iban", "iban"),
        (Place(MethodKind.BANK, "Piet Provider", iban="DE٨٩370400440532013000"), "EUR", "iban", "iban"),
        (Place(MethodKind.BANK, "Piet Provider", iban=RIGHT_TO_LEFT + IBAN), "EUR", "iban", "iban"),
        (Place(MethodKind.BANK, "Piet Provider", iban=IBAN + "'; DROP TABLE payouts_payoutmethod; --"), "EUR", "iban", "iban"),
        (Place(MethodKind.BANK, "Piet Provider", iban="DE89" * 100_000), "EUR", "iban", "iban"),
        (Place(MethodKind.BANK, "Piet Provider", iban=TURKISH), "EUR", "iban", "iban"),
        (Place(MethodKind.BANK, "Piet Provider", iban=IBAN, bic="COBADEF"), "EUR", "bic", "bic"),
        (Place(MethodKind.BANK, "Piet Provider", iban=IBAN, bic="COBA-DEFF"), "EUR", "bic", "bic"),
        (Place(MethodKind.BANK, "Piet Provider", iban=IBAN, bic="COBAQQFF"), "EUR", "bic", "bic"),
        (Place(MethodKind.BANK, "Piet Provider", iban=IBAN), "USD", "bic", "bic"),
        (Place(MethodKind.BANK, "P", iban=IBAN), "EUR", "holder", "holder"),
        (Place(MethodKind.BANK, "P" * 71, iban=IBAN), "EUR", "holder", "holder"),
        (Place(MethodKind.BANK, f"Piet{RIGHT_TO_LEFT}Provider", iban=IBAN), "EUR", "holder", "holder"),
        (Place(MethodKind.BANK, f"P{SMALL_A}ul Provider", iban=IBAN), "EUR", "holder", "holder"),
        (Place(MethodKind.BANK, "شركة الخوادم", iban=IBAN), "EUR", "holder", "holder"),
        (Place(MethodKind.ICP, "Quietstack", address=PRINCIPAL[:-1] + "q"), "EUR", "bad_address", "address"),
        (Place(MethodKind.ICP, "Quietstack", address="2vxsx-fae"), "EUR", "bad_address", "address"),
        (Place(MethodKind.ICP, "Quietstack", address=EVM), "EUR", "bad_address", "address"),
        (Place(MethodKind.EVM, "Quietstack", address=EVM.lower(), network="base"), "EUR", "bad_address", "address"),
        (Place(MethodKind.EVM, "Quietstack", address="0x" + EVM[2:].upper(), network="base"), "EUR", "bad_address", "address"),
        (Place(MethodKind.EVM, "Quietstack", address=EVM.replace("A", "a", 1), network="base"), "EUR", "bad_address", "address"),
        (Place(MethodKind.EVM, "Quietstack", address=EVM[:-1] + SMALL_A, network="base"), "EUR", "bad_address", "address"),
        (Place(MethodKind.EVM, "Quietstack", address=EVM, network="solana"), "EUR", "network", "network"),
        (Place(MethodKind.EVM, "Quietstack", address=EVM), "EUR", "network", "network"),
        (Place(MethodKind.STRIPE, "Quietstack", address="acct_1; rm"), "EUR", "bad_address", "address"),
    ],
)
def test_what_can_be_no_place_is_refused_at_its_field(
    provider: Provider, provider_user: User, place: Place, currency: str, code: str, field: str
) -> None:
    assert refused(lambda: add_method(provider, provider_user, currency, place), code).field == field


def test_a_turkish_account_is_paid_in_other_currencies(provider: Provider, provider_user: User) -> None:
    method = add_method(provider, provider_user, "USD", Place(MethodKind.BANK, "Piet", iban=TURKISH, bic="TGBATRIS"))
    assert method.iban == TURKISH


# Who may ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.MEMBER, Role.BILLING])
def test_only_owners_decide_where_a_provider_is_paid(provider_user: User, customer: User, role: Role) -> None:
    organisation = create_organisation(provider_user, "Quiet GmbH")
    provider = become_provider(organisation, name="Quietstack", country="DE")
    Membership.objects.create(user=customer, account=organisation, role=role)
    in_use = confirmed(provider, provider_user)
    _waiting, secret = added(provider, provider_user, OTHER_BANK)
    refused(lambda: add_method(provider, customer, "USD", Place(MethodKind.EVM, "x", address=EVM, network="base")), "role")
    refused(lambda: confirm_method(secret, customer), "role")
    refused(lambda: remove_method(in_use.pk, customer), "role")


def test_a_stranger_and_staff_change_nothing(provider: Provider, provider_user: User, stranger: User, staff: User) -> None:
    in_use = confirmed(provider, provider_user)
    _waiting, secret = added(provider, provider_user, OTHER_BANK)
    for other in (stranger, staff):
        refused(lambda other=other: add_method(provider, other, "EUR", BANK), "role")  # type: ignore[misc]
        refused(lambda other=other: confirm_method(secret, other), "unknown_link")  # type: ignore[misc]
        refused(lambda other=other: remove_method(in_use.pk, other), "role")  # type: ignore[misc]


def test_an_owner_whose_address_is_not_confirmed_adds_nothing(provider: Provider, provider_user: User) -> None:
    EmailAddress.objects.filter(user=provider_user).update(verified=False)
    refused(lambda: add_method(provider, provider_user, "EUR", BANK), "unverified")


def test_another_owner_confirms_with_the_link(provider_user: User, customer: User) -> None:
    organisation = create_organisation(provider_user, "Quiet GmbH")
    provider = become_provider(organisation, name="Quietstack", country="DE")
    Membership.objects.create(user=customer, account=organisation, role=Role.OWNER)
    method = confirm_method(added(provider, provider_user)[1], customer)
    assert (method.created_by, method.confirmed_by) == (provider_user, customer)


def test_so_many_a_day_are_added_and_no_more(provider: Provider, provider_user: User) -> None:
    for _turn in range(ADDED_A_DAY):
        remove_method(add_method(provider, provider_user, "EUR", BANK).pk, provider_user)
    refused(lambda: add_method(provider, provider_user, "EUR", BANK), "too_many")
    with clock.at(NOON + timedelta(days=1)):
        add_method(provider, provider_user, "EUR", BANK)


def test_the_same_place_is_not_added_twice(provider: Provider, provider_user: User) -> None:
    _method, secret = added(provider, provider_user)
    refused(lambda: add_method(provider, provider_user, "EUR", BANK), "exists")
    confirm_method(secret, provider_user)
    refused(lambda: add_method(provider, provider_user, "EUR", BANK), "exists")
    add_method(provider, provider_user, "CHF", Place(MethodKind.BANK, "Piet Provider", iban=IBAN, bic="COBADEFF"))


def test_the_same_place_is_added_again_after_the_link_has_lapsed(provider: Provider, provider_user: User) -> None:
    added(provider, provider_user)
    with clock.at(NOON + timedelta(hours=24)):
        confirmed(provider, provider_user)


# The link -----------------------------------------------------------------------------------------------------------------------


def test_only_the_digest_of_the_link_is_kept(provider: Provider, provider_user: User) -> None:
    method, secret = added(provider, provider_user)
    method.refresh_from_db()
    assert len(method.key_digest) == 64
    assert secret.split(".")[1] not in str(rows()) + str(told())
    assert method.key_expires_at == NOON + timedelta(hours=24)


def test_a_confirmed_method_is_used_after_the_hold(provider: Provider, provider_user: User, settings: Settings) -> None:
    settings.PAYOUT_METHOD_HOLD_HOURS = 24
    method = confirmed(provider, provider_user)
    assert (method.confirmed_at, method.usable_at, method.confirmed_by) == (NOON, NOON + timedelta(hours=24), provider_user)
    assert method_in_use(provider.pk, "EUR") == method
    assert method_in_use(provider.pk, "USD") is None
    assert method_state(method, NOON + timedelta(hours=24, seconds=-1)) == MethodState.HELD
    assert method_state(method, NOON + timedelta(hours=24)) == MethodState.IN_USE
    data = {"provider": provider.pk, "currency": "EUR", "kind": "bank", "actor_kind": "provider", "actor": provider_user.pk}
    assert told() == [("payout_method.added", data), ("payout_method.confirmed", data)]
    assert DomainEvent.objects.filter(subject=f"payoutmethod:{method.pk}").count() == 2


def test_what_is_confirmed_takes_the_place_of_what_was_and_of_what_waits(provider: Provider, provider_user: User) -> None:
    first = confirmed(provider, provider_user)
    dollars = confirmed(provider, provider_user, Place(MethodKind.EVM, "Q", address=EVM, network="base"), "USD")
    waiting, late = added(provider, provider_user, Place(MethodKind.ICP, "Q", address=PRINCIPAL))
    second = confirmed(provider, provider_user, OTHER_BANK)
    for ended in (first, waiting):
        ended.refresh_from_db()
        assert (ended.removed_at, ended.removed_by) == (NOON, provider_user)
    assert method_in_use(provider.pk, "EUR") == second
    assert method_in_use(provider.pk, "USD") == dollars
    assert [data["replaced_by"] for name, data in told() if name.endswith("removed")] == [second.pk, second.pk]
    refused(lambda: confirm_method(late, provider_user), "removed")


def test_a_second_click_says_that_it_is_done(provider: Provider, provider_user: User) -> None:
    _method, secret = added(provider, provider_user)
    confirm_method(secret, provider_user)
    refused(lambda: confirm_method(secret, provider_user), "used")


def test_a_link_opens_for_a_day(provider: Provider, provider_user: User) -> None:
    _method, secret = added(provider, provider_user)
    with clock.at(NOON + timedelta(hours=24)):
        refused(lambda: confirm_method(secret, provider_user), "expired")
    with clock.at(NOON + timedelta(hours=24, seconds=-1)):
        confirm_method(secret, provider_user)


def test_a_new_link_makes_the_old_one_worthless(provider: Provider, provider_user: User) -> None:
    method, old = added(provider, provider_user)
    new = new_link(method.pk)
    assert new is not None
    refused(lambda: confirm_method(old, provider_user), "unknown_link")
    confirm_method(new, provider_user)
    assert new_link(method.pk) is None


def test_no_link_is_made_for_what_is_removed_or_lapsed(provider: Provider, provider_user: User) -> None:
    removed, _secret = added(provider, provider_user)
    remove_method(removed.pk, provider_user)
    lapsed, _secret = added(provider, provider_user, OTHER_BANK)
    before = rows()
    assert new_link(removed.pk) is None
    with clock.at(NOON + timedelta(hours=25)):
        assert new_link(lapsed.pk) is None
    assert rows() == before


@pytest.mark.parametrize("broken", ["", ".", "x", "%s", "%s.", "%s.x", "'; --", "\ud800", "%s." + "x" * 5000, "٣" * 32, "\u202e"])
def test_a_link_that_we_never_mailed_opens_nothing(provider: Provider, provider_user: User, broken: str) -> None:
    method, _secret = added(provider, provider_user)
    unsent = add_method(provider, provider_user, "EUR", OTHER_BANK)
    for row in (method, unsent):
        refused(lambda row=row: confirm_method(broken.replace("%s", row.public_id.hex), provider_user), "unknown_link")  # type: ignore[misc]


def test_a_longer_text_than_the_secret_is_another_secret(provider: Provider, provider_user: User) -> None:
    _method, secret = added(provider, provider_user)
    refused(lambda: confirm_method(secret + " " * 300, provider_user), "unknown_link")
    refused(lambda: confirm_method(secret[:-1], provider_user), "unknown_link")


# Removing -----------------------------------------------------------------------------------------------------------------------


def test_removing_ends_it_once_and_keeps_the_row(provider: Provider, provider_user: User) -> None:
    method = confirmed(provider, provider_user)
    remove_method(method.pk, provider_user)
    with clock.at(NOON + timedelta(hours=1)):
        remove_method(method.pk, provider_user)
    method.refresh_from_db()
    assert (method.removed_at, method.removed_by, method.iban) == (NOON, provider_user, IBAN)
    assert method_in_use(provider.pk, "EUR") is None
    assert [name for name, _data in told()].count("payout_method.removed") == 1


def test_a_method_that_waits_is_removed_and_its_link_says_so(provider: Provider, provider_user: User) -> None:
    method, secret = added(provider, provider_user)
    remove_method(method.pk, provider_user)
    refused(lambda: confirm_method(secret, provider_user), "removed")


# At once ------------------------------------------------------------------------------------------------------------------------


def answer(call: Callable[[], Any]) -> str:
    try:
        with clock.at(NOON):
            call()
    except Refused as refusal:
        return refusal.code
    return "done"


@pytest.mark.django_db(transaction=True)
def test_of_two_links_confirmed_at_once_one_counts(provider: Provider, provider_user: User) -> None:
    secrets = [added(provider, provider_user, place)[1] for place in (BANK, OTHER_BANK)]
    answers = at_once(2, lambda turn: answer(lambda: confirm_method(secrets[turn], provider_user)))
    assert sorted(answers) == ["done", "removed"]
    assert PayoutMethod.objects.filter(confirmed_at__isnull=False, removed_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_followed_twice_at_once_confirms_once(provider: Provider, provider_user: User) -> None:
    _method, secret = added(provider, provider_user)
    assert sorted(at_once(4, lambda _turn: answer(lambda: confirm_method(secret, provider_user)))) == [
        "done",
        "used",
        "used",
        "used",
    ]
    assert [name for name, _data in told()].count("payout_method.confirmed") == 1


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_adds_one(provider: Provider, provider_user: User) -> None:
    assert sorted(at_once(3, lambda _turn: answer(lambda: add_method(provider, provider_user, "EUR", BANK)))) == [
        "done",
        "exists",
        "exists",
    ]
    assert PayoutMethod.objects.count() == 1


def test_the_database_keeps_one_in_use_per_currency(provider: Provider, provider_user: User) -> None:
    method = confirmed(provider, provider_user)
    other, _secret = added(provider, provider_user, OTHER_BANK)
    past = {"confirmed_at": NOON, "confirmed_by": provider_user, "usable_at": NOON}
    with pytest.raises(IntegrityError, match="payout_method_one_in_use"), transaction.atomic():
        PayoutMethod.objects.filter(pk=other.pk).update(**past)
    assert method_in_use(provider.pk, "EUR") == method


def test_an_account_that_lost_its_owner_rights_confirms_no_more(provider_user: User, customer: User) -> None:
    organisation: Account = create_organisation(provider_user, "Quiet GmbH")
    provider = become_provider(organisation, name="Quietstack", country="DE")
    seat = Membership.objects.create(user=customer, account=organisation, role=Role.OWNER)
    _method, secret = added(provider, customer)
    seat.delete()
    refused(lambda: confirm_method(secret, customer), "unknown_link")
