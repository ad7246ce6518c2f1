"""The machine door of the console: for staff's tokens only, each call once, and every refusal a problem."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import ApiToken, User
from accounts.queries import personal_account
from accounts.services import create_token
from accounts.states import Scope
from core import clock
from payouts.models import Payout, PayoutItem
from payouts.services.payout import approve_payout, propose_payout
from payouts.services.release import release_contract
from payouts.states import Hold, PayoutState
from providers.models import Provider
from tests.cast import browser_of
from tests.machines import all_but, machine, problem
from tests.payouts.console.conftest import LATER, everything, payable, released
from tests.walk import Walk, dispute, offered_by

pytestmark = pytest.mark.django_db

RELEASES, PAYOUTS = "/api/v1/admin/payment-releases", "/api/v1/admin/payouts"


@pytest.fixture(autouse=True)
def at_later() -> Iterator[None]:
    """All calls come at LATER."""
    with clock.at(LATER):
        yield


@pytest.fixture
def door(staff: User) -> APIClient:
    return machine(staff, Scope.PAYOUTS_READ, Scope.PAYOUTS_WRITE)


def body(provider: Provider, **more: object) -> dict[str, object]:
    return {"provider": provider.slug, "currency": "EUR", "amount_minor": payable(provider), **more}


@pytest.fixture
def said(ready: Provider) -> dict[str, object]:
    """That the approved payout is paid."""
    return body(ready, reference="NBK-1", paid_at=LATER.isoformat())


@pytest.fixture
def approved(ready: Provider, staff: User, colleague: User) -> Payout:
    return approve_payout(propose_payout(ready.pk, "EUR", staff).pk, colleague)


# Who --------------------------------------------------------------------------------------------------------------------------


def test_calls_are_for_staff_with_the_scope(
    ready: Provider, staff: User, staff_client: Client, customer: User, provider_user: User, api: APIClient
) -> None:
    for call, scope in (
        (lambda caller: caller.get(RELEASES), Scope.PAYOUTS_READ),
        (lambda caller: caller.get(f"{PAYOUTS}/{uuid4()}"), Scope.PAYOUTS_READ),
        (lambda caller: caller.post(PAYOUTS, json.dumps(body(ready)), content_type="application/json"), Scope.PAYOUTS_WRITE),
    ):
        problem(call(api), 401)
        problem(call(all_but(staff, scope)), 403)
        for user in (customer, provider_user):
            problem(call(machine(user)), 403)
            problem(call(browser_of(user)), 403)
        # A password alone opens nothing.
        problem(call(browser_of(staff)), 403)
        assert not Payout.objects.exists()
    assert staff_client.get(RELEASES).status_code == 200


def test_a_token_opens_nothing_when_its_owner_is_no_staff_any_more(ready: Provider, staff: User, door: APIClient) -> None:
    assert door.get(RELEASES).status_code == 200
    User.objects.filter(pk=staff.pk).update(is_staff=False)
    problem(door.get(RELEASES), 403)
    problem(door.post(PAYOUTS, body(ready)), 403)
    assert not Payout.objects.exists()


def test_staff_without_the_right_reads_and_writes_nothing(ready: Provider, staff: User, door: APIClient) -> None:
    User.objects.filter(pk=staff.pk).update(is_superuser=False)
    problem(door.get(RELEASES), 403)
    problem(door.post(PAYOUTS, body(ready)), 403)


def test_a_token_of_old_with_the_scope_is_checked_at_use(ready: Provider, customer: User) -> None:
    token, secret = create_token(customer, personal_account(customer), "old", [Scope.BILLING_READ], None)
    ApiToken.objects.filter(pk=token.pk).update(scopes=[Scope.PAYOUTS_READ])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    problem(client.get(RELEASES), 403)


# Read -------------------------------------------------------------------------------------------------------------------------


def test_pending_releases_are_listed_with_their_hold(ready: Provider, door: APIClient, walk: Walk) -> None:
    (row,) = door.get(RELEASES).json()["results"]
    owed = payable(ready)
    assert row == {
        "provider": "quietstack",
        "provider_name": "Quietstack",
        "currency": "EUR",
        "count": 2,
        "released_minor": owed,
        "recovered_minor": 0,
        "payable_minor": owed,
        "held_minor": 0,
        "method_kind": "bank",
        "hold": None,
    }
    dispute(walk.contract)
    assert door.get(RELEASES).json()["results"][0]["hold"] == Hold.DISPUTED


def test_list_is_cut_into_pages(ready: Provider, walk: Walk, provider_user: User, door: APIClient) -> None:
    for code in ("USD", "GBP"):
        other = Walk(walk.customer, offered_by(provider_user, name=f"VPS in {code}", currency=code)).running()
        release_contract(other.contract.pk, LATER)
    seen, url = [], f"{RELEASES}?limit=1"
    while url:
        page = door.get(url).json()
        seen += [row["currency"] for row in page["results"]]
        last, url = page, page["next"]
    assert seen == ["EUR", "GBP", "USD"]
    assert [row["currency"] for row in door.get(last["previous"]).json()["results"]] == ["GBP"]
    problem(door.get(f"{RELEASES}?after=x"), 422)


# Propose ----------------------------------------------------------------------------------------------------------------------


def test_what_was_read_is_proposed_once_per_key(ready: Provider, door: APIClient, staff: User) -> None:
    answers = [door.post(PAYOUTS, body(ready), headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    payout = Payout.objects.get()
    assert (answers[0].json()["id"], answers[0].json()["state"]) == (str(payout.public_id), "proposed")
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert (payout.amount_minor, payout.proposed_by) == (payable(ready), staff)
    assert door.get(answers[0]["Location"]).json() == answers[0].json()
    problem(door.post(PAYOUTS, body(ready)), 409, Hold.OPEN_PAYOUT)


@pytest.mark.parametrize(
    ("wrong", "status", "code", "pointer"),
    [
        ({"amount_minor": 1}, 409, "amount_changed", None),
        ({"amount_minor": -5}, 422, "", "/amount_minor"),
        ({"amount_minor": 0}, 422, "", "/amount_minor"),
        ({"amount_minor": 10**12}, 422, "", "/amount_minor"),
        ({"amount_minor": None}, 422, "", "/amount_minor"),
        ({"provider": "nobody"}, 422, "no_provider", "/provider"),
        ({"currency": "XXX"}, 422, "", "/currency"),
        ({"currency": "USD"}, 409, "nothing_pending", None),
        ({"reference": "NBK-1"}, 422, "", "/paid_at"),
        ({"paid_at": "2026-03-02T10:00:00Z"}, 422, "", "/reference"),
        ({"reference": "NBK-1", "paid_at": "2026-03-22T09:30:00Z"}, 409, "no_payout", None),
    ],
)
def test_what_cannot_be_proposed_is_a_problem(
    ready: Provider, door: APIClient, wrong: dict[str, object], status: int, code: str, pointer: str | None
) -> None:
    before = everything()
    answer = problem(door.post(PAYOUTS, {**body(ready), **wrong}), status, code, pointer)
    assert everything() == before
    if code == "amount_changed":
        assert answer["data"] == {"amount_minor": payable(ready), "currency": "EUR"}


def test_a_hold_is_a_problem_with_its_name(ready: Provider, door: APIClient, walk: Walk) -> None:
    dispute(walk.contract)
    problem(door.post(PAYOUTS, body(ready)), 409, Hold.DISPUTED)
    assert not Payout.objects.exists()


# Mark as paid -----------------------------------------------------------------------------------------------------------------


def test_approved_payout_is_marked_as_paid(approved: Payout, door: APIClient, said: dict[str, object]) -> None:
    answer = door.post(PAYOUTS, {**said, "fee_minor": 15})
    assert (answer.status_code, answer.json()["state"], answer.json()["fee_minor"]) == (200, "settled", 15)
    assert Payout.objects.get().reference == "NBK-1"
    problem(door.post(PAYOUTS, said), 409, "paid")
    problem(door.post(PAYOUTS, {**said, "reference": "NBK-2"}), 409, "no_payout")


def test_a_proposed_payout_needs_its_approval_first(ready: Provider, staff: User, door: APIClient, said: dict[str, object]) -> None:
    propose_payout(ready.pk, "EUR", staff)
    before = everything()
    problem(door.post(PAYOUTS, said), 409, "needs_approval")
    assert everything() == before


@pytest.mark.parametrize(
    ("wrong", "code", "pointer"),
    [
        ({"paid_at": (LATER + timedelta(hours=1)).isoformat()}, "paid_at", "/paid_at"),
        ({"paid_at": (LATER - timedelta(days=1)).isoformat()}, "paid_at", "/paid_at"),
        ({"fee_minor": 10**9}, "bad_fee", "/fee_minor"),
        ({"paid_currency": "ICP", "paid_units": "5"}, "no_token", "/paid_currency"),
        ({"paid_units": "1.5"}, "", "/paid_units"),
        ({"reference": "   "}, "", "/reference"),
    ],
)
def test_what_cannot_have_been_paid_is_a_problem(
    approved: Payout, door: APIClient, said: dict[str, object], wrong: dict[str, object], code: str, pointer: str
) -> None:
    before = everything()
    problem(door.post(PAYOUTS, {**said, **wrong}), 422, code, pointer)
    assert everything() == before


def test_a_used_reference_is_a_problem(
    approved: Payout, door: APIClient, said: dict[str, object], walk: Walk, staff: User, colleague: User
) -> None:
    assert door.post(PAYOUTS, said).status_code == 200
    released(walk, 20)
    second = approve_payout(propose_payout(approved.provider_id, "EUR", staff).pk, colleague)
    again = {**said, "amount_minor": second.amount_minor}
    problem(door.post(PAYOUTS, again), 422, "reference_used", "/reference")
    assert Payout.objects.get(pk=second.pk).state == PayoutState.APPROVED
    assert PayoutItem.objects.filter(undone_at=None).count() == 3
