"""An account at Stripe becomes a place to be paid when Stripe lets it be paid and an owner has confirmed it, both."""

from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from core import clock
from core.errors import Refused
from payouts.models import PayoutMethod, StripeAccount
from payouts.queries import method_in_use
from payouts.services.connecting import connect
from payouts.services.method import new_link
from providers.models import Offering, Provider
from providers.services import become_provider
from tests.cast import browser_of
from tests.payouts.method_people import prove, proving_browser_of, with_app
from tests.races import at_once, killed_after
from tests.stripe_standin import Standin
from tests.stripe_standin import connect as at_stripe

pytestmark = pytest.mark.django_db

CONNECT = "/dashboard/provider/payout-methods/stripe"


@pytest.fixture(autouse=True)
def shop(stripe: Standin) -> None:
    """Accounts are opened without anything in them."""
    cache.clear()
    stripe.account.habits.accounts_begin_ready = False


@pytest.fixture
def provider(offering: Offering) -> Provider:
    return offering.provider


@pytest.fixture
def owners(provider: Provider, provider_user: User) -> Client:
    """The owner's, with a second factor shown just now."""
    with_app(provider_user)
    return proving_browser_of(provider_user)


def test_the_way_to_stripe_and_back_and_the_mailed_link(
    stripe: Standin, owners: Client, provider: Provider, provider_user: User
) -> None:
    assert "An account at Stripe" in owners.get(reverse("payout_methods")).content.decode()
    assert owners.get(CONNECT).status_code == 200
    answer = owners.post(CONNECT, {"currency": "EUR"})
    method = PayoutMethod.objects.get()
    assert answer["Location"] == reverse("payout_method", args=[method.public_id])
    (account,) = stripe.account.all("acct")
    assert (method.kind, method.address, account["country"], account["type"]) == ("stripe", account["id"], "DE", "express")
    page = owners.get(answer["Location"]).content.decode()
    there = reverse("payout_method_continue", args=[method.public_id])
    assert there in page
    at = owners.get(there)
    assert (at.status_code, at["Location"].startswith(f"{stripe.base}/setup/")) == (302, True)
    back = reverse("payout_method_back", args=[method.public_id])
    assert "still asks" in owners.get(back, follow=True).content.decode()
    confirm = reverse("payout_method_confirm", args=[new_link(method.pk)])
    prove(owners, provider_user)
    assert owners.get(confirm).status_code == 200
    assert owners.post(confirm).status_code == 409
    assert method_in_use(provider.pk, "EUR") is None
    at_stripe.set_up(stripe.account, account["id"])
    cache.clear()
    assert "is content" in owners.get(back, follow=True).content.decode()
    assert method_in_use(provider.pk, "EUR") is None
    assert owners.post(confirm).status_code == 303
    assert method_in_use(provider.pk, "EUR") == method


def test_a_provider_has_one_account_however_often_it_begins(stripe: Standin, provider: Provider, provider_user: User) -> None:
    first = connect(provider, provider_user, "EUR")
    assert connect(provider, provider_user, "EUR") == first
    assert connect(provider, provider_user, "USD").address == first.address
    assert len(stripe.account.all("acct")) == 1


def test_a_lost_answer_opens_no_second_account(stripe: Standin, provider: Provider, provider_user: User) -> None:
    stripe.api.drops["POST /v1/accounts"] = 1
    connect(provider, provider_user, "EUR")
    assert len(stripe.account.all("acct")) == 1


def test_an_answer_lost_for_days_is_found_by_our_mark(stripe: Standin, provider: Provider, provider_user: User) -> None:
    stripe.api.drops["POST /v1/accounts"] = 3
    with pytest.raises(Refused) as refused:
        connect(provider, provider_user, "EUR")
    assert (refused.value.code, StripeAccount.objects.get().external_id) == ("gateway_silent", "")
    assert not PayoutMethod.objects.exists()
    # Keys are forgotten after a day.
    stripe.api.answered.clear()
    with clock.at(clock.now() + timedelta(days=2)):
        method = connect(provider, provider_user, "EUR")
    (account,) = stripe.account.all("acct")
    assert method.address == account["id"] == StripeAccount.objects.get().external_id


def test_an_account_of_somebody_else_is_not_taken_for_ours(
    stripe: Standin, provider: Provider, provider_user: User, stranger: User
) -> None:
    theirs = at_stripe.create_account(stripe.account, {"type": "express", "country": "DE"})
    other = become_provider(stranger.own_account, name="Otherstack", country="DE")
    addresses = {connect(provider, provider_user, "EUR").address, connect(other, stranger, "EUR").address, theirs["id"]}
    assert addresses == {account["id"] for account in stripe.account.all("acct")}
    assert len(addresses) == 3


