"""The pages where a provider sets where it is paid: who sees what, what they ask for, and what a refusal leaves alone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Membership, User
from accounts.proving import DEMO_PROVIDER
from accounts.services import create_organisation, create_user
from accounts.states import Role
from core import clock
from core.models import DomainEvent
from payouts import method_tasks
from payouts.models import PayoutMethod
from payouts.queries import method_in_use
from payouts.services.method import ADDED_A_DAY, add_method, remove_method
from payouts.views.guard import TYPED
from providers.models import Provider
from providers.services import become_provider
from tests.cast import PASSWORD, browser_of
from tests.payouts.method_people import (
    BANK,
    EVM,
    IBAN,
    ON_BASE,
    OTHER_BANK,
    OTHER_IBAN,
    added,
    confirmed,
    prove,
    proving_browser_of,
    with_app,
)
from tests.walk import offered_by

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LIST = "/dashboard/provider/payout-methods"
ADD_BANK, ADD_ICP, ADD_EVM = (f"{LIST}/add/{kind}" for kind in ("bank", "icp", "evm"))
SHOWN = "DE … 3000"
FORM = {"currency": "EUR", "holder": "Piet Provider", "iban": "DE89 3704 0044 0532 0130 00", "bic": ""}


@pytest.fixture(autouse=True)
def noon(db: None) -> Any:
    cache.clear()
    with clock.at(NOON):
        yield


@pytest.fixture
def provider(provider_user: User) -> Provider:
    return become_provider(provider_user.own_account, name="Quietstack", country="DE", city="Nuremberg")


@pytest.fixture
def owner(provider_user: User, provider: Provider) -> Client:
    """The owner's browser, with a second factor shown just now."""
    with_app(provider_user)
    return proving_browser_of(provider_user)


@pytest.fixture
def organisation(provider_user: User) -> Provider:
    """A provider that is an organisation, of provider_user."""
    return become_provider(create_organisation(provider_user, "Quiet GmbH"), name="Loudstack", country="DE")


def seated(user: User, provider: Provider, role: Role) -> Client:
    """The browser of a member who acts for the provider's account, second factor shown."""
    Membership.objects.create(user=user, account=provider.account, role=role)
    with_app(user)
    browser = proving_browser_of(user)
    browser.post(reverse("switch_account"), {"account": provider.account_id})
    return browser


def rows() -> list[Any]:
    return [list(PayoutMethod.objects.order_by("pk").values()), DomainEvent.objects.filter(name__startswith="payout").count()]


def text(answer: Any) -> str:
    return str(answer.content.decode())


def page_of(method: PayoutMethod) -> str:
    return f"{LIST}/{method.public_id}"


def link(secret: str) -> str:
    return f"{LIST}/confirm/{secret}"


def to_proof(goal: str) -> str:
    return f"{reverse('mfa_reauthenticate')}?next={goal.replace('/', '%2F')}"


# Who sees what ------------------------------------------------------------------------------------------------------------------


def test_visitors_are_asked_to_sign_in(client: Client, provider: Provider, provider_user: User) -> None:
    method, secret = added(provider, provider_user)
    before = rows()
    for path in (LIST, ADD_BANK, page_of(method), link(secret)):
        for answer in (client.get(path), client.post(path)):
            assert answer.status_code in (302, 405)
            assert answer.status_code == 405 or answer["Location"].startswith(reverse("account_login"))
    assert client.post(f"{page_of(method)}/remove")["Location"].startswith(reverse("account_login"))
    assert rows() == before


def test_customer_stranger_and_staff_find_nothing_of_a_provider(
    customer_client: Client, stranger_client: Client, staff_client: Client, provider: Provider, provider_user: User
) -> None:
    method, secret = added(provider, provider_user)
    before = rows()
    for browser in (customer_client, stranger_client, staff_client):
        assert browser.get(LIST)["Location"] == reverse("provider_become")
        assert browser.get(page_of(method)).status_code == 404
        assert browser.post(f"{page_of(method)}/remove").status_code == 404
        for answer in (browser.get(link(secret)), browser.post(link(secret))):
            assert answer.status_code == 404
            assert "Quietstack" not in text(answer)
            assert "3000" not in text(answer)
    assert staff_client.post(ADD_BANK, FORM)["Location"] == reverse("provider_become")
    assert rows() == before


