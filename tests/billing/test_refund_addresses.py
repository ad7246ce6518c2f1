"""Where customers want tokens back: given, confirmed by the mailed link, changed with a day's wait; what refusals leave alone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Membership, User
from accounts.services import create_user
from accounts.states import Role
from billing import services
from billing.address_queries import confirmed_address
from billing.models import RefundAddress
from billing.services.refund_address import GIVEN_A_DAY
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from core.tasks import drain
from tests.cast import PASSWORD, browser_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAGE = "/dashboard/refund-addresses"
PRINCIPAL, OTHER = "ryjl3-tyaaa-aaaaa-aaaba-cai", "rrkah-fqaaa-aaaaa-aaaaq-cai"
ACCOUNT_ID = "4dfa940def17f1427ae47378c440f10185867677109a02bc8374fc25b9dee8af"
EVM = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.fixture(autouse=True)
def noon(db: None) -> Any:
    with clock.at(NOON):
        yield


def link(sent: int = -1) -> str:
    """The address in a mail that was sent."""
    found = re.search(r"http://testserver(/dashboard/refund-addresses/confirm/\S+)", str(mail.outbox[sent].body))
    assert found is not None
    return found[1]


def given(account: Account, user: User, address: str = PRINCIPAL, network: str = "ic") -> str:
    """An address that was given; returns the mailed link."""
    services.give_refund_address(account, user, network, address)
    drain()
    return link()


def confirmed(account: Account, user: User, address: str = PRINCIPAL, network: str = "ic") -> RefundAddress:
    """An address that was given and confirmed."""
    secret = given(account, user, address, network).rpartition("/")[2]
    found = services.confirm_refund_address(secret, user)
    drain()
    return found


def colleague(account: Account, role: Role, email: str = "colleague@example.com") -> User:
    user = create_user(email, PASSWORD, name="Cleo Colleague", verified=True)
    Membership.objects.create(user=user, account=account, role=role, created_at=NOON)
    return user


def test_customer_gives_an_address_and_confirms_it_by_the_mailed_link(
    customer_client: Client, customer_account: Account, customer: User
) -> None:
    answer = customer_client.post(PAGE, {"network": "ic", "address": f" {PRINCIPAL.upper()} "})
    assert answer.status_code == 302
    found = RefundAddress.objects.get()
    assert (found.account, found.network, found.address) == (customer_account, "ic", PRINCIPAL)
    assert confirmed_address(customer_account.pk, "ic", "ICP") is None
    drain()
    assert mail.outbox[-1].to == [customer.email]
    found.refresh_from_db()
    secret = link().rpartition("/")[2]
    assert secret not in found.key_digest
    assert not DomainEvent.objects.filter(data__icontains=secret).exists()
    # Following the link changes nothing; a mail program that looks at it confirms nothing.
    shown = customer_client.get(link())
    assert PRINCIPAL in shown.content.decode()
    assert confirmed_address(customer_account.pk, "ic", "ICP") is None
    assert customer_client.post(link()).headers["Location"] == reverse("refund_addresses")
    found.refresh_from_db()
    # The first one needs no day's wait.
    assert found.confirmed_at == found.usable_at == NOON
    assert confirmed_address(customer_account.pk, "ic", "ICP") == found
    drain()
    assert "confirmed" in mail.outbox[-1].subject
    page = customer_client.get(PAGE).content.decode()
    assert "In use" in page


def test_a_change_is_used_a_day_later_and_ends_what_was_in_use(customer_account: Account, customer: User) -> None:
    first = confirmed(customer_account, customer)
    with clock.at(NOON + timedelta(hours=1)):
        second = confirmed(customer_account, customer, OTHER)
    first.refresh_from_db()
    assert first.removed_at == NOON + timedelta(hours=1)
    assert second.usable_at == NOON + timedelta(hours=25)
    assert confirmed_address(customer_account.pk, "ic", "ICP") == second


def test_removing_and_giving_anew_is_a_change_too(customer_account: Account, customer: User) -> None:
    first = confirmed(customer_account, customer)
    services.remove_refund_address(first.pk, customer)
    again = confirmed(customer_account, customer)
    assert again.usable_at == NOON + timedelta(hours=24)


def test_networks_do_not_hold_up_each_other(customer_account: Account, customer: User) -> None:
    confirmed(customer_account, customer)
    on_base = confirmed(customer_account, customer, EVM, "base")
    assert on_base.usable_at == NOON
    assert RefundAddress.objects.filter(removed_at=None).count() == 2


def test_an_account_id_takes_icp_alone(customer_account: Account, customer: User) -> None:
    found = confirmed(customer_account, customer, ACCOUNT_ID)
    assert confirmed_address(customer_account.pk, "ic", "ICP") == found
    assert confirmed_address(customer_account.pk, "ic", "ckUSDC") is None


@pytest.mark.parametrize(
    ("network", "address", "field"),
    [
        ("ic", "ryjl3-tyaaa-aaaaa-aaabb-cai", "address"),
        ("ic", EVM, "address"),
        ("base", PRINCIPAL, "address"),
        ("base", EVM.lower(), "address"),
        ("mars", PRINCIPAL, "network"),
        ("", PRINCIPAL, "network"),
        ("ic", "", "address"),
    ],
)
def test_a_wrong_address_is_refused_at_its_field(customer_client: Client, network: str, address: str, field: str) -> None:
    answer = customer_client.post(PAGE, {"network": network, "address": address})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not RefundAddress.objects.exists()
    drain()
    assert mail.outbox == []


def test_an_expired_link_says_so(customer_client: Client, customer_account: Account, customer: User) -> None:
    address = given(customer_account, customer)
    with clock.at(NOON + timedelta(hours=24, seconds=1)):
        for answer in (customer_client.get(address), customer_client.post(address)):
            assert answer.status_code == 410
            assert "has expired" in answer.content.decode()
    assert RefundAddress.objects.get().confirmed_at is None


def test_a_second_click_says_that_it_is_done(customer_client: Client, customer_account: Account, customer: User) -> None:
    address = given(customer_account, customer)
    customer_client.post(address)
    before = RefundAddress.objects.get()
    answer = customer_client.post(address)
    assert answer.status_code == 410
    assert "confirmed already" in answer.content.decode()
    after = RefundAddress.objects.get()
    assert (after.confirmed_at, after.usable_at) == (before.confirmed_at, before.usable_at)


def test_a_link_of_a_removed_address_opens_no_more(customer_client: Client, customer_account: Account, customer: User) -> None:
    address = given(customer_account, customer)
    customer_client.post(reverse("refund_address_remove", args=[RefundAddress.objects.get().pk]))
    answer = customer_client.post(address)
    assert answer.status_code == 410
    assert RefundAddress.objects.get().confirmed_at is None


def test_stranger_learns_nothing_of_a_link(stranger_client: Client, customer_account: Account, customer: User) -> None:
    address = given(customer_account, customer)
    for answer in (stranger_client.get(address), stranger_client.post(address)):
        assert answer.status_code == 404
        assert PRINCIPAL not in answer.content.decode()
        assert customer.email not in answer.content.decode()
    assert RefundAddress.objects.get().confirmed_at is None


def test_a_colleague_is_told_whose_link_it_is(customer_account: Account, customer: User) -> None:
    address = given(customer_account, customer)
    browser = browser_of(colleague(customer_account, Role.OWNER))
    answer = browser.post(address)
    assert answer.status_code == 403
    assert customer.email in answer.content.decode()
    assert RefundAddress.objects.get().confirmed_at is None


def test_who_lost_the_role_confirms_no_more(customer_account: Account, customer: User) -> None:
    helper = colleague(customer_account, Role.BILLING)
    secret = given(customer_account, helper).rpartition("/")[2]
    Membership.objects.filter(user=helper, account=customer_account).update(role=Role.MEMBER)
    with pytest.raises(Refused) as refused:
        services.confirm_refund_address(secret, helper)
    assert refused.value.code == "role"
    assert RefundAddress.objects.get().confirmed_at is None


def test_a_forged_link_opens_nothing(customer_client: Client, customer_account: Account, customer: User) -> None:
    given(customer_account, customer)
    pk = RefundAddress.objects.get().pk
    for secret in ("x", f"{pk}.{'A' * 43}", f"{pk}.", "999999.AAAAAAAAAAAAAAAAAAAAAAAAA"):
        assert customer_client.post(f"{PAGE}/confirm/{secret}").status_code == 404
    assert RefundAddress.objects.get().confirmed_at is None


def test_a_member_who_only_orders_sets_nothing(customer_account: Account, customer: User) -> None:
    found = confirmed(customer_account, customer)
    member = colleague(customer_account, Role.MEMBER)
    steps: tuple[Callable[[], object], ...] = (
        lambda: services.give_refund_address(customer_account, member, "ic", OTHER),
        lambda: services.remove_refund_address(found.pk, member),
    )
    for step in steps:
        with pytest.raises(Refused) as refused:
            step()
        assert refused.value.code == "role"
    assert RefundAddress.objects.get().removed_at is None


def test_stranger_sees_and_removes_nothing(stranger_client: Client, customer_account: Account, customer: User) -> None:
    found = confirmed(customer_account, customer)
    assert PRINCIPAL not in stranger_client.get(PAGE).content.decode()
    assert stranger_client.post(reverse("refund_address_remove", args=[found.pk])).status_code == 404
    found.refresh_from_db()
    assert found.removed_at is None


def test_the_same_twice_and_too_many_are_refused(customer_account: Account, customer: User) -> None:
    services.give_refund_address(customer_account, customer, "ic", PRINCIPAL)
    with pytest.raises(Refused) as refused:
        services.give_refund_address(customer_account, customer, "ic", PRINCIPAL)
    assert refused.value.code == "exists"
    for _ in range(GIVEN_A_DAY - 1):
        services.remove_refund_address(RefundAddress.objects.get(removed_at=None).pk, customer)
        services.give_refund_address(customer_account, customer, "ic", PRINCIPAL)
    services.remove_refund_address(RefundAddress.objects.get(removed_at=None).pk, customer)
    with pytest.raises(Refused) as refused:
        services.give_refund_address(customer_account, customer, "ic", PRINCIPAL)
    assert refused.value.code == "too_many"
    assert RefundAddress.objects.count() == GIVEN_A_DAY


def test_all_who_look_after_the_money_hear_of_a_change(customer_account: Account, customer: User) -> None:
    billing = colleague(customer_account, Role.BILLING)
    colleague(customer_account, Role.MEMBER, "member@example.com")
    found = confirmed(customer_account, customer)
    assert {to for sent in mail.outbox if "confirmed" in sent.subject for to in sent.to} == {customer.email, billing.email}
    services.remove_refund_address(found.pk, billing)
    drain()
    assert {to for sent in mail.outbox if "removed" in sent.subject for to in sent.to} == {customer.email, billing.email}
    assert all(PRINCIPAL not in str(sent.body) for sent in mail.outbox)