def test_what_stripe_refuses_is_asked_anew(stripe: Standin, owners: Client, provider: Provider) -> None:
    stripe.account.habits.refused_countries = {"DE"}
    answer = owners.post(CONNECT, {"currency": "EUR"})
    assert (answer.status_code, "opens no account for you" in answer.content.decode()) == (422, True)
    assert (StripeAccount.objects.exists(), PayoutMethod.objects.exists(), stripe.account.all("acct")) == (False, False, [])
    provider.legal_country = "NL"
    provider.save()
    owners.post(CONNECT, {"currency": "EUR"})
    (account,) = stripe.account.all("acct")
    assert (account["country"], PayoutMethod.objects.get().address) == ("NL", account["id"])


def test_who_looks_again_and_again_asks_stripe_once(
    stripe: Standin, owners: Client, provider: Provider, provider_user: User
) -> None:
    method = connect(provider, provider_user, "EUR")
    at_stripe.set_up(stripe.account, method.address)
    back, asked = reverse("payout_method_back", args=[method.public_id]), len(stripe.api.requests)
    assert "is content" in owners.get(back, follow=True).content.decode()
    for _time in range(3):
        answer = owners.get(back, follow=True)
        assert answer.redirect_chain == [(reverse("payout_method", args=[method.public_id]), 303)]
        page = answer.content.decode()
        assert ("asked about the account just now" in page, "is content" in page) == (True, False)
    assert len(stripe.api.requests) == asked + 1
    cache.clear()
    assert "is content" in owners.get(back, follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_four_clicks_at_once_are_one_account(stripe: Standin, provider: Provider, provider_user: User) -> None:
    def click(_number: int) -> None:
        with suppress(Refused):
            connect(provider, provider_user, "EUR")

    at_once(4, click)
    method = connect(provider, provider_user, "EUR")
    (account,) = stripe.account.all("acct")
    assert {one.address for one in PayoutMethod.objects.all()} == {method.address} == {account["id"]}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(3))
def test_who_is_killed_at_whatever_line_opens_one_account(
    stripe: Standin, provider: Provider, provider_user: User, seed: int
) -> None:
    random = Random(seed)
    stripe.api.drops["POST /v1/accounts"] = seed
    while killed_after(random.uniform(0.002, 0.15), lambda: connect(provider, provider_user, "EUR")):
        stripe.api.answered.clear()
    method = connect(provider, provider_user, "EUR")
    (account,) = stripe.account.all("acct")
    assert (method.address, StripeAccount.objects.get().external_id) == (account["id"], account["id"])


def test_silence_of_stripe_is_a_sentence_and_nothing_is_kept(stripe: Standin, owners: Client) -> None:
    stripe.api.failures["POST /v1/accounts"] = [500, 500, 500]
    answer = owners.post(CONNECT, {"currency": "EUR"})
    assert (answer.status_code, "does not answer" in answer.content.decode()) == (422, True)
    assert not PayoutMethod.objects.exists()


def test_silence_on_the_way_there_and_back_leads_to_the_page_of_the_place(
    stripe: Standin, owners: Client, provider: Provider, provider_user: User
) -> None:
    method = connect(provider, provider_user, "EUR")
    stripe.api.failures["POST /v1/account_links"] = [500, 500, 500]
    stripe.api.failures[f"GET /v1/accounts/{method.address}"] = [500, 500, 500]
    for name in ("payout_method_continue", "payout_method_back"):
        answer = owners.get(reverse(name, args=[method.public_id]))
        assert answer["Location"] == reverse("payout_method", args=[method.public_id])


def test_switched_off_there_is_no_such_page(owners: Client, settings: Settings) -> None:
    settings.STRIPE_CONNECT = False
    assert owners.get(CONNECT).status_code == 404
    assert "An account at Stripe" not in owners.get(reverse("payout_methods")).content.decode()


def test_only_an_owner_with_a_second_factor_goes_to_stripe(
    stripe: Standin, provider: Provider, provider_user: User, customer: User, stranger: User
) -> None:
    method = connect(provider, provider_user, "EUR")
    asked = len(stripe.api.requests)
    for name in ("payout_method_continue", "payout_method_back"):
        address = reverse(name, args=[method.public_id])
        assert Client().get(address).status_code == 302
        assert browser_of(stranger).get(address).status_code == 404
        assert browser_of(customer).get(address).status_code == 404
    with_app(provider_user)
    answer = browser_of(provider_user).get(reverse("payout_method_continue", args=[method.public_id]))
    assert not answer["Location"].startswith(stripe.base)
    answer = browser_of(provider_user).post(CONNECT, {"currency": "USD"})
    assert answer.status_code == 302
    assert (len(stripe.api.requests), PayoutMethod.objects.count()) == (asked, 1)