def test_another_provider_finds_nothing_either(provider: Provider, provider_user: User, stranger: User) -> None:
    become_provider(stranger.own_account, name="Otherstack", country="DE")
    with_app(stranger)
    method, secret = added(provider, provider_user)
    before, browser = rows(), proving_browser_of(stranger)
    assert SHOWN not in text(browser.get(LIST))
    assert browser.get(page_of(method)).status_code == 404
    assert browser.post(f"{page_of(method)}/remove").status_code == 404
    assert browser.post(link(secret)).status_code == 404
    assert rows() == before


@pytest.mark.parametrize("role", [Role.MEMBER, Role.BILLING])
def test_members_see_and_change_nothing(organisation: Provider, provider_user: User, customer: User, role: Role) -> None:
    in_use = confirmed(organisation, provider_user)
    waiting, secret = added(organisation, provider_user, OTHER_BANK)
    browser, before = seated(customer, organisation, role), rows()
    page = text(browser.get(LIST))
    assert SHOWN in page
    assert ADD_BANK not in page
    own = text(browser.get(page_of(in_use)))
    assert (IBAN in own, "DE89 3704" in own, "/remove" in own) == (False, False, False)
    for answer in (browser.get(ADD_BANK), browser.post(ADD_BANK, FORM)):
        assert answer["Location"] == LIST
    assert "Only an owner" in text(browser.get(link(secret)))
    assert browser.post(link(secret)).status_code == 403
    for method in (in_use, waiting):
        assert browser.post(f"{page_of(method)}/remove").status_code == 303
    assert rows() == before


def test_the_list_shows_each_state_and_never_a_whole_number(owner: Client, provider: Provider, provider_user: User) -> None:
    offered_by(provider_user, currency="CHF")
    in_use = confirmed(provider, provider_user)
    confirmed(provider, provider_user, ON_BASE, "USD")
    remove_method(confirmed(provider, provider_user, OTHER_BANK).pk, provider_user)
    added(provider, provider_user, OTHER_BANK, "EUR")
    in_use.refresh_from_db()
    with clock.at(NOON + timedelta(hours=23)):
        page = text(owner.get(LIST))
    for words in ("In CHF", "In EUR", "In USD", "NL … 4300", "0x5aAe … eAed", "Base", "Waits for your confirmation", "Removed"):
        assert words in page
    assert "Paid there from 21 Nov, 12:00 UTC." in page
    assert "what you earn in CHF waits here" in page
    assert (IBAN in page, OTHER_IBAN in page, EVM in page) == (False, False, False)
    with clock.at(NOON + timedelta(hours=24)):
        page = text(owner.get(LIST))
    assert "Since 21 Nov." in page
    assert "Not confirmed in time" in page


def test_a_provider_that_has_set_nothing_is_told_so(owner: Client) -> None:
    page = text(owner.get(LIST))
    assert "No way to be paid yet" in page
    assert all(path in page for path in (ADD_BANK, ADD_ICP, ADD_EVM))
    assert "stablecoin or token of the platform’s choice at the day’s rate" in page


def test_an_owner_sees_the_whole_place_whichever_account_is_in_use(organisation: Provider, provider_user: User) -> None:
    method = confirmed(organisation, provider_user)
    page = text(browser_of(provider_user).get(page_of(method)))
    assert "DE89 3704 0044 0532 0130 00" in page
    assert f'action="{page_of(method)}/remove"' in page


def test_the_subnav_leads_to_the_page(provider_client: Client, provider: Provider) -> None:
    assert f'href="{LIST}"' in text(provider_client.get(reverse("provider_desk")))
    assert f'href="{LIST}" aria-current="page"' in text(provider_client.get(LIST))


# The second factor --------------------------------------------------------------------------------------------------------------


def test_without_a_second_factor_one_is_told_to_set_one_up(provider: Provider, provider_user: User) -> None:
    _method, secret = added(provider, provider_user)
    before, browser = rows(), browser_of(provider_user)
    for path in (ADD_BANK, link(secret)):
        for answer in (browser.get(path), browser.post(path, FORM)):
            assert answer.status_code == 403
            assert reverse("account_security") in text(answer)
    assert rows() == before


def test_recovery_codes_alone_are_no_second_factor(provider: Provider, provider_user: User) -> None:
    Authenticator.objects.create(user=provider_user, type="recovery_codes", data={"seed": "x", "used_mask": 0})
    browser = proving_browser_of(provider_user)
    assert browser.post(ADD_BANK, FORM).status_code == 403
    assert rows() == [[], 0]


