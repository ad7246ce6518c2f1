"""The machine door of payout methods: what a token reads, and that it changes nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import create_token
from accounts.states import STAFF_SCOPES, Scope
from core import clock
from payouts.models import PayoutMethod
from payouts.services.method import remove_method
from providers.models import Provider
from providers.services import become_provider
from tests.payouts.method_people import IBAN, ON_BASE, OTHER_BANK, added, confirmed

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PATH = "/api/v1/provider/payout-methods"


@pytest.fixture(autouse=True)
def noon(db: None) -> Any:
    with clock.at(NOON):
        yield


@pytest.fixture
def provider(provider_user: User) -> Provider:
    return become_provider(provider_user.own_account, name="Quietstack", country="DE")


def machine(user: User, *scopes: Scope) -> APIClient:
    _token, secret = create_token(user, user.own_account, "ci", scopes, None)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_token_reads_every_method_shortened(provider: Provider, provider_user: User) -> None:
    remove_method(confirmed(provider, provider_user).pk, provider_user)
    held = confirmed(provider, provider_user, ON_BASE, "USD")
    added(provider, provider_user, OTHER_BANK)
    with clock.at(NOON + timedelta(hours=23)):
        answer = machine(provider_user, Scope.PROVIDER_READ).get(PATH)
    found = answer.json()["results"]
    assert [(row["currency"], row["kind"], row["place"], row["network"], row["state"]) for row in found] == [
        ("EUR", "bank", "NL … 4300", "", "waiting"),
        ("USD", "evm", "0x5aAe … eAed", "base", "held"),
        ("EUR", "bank", "DE … 3000", "", "removed"),
    ]
    assert found[1]["id"] == str(held.public_id)
    assert found[1]["usable_at"] == "2026-11-21T12:00:00Z"
    assert IBAN not in answer.content.decode()


def test_nobody_reads_those_of_others(provider: Provider, provider_user: User, customer: User, stranger: User, staff: User) -> None:
    confirmed(provider, provider_user)
    become_provider(stranger.own_account, name="Otherstack", country="DE")
    for other in (customer, stranger, staff):
        assert machine(other, Scope.PROVIDER_READ).get(PATH).json()["results"] == []
    assert APIClient().get(PATH).status_code == 401


def test_another_scope_does_not_do(provider: Provider, provider_user: User) -> None:
    assert machine(provider_user, Scope.PROVIDER_WRITE, Scope.BILLING_READ).get(PATH).status_code == 403


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_no_token_writes(provider: Provider, provider_user: User, method: str) -> None:
    answer = getattr(machine(provider_user, *(set(Scope) - STAFF_SCOPES)), method)(
        PATH, {"currency": "EUR", "kind": "bank", "iban": IBAN}
    )
    assert answer.status_code in (403, 405)
    assert not PayoutMethod.objects.exists()


def test_pages_ask_the_same_number_of_queries(
    provider: Provider, provider_user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = machine(provider_user, Scope.PROVIDER_READ)
    client.get(PATH)
    with django_assert_num_queries(4):
        client.get(PATH)
    for currency in ("EUR", "USD", "CHF"):
        confirmed(provider, provider_user, ON_BASE, currency)
    with django_assert_num_queries(4):
        assert len(client.get(PATH, {"limit": 2}).json()["results"]) == 2