@pytest.mark.parametrize(
    "record",
    [
        None,
        {"method": "password", "reauthenticated": True},
        {"at": (NOON - timedelta(minutes=10, seconds=1)).timestamp()},
        {"method": "password_reset"},
    ],
    ids=["nothing", "password typed again", "too long ago", "password reset"],
)
def test_without_a_fresh_proof_the_second_factor_is_asked_for(
    provider: Provider, provider_user: User, record: dict[str, Any] | None
) -> None:
    with_app(provider_user)
    _method, secret = added(provider, provider_user)
    before, browser = rows(), browser_of(provider_user)
    if record:
        prove(browser, provider_user, **record)
    for path, goal in ((ADD_BANK, ADD_BANK), (link(secret), f"{LIST}/confirm")):
        for answer in (browser.get(path), browser.post(path, FORM)):
            assert answer["Location"] == to_proof(goal)
    assert rows() == before


def test_the_secret_of_a_link_is_in_no_address_after_the_mailed_one(provider: Provider, provider_user: User) -> None:
    with_app(provider_user)
    method, secret = added(provider, provider_user)
    browser = Client()
    asked = browser.get(link(secret))
    assert asked["Location"] == f"{reverse('account_login')}?next=%2Fdashboard%2Fprovider%2Fpayout-methods%2Fconfirm".replace(
        "%2F", "/"
    )
    assert secret not in str(dict(browser.session.items()))
    browser.force_login(provider_user)
    assert browser.get(f"{LIST}/confirm")["Location"] == to_proof(f"{LIST}/confirm")
    prove(browser, provider_user)
    page = browser.get(f"{LIST}/confirm")
    assert page.status_code == 200
    assert secret not in text(page)
    assert browser.get(link(secret))["Referrer-Policy"] == "strict-origin"
    assert browser.post(f"{LIST}/confirm").status_code == 303
    assert PayoutMethod.objects.get(pk=method.pk).confirmed_at is not None
    # What was kept is gone, and a page without anything kept opens nothing.
    assert browser.get(f"{LIST}/confirm").status_code == 404
    assert proving_browser_of(provider_user).post(f"{LIST}/confirm").status_code == 404


def test_a_kept_secret_opens_nothing_for_somebody_else(provider: Provider, provider_user: User, customer: User) -> None:
    _method, secret = added(provider, provider_user)
    browser, before = Client(), rows()
    browser.get(link(secret))
    browser.force_login(customer)
    prove(browser, customer)
    for answer in (browser.get(f"{LIST}/confirm"), browser.post(f"{LIST}/confirm")):
        assert answer.status_code == 404
    assert rows() == before


def test_proof_of_another_user_in_the_same_session_does_not_count(provider: Provider, provider_user: User, customer: User) -> None:
    with_app(provider_user)
    browser = browser_of(provider_user)
    prove(browser, customer)
    assert browser.post(ADD_BANK, FORM)["Location"] == to_proof(ADD_BANK)
    assert rows() == [[], 0]


def test_a_passkey_proves_as_well(provider: Provider, provider_user: User) -> None:
    Authenticator.objects.create(user=provider_user, type="webauthn", data={"name": "Key", "credential": {}})
    browser = browser_of(provider_user)
    assert browser.get(ADD_BANK)["Location"].startswith(reverse("mfa_reauthenticate_webauthn"))
    prove(browser, provider_user, type="webauthn", at=(NOON - timedelta(minutes=10)).timestamp())
    assert browser.post(ADD_BANK, FORM).status_code == 303
    assert PayoutMethod.objects.get().iban == IBAN


def test_the_demo_provider_needs_none_with_debug_on_and_one_without(settings: Settings) -> None:
    demo = create_user(DEMO_PROVIDER, PASSWORD, verified=True)
    become_provider(demo.own_account, name="Saltmarsh Storage", country="NL")
    browser = browser_of(demo)
    assert browser.post(ADD_BANK, FORM).status_code == 403
    assert rows() == [[], 0]
    settings.DEBUG = True
    assert browser.post(ADD_BANK, FORM).status_code == 303


def test_debug_helps_nobody_else(provider: Provider, provider_user: User, settings: Settings) -> None:
    settings.DEBUG = True
    assert browser_of(provider_user).post(ADD_BANK, FORM).status_code == 403
    assert rows() == [[], 0]


def test_what_was_typed_is_there_again_after_the_proof(provider: Provider, provider_user: User) -> None:
    secret = with_app(provider_user)
    browser = browser_of(provider_user)
    asked = browser.post(f"{ADD_BANK}?currency=USD", {**FORM, "holder": "<b>Piet", "bic": "x" * 5000})
    assert (
        asked["Location"]
        == f"{reverse('mfa_reauthenticate')}?next=%2Fdashboard%2Fprovider%2Fpayout-methods%2Fadd%2Fbank%3Fcurrency%3DUSD"
    )
    assert IBAN[-8:] not in str(dict(browser.session.items()))
    code = format_hotp_value(hotp_value(secret, int(datetime.now(UTC).timestamp()) // 30))
    with clock.at(datetime.now(UTC)):
        there = browser.post(asked["Location"], {"code": code, "next": f"{ADD_BANK}?currency=USD"})
        assert there["Location"] == f"{ADD_BANK}?currency=USD"
        page = text(browser.get(there["Location"]))
        assert 'value="DE89 3704 0044 0532 0130 00"' in page
        assert "&lt;b&gt;Piet" in page
        assert "x" * 201 not in page
        assert 'value="EUR" selected' in page
        assert "DE89" not in text(browser.get(ADD_BANK))


def test_what_was_typed_into_one_form_does_not_appear_in_another(provider: Provider, provider_user: User) -> None:
    with_app(provider_user)
    browser = browser_of(provider_user)
    browser.post(ADD_BANK, FORM)
    prove(browser, provider_user)
    assert "DE89" not in text(browser.get(ADD_ICP))
    assert TYPED not in browser.session


def test_typed_text_that_cannot_be_read_any_more_is_forgotten(owner: Client) -> None:
    session = owner.session
    session[TYPED] = {"kind": "bank", "sealed": "damaged"}
    session.save()
    assert owner.get(ADD_BANK).status_code == 200


# Adding -------------------------------------------------------------------------------------------------------------------------


def test_adding_notes_it_and_says_where_the_link_goes(owner: Client, provider: Provider, provider_user: User) -> None:
    answer = owner.post(ADD_BANK, FORM, follow=True)
    method = PayoutMethod.objects.get()
    assert answer.redirect_chain == [(page_of(method), 303)]
    assert f"A link goes to {provider_user.email}" in text(answer)
    assert (method.provider, method.currency, method.kind, method.iban) == (provider, "EUR", "bank", IBAN)
    assert method_in_use(provider.pk, "EUR") is None


def test_addresses_of_tokens_are_added(owner: Client) -> None:
    assert owner.post(ADD_EVM, {"currency": "USD", "network": "arbitrum", "address": EVM}).status_code == 303
    assert owner.post(ADD_ICP, {"currency": "JPY", "address": "un4fu-tqaaa-aaaab-qadjq-cai"}).status_code == 303
    found = PayoutMethod.objects.order_by("pk").values_list("kind", "network", "holder", "address")
    assert list(found) == [("evm", "arbitrum", "Quietstack", EVM), ("icp", "", "Quietstack", "un4fu-tqaaa-aaaab-qadjq-cai")]


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        (ADD_BANK, {"iban": ""}, "Fill this in."),
        (ADD_BANK, {"holder": ""}, "Fill this in."),
        (ADD_BANK, {"iban": "DE88 3704 0044 0532 0130 00"}, "digits do not fit each other"),
        (ADD_BANK, {"iban": "<script>alert(1)</script>"}, "digits do not fit each other"),
        (ADD_BANK, {"iban": "'; DROP TABLE payouts_payoutmethod; --"}, "digits do not fit each other"),
        (ADD_BANK, {"iban": "D" * 100_000}, "at most 60 characters"),
        (ADD_BANK, {"holder": "\u202eteiP"}, "Write whose account it is"),
        (ADD_BANK, {"holder": "P\u0430ul"}, "Latin letters"),
        (ADD_BANK, {"currency": "BTC"}, "BTC is not one of the available choices"),
        (ADD_BANK, {"currency": "USD"}, "BIC is needed"),
        (ADD_BANK, {"bic": "nonsense!"}, "eight or eleven"),
        (ADD_EVM, {"network": "", "address": EVM}, "Choose one."),
        (ADD_EVM, {"network": "solana", "address": EVM}, "solana is not one of the available choices"),
        (ADD_EVM, {"network": "base", "address": EVM.lower()}, "with small letters and capitals"),
        (ADD_EVM, {"network": "base", "address": "0x" + "a" * 5000}, "at most 200 characters"),
        (ADD_ICP, {"address": "un4fu-tqaaa-aaaab-qadjq-caq"}, "do not fit each other"),
        (ADD_ICP, {"address": "2vxsx-fae"}, "belongs to nobody"),
    ],
)
def test_what_cannot_be_paid_is_shown_at_its_field(owner: Client, path: str, fields: dict[str, str], words: str) -> None:
    form = FORM if path == ADD_BANK else {"currency": "EUR"}
    answer = owner.post(path, {**form, **fields})
    assert answer.status_code == 422
    assert words in text(answer)
    assert "<script>alert" not in text(answer)
    assert rows() == [[], 0]


def test_stripe_accounts_and_other_words_have_no_form(owner: Client) -> None:
    for kind in ("stripe", "paypal", "BANK", "%00"):
        assert owner.post(f"{LIST}/add/{kind}", FORM).status_code in (400, 404)
    assert rows() == [[], 0]


def test_the_limit_of_a_day_is_said_and_nothing_is_added(owner: Client, provider: Provider, provider_user: User) -> None:
    for _turn in range(ADDED_A_DAY):
        remove_method(add_method(provider, provider_user, "EUR", BANK).pk, provider_user)
    before = rows()
    answer = owner.post(ADD_BANK, FORM)
    assert (answer.status_code, "Try again tomorrow" in text(answer), rows()) == (422, True, before)


def test_the_currency_that_was_asked_for_is_chosen(owner: Client) -> None:
    assert 'value="CHF" selected' in text(owner.get(f"{ADD_BANK}?currency=CHF"))
    assert owner.get(f"{ADD_BANK}?currency=%27%3B--").status_code == 200


# The link -----------------------------------------------------------------------------------------------------------------------


def test_looking_at_the_link_confirms_nothing(provider: Provider, provider_user: User, owner: Client) -> None:
    confirmed(provider, provider_user, OTHER_BANK)
    _method, secret = added(provider, provider_user)
    prove(owner, provider_user)
    before = rows()
    answer = owner.get(link(secret))
    assert owner.head(link(secret)).status_code == 200
    for words in (
        "DE89 3704 0044 0532 0130 00",
        "Piet Provider",
        "NL … 4300 is not used any more",
        "the first one 1 day from now at the earliest",
    ):
        assert words in text(answer)
    assert rows() == before


def test_confirming_asks_for_a_proof_that_is_newer_than_the_method(provider: Provider, provider_user: User) -> None:
    with_app(provider_user)
    browser = proving_browser_of(provider_user)
    with clock.at(NOON + timedelta(minutes=1)):
        method, secret = added(provider, provider_user)
        before = rows()
        assert browser.post(link(secret))["Location"] == to_proof(f"{LIST}/confirm")
        assert rows() == before
        prove(browser, provider_user)
        answer = browser.post(link(secret), follow=True)
    assert answer.redirect_chain == [(page_of(method), 303)]
    assert "What you earn in EUR is paid there from 21 Nov, 12:01 UTC." in text(answer)
    assert method_in_use(provider.pk, "EUR") == method


def test_each_link_that_does_not_open_says_why(owner: Client, provider: Provider, provider_user: User) -> None:
    used, used_secret = added(provider, provider_user)
    owner.post(link(used_secret))
    removed, removed_secret = added(provider, provider_user, OTHER_BANK)
    remove_method(removed.pk, provider_user)
    _lapsed, lapsed_secret = added(provider, provider_user, ON_BASE)
    before = rows()
    with clock.at(NOON + timedelta(hours=24)):
        prove(owner, provider_user)
        for secret, status, words in (
            (used_secret, 410, "confirmed already"),
            (removed_secret, 410, "was removed"),
            (lapsed_secret, 410, "has expired"),
            (f"{used.public_id.hex}.x", 404, "opens nothing here"),
            ("x" * 3000, 404, "opens nothing here"),
            ("%E2%80%AE", 404, "opens nothing here"),
        ):
            for answer in (owner.get(link(secret)), owner.post(link(secret))):
                assert (answer.status_code, words in text(answer)) == (status, True)
    assert rows() == before


def test_an_owner_confirms_while_another_account_is_in_use(organisation: Provider, provider_user: User) -> None:
    with_app(provider_user)
    method, secret = added(organisation, provider_user)
    assert proving_browser_of(provider_user).post(link(secret))["Location"] == page_of(method)
    assert method_in_use(organisation.pk, "EUR") == method


# Removing -----------------------------------------------------------------------------------------------------------------------


def test_removing_asks_for_no_second_factor(provider: Provider, provider_user: User) -> None:
    method = confirmed(provider, provider_user)
    browser = browser_of(provider_user)
    assert browser.get(f"{page_of(method)}/remove").status_code == 405
    answer = browser.post(f"{page_of(method)}/remove", follow=True)
    assert "Nothing is paid there any more" in text(answer)
    assert "/remove" not in text(answer)
    assert method_in_use(provider.pk, "EUR") is None


# Numbers of queries -------------------------------------------------------------------------------------------------------------


def test_the_list_asks_as_much_for_many_as_for_none(
    owner: Client, provider: Provider, provider_user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def look() -> None:
        assert owner.get(LIST).status_code == 200

    few = 7
    with django_assert_num_queries(few):
        look()
    for currency in ("EUR", "USD", "CHF", "GBP"):
        confirmed(provider, provider_user, ON_BASE, currency)
    for _turn in range(4):
        remove_method(add_method(provider, provider_user, "JPY", ON_BASE).pk, provider_user)
    with django_assert_num_queries(few):
        look()


@pytest.mark.parametrize(("path", "most"), [("page", 5), ("add", 8), ("link", 12)])
def test_the_other_pages_ask_little(
    owner: Client,
    provider: Provider,
    provider_user: User,
    path: str,
    most: int,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    method, secret = added(provider, provider_user)
    prove(owner, provider_user)
    with django_assert_max_num_queries(most):
        assert owner.get({"page": page_of(method), "add": ADD_BANK, "link": link(secret)}[path]).status_code == 200


# The link again -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 25], ids=["lost", "expired"])
def test_a_link_that_did_not_come_is_sent_again_and_the_old_one_dies(
    provider: Provider, provider_user: User, mailoutbox: list[Any], hours: int
) -> None:
    with_app(provider_user)
    method, old = added(provider, provider_user)
    mailoutbox.clear()
    with clock.at(NOON + timedelta(hours=hours)):
        browser = proving_browser_of(provider_user)
        assert "Send the link again" in text(browser.get(page_of(method)))
        assert browser.post(f"{page_of(method)}/link")["Location"] == page_of(method)
        assert browser.get(link(old)).status_code == 404
        method_tasks.send_link(DomainEvent.objects.get(name="payout_method.link_wanted"))
        (mail,) = mailoutbox
        assert mail.to == [provider_user.email]
        (new,) = set(re.findall(r"/confirm/([\w.-]+)", mail.body))
        assert new != old
        assert browser.get(link(old)).status_code == 404
        assert browser.post(link(new)).status_code == 303
    assert PayoutMethod.objects.get(pk=method.pk).confirmed_at is not None


def test_a_link_is_sent_again_three_times_a_day(provider: Provider, provider_user: User) -> None:
    with_app(provider_user)
    method, _secret = added(provider, provider_user)
    browser = proving_browser_of(provider_user)
    for _time in range(3):
        browser.post(f"{page_of(method)}/link")
    before = rows()
    assert "Try again tomorrow" in text(browser.post(f"{page_of(method)}/link", follow=True))
    assert rows() == before
    with clock.at(NOON + timedelta(hours=25)):
        browser.post(f"{page_of(method)}/link")
    assert DomainEvent.objects.filter(name="payout_method.link_wanted").count() == 4


def test_nothing_is_sent_again_for_what_is_confirmed_or_removed(provider: Provider, provider_user: User) -> None:
    in_use = confirmed(provider, provider_user)
    browser, before = proving_browser_of(provider_user), rows()
    assert "Send the link again" not in text(browser.get(page_of(in_use)))
    assert "confirmed already" in text(browser.post(f"{page_of(in_use)}/link", follow=True))
    assert rows() == before
    browser.post(f"{page_of(in_use)}/remove")
    before = rows()
    assert "It was removed" in text(browser.post(f"{page_of(in_use)}/link", follow=True))
    assert rows() == before


@pytest.mark.parametrize("role", [Role.MEMBER, Role.BILLING])
def test_who_is_no_owner_has_nothing_sent_again(
    organisation: Provider, provider_user: User, customer: User, stranger_client: Client, role: Role
) -> None:
    method, _secret = added(organisation, provider_user)
    browser, before = seated(customer, organisation, role), rows()
    assert "Send the link again" not in text(browser.get(page_of(method)))
    assert "Only an owner" in text(browser.post(f"{page_of(method)}/link", follow=True))
    assert stranger_client.post(f"{page_of(method)}/link").status_code == 404
    assert browser.get(f"{page_of(method)}/link").status_code == 405
    assert rows() == before
