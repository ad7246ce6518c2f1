"""Rentals by machine: the list, one rental, its history and the customer's own moves, for everybody who may ask and who may not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import Membership, User
from accounts.services import create_organisation
from accounts.states import Role, Scope
from billing.models import Charge
from contracts.models import Contract, Move, Settlement
from contracts.states import State
from core import clock
from core.models import DomainEvent
from providers.models import Offering
from tests import walk
from tests.machines import all_but, machine, problem

pytestmark = pytest.mark.django_db

URL = "/api/v1/contracts"
SOON = walk.START + timedelta(hours=2)
Rented = Callable[..., Contract]


def footprint() -> list[Any]:
    """All that a move would leave behind."""
    return [
        list(Contract.objects.order_by("pk").values()),
        Move.objects.count(),
        Settlement.objects.count(),
        Charge.objects.count(),
        DomainEvent.objects.filter(subject__startswith="contract:").count(),
    ]


def calls(reference: str) -> list[tuple[str, str, Scope]]:
    one = f"{URL}/{reference}"
    return [
        ("get", one, Scope.CONTRACTS_READ),
        ("get", f"{one}/timeline", Scope.CONTRACTS_READ),
        ("get", f"{one}/cancel-preview", Scope.CONTRACTS_READ),
        ("post", f"{one}/confirm", Scope.CONTRACTS_WRITE),
        ("post", f"{one}/cancel", Scope.CONTRACTS_WRITE),
        ("post", f"{one}/extend", Scope.CONTRACTS_WRITE),
    ]


# --- Who may ask


def test_nobody_gets_401_for_every_call(api: APIClient, rented: Rented) -> None:
    contract = rented("provisioned")
    before = footprint()
    for method, path, _scope in [("get", URL, None), ("post", URL, None), *calls(contract.reference)]:
        problem(getattr(api, method)(path, {"hours": 720}), 401)
    assert footprint() == before


def test_rental_is_a_404_for_provider_stranger_and_staff(rented: Rented, provider_user: User, stranger: User, staff: User) -> None:
    contract = rented("provisioned")
    before = footprint()
    for user in (provider_user, stranger, staff):
        client = machine(user)
        assert client.get(URL).json()["results"] == []
        for method, path, _scope in calls(contract.reference):
            foreign = problem(getattr(client, method)(path, {"hours": 720}), 404)
            missing = getattr(client, method)(path.replace(contract.reference, "7Q4M-2KXP"), {"hours": 720}).json()
            assert foreign == missing
    assert footprint() == before


def test_each_call_needs_its_own_scope(customer: User, rented: Rented) -> None:
    contract = rented("provisioned")
    before = footprint()
    with clock.at(SOON):
        for method, path, scope in [("get", URL, Scope.CONTRACTS_READ), *calls(contract.reference)]:
            refused = problem(getattr(all_but(customer, scope), method)(path, {"hours": 720}), 403)
            assert scope.value in refused["detail"]
        assert footprint() == before
        for method, path, scope in [("get", URL, Scope.CONTRACTS_READ), *calls(contract.reference)[:4]]:
            assert getattr(machine(customer, scope), method)(path).status_code == 200, path


def test_browser_reads_and_needs_the_forgery_token_to_write(customer: User, rented: Rented) -> None:
    contract = rented("provisioned")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(customer)
    assert browser.get(f"{URL}/{contract.reference}").status_code == 200
    before = footprint()
    problem(browser.post(f"{URL}/{contract.reference}/confirm", content_type="application/json"), 403)
    assert footprint() == before


def test_billing_member_reads_and_moves_nothing(customer: User, stranger: User, offering: Offering) -> None:
    organisation = create_organisation(customer, "Papierboot GmbH")
    Membership.objects.create(user=stranger, account=organisation, role=Role.BILLING)
    contract = walk.rented("provisioned", customer, offering, account=organisation)
    client = machine(stranger, account=organisation)
    assert [row["reference"] for row in client.get(URL).json()["results"]] == [contract.reference]
    before = footprint()
    for move in ("confirm", "cancel", "extend"):
        problem(client.post(f"{URL}/{contract.reference}/{move}", {"hours": 720}), 409, "role")
    assert footprint() == before


# --- The list


def test_list_comes_in_pages_with_links(customer: User, offering: Offering) -> None:
    made = [walk.rented("unpaid", customer, offering, walk.START + timedelta(minutes=n)).reference for n in range(5)]
    client = machine(customer)
    first = client.get(URL, {"limit": 2})
    assert [row["reference"] for row in first.json()["results"]] == made[:2:-1]
    assert first.json()["previous"] is None
    assert first["Link"] == f'<{first.json()["next"]}>; rel="next"'
    second = client.get(first.json()["next"])
    assert [row["reference"] for row in second.json()["results"]] == made[2:0:-1]
    assert {part.rsplit("; ", 1)[1] for part in second["Link"].split(", ")} == {'rel="first"', 'rel="next"', 'rel="prev"'}
    third = client.get(second.json()["next"])
    assert [row["reference"] for row in third.json()["results"]] == made[:1]
    assert third.json()["next"] is None
    back = client.get(second.json()["previous"])
    assert back.json()["results"] == first.json()["results"]


def test_list_is_narrowed_by_state(customer: User, rented: Rented) -> None:
    rented("unpaid")
    active = rented("active")
    client = machine(customer)
    assert [row["reference"] for row in client.get(URL, {"state": "active"}).json()["results"]] == [active.reference]
    answer = problem(client.get(URL, {"state": "asleep"}), 422)
    assert [error["parameter"] for error in answer["errors"]] == ["state"]


@pytest.mark.parametrize("query", [{"after": "nonsense"}, {"before": "e30="}, {"limit": "0"}, {"limit": "101"}, {"limit": "x"}])
def test_unusable_parameters_are_422_and_named(customer: User, query: dict[str, str]) -> None:
    answer = problem(machine(customer).get(URL, query), 422)
    assert [error["parameter"] for error in answer["errors"]] == list(query)


def test_queries_are_few_and_do_not_grow(customer: User, rented: Rented, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client = machine(customer)
    contract = rented("active")
    with clock.at(SOON):
        client.get(URL)
        with django_assert_num_queries(3):
            assert len(client.get(URL).json()["results"]) == 1
    for way in ("unpaid", "requested", "provisioned", "cancelled"):
        rented(way)
    with clock.at(SOON):
        with django_assert_num_queries(3):
            assert len(client.get(URL).json()["results"]) == 5
        with django_assert_num_queries(6):
            client.get(f"{URL}/{contract.reference}")
        with CaptureQueriesContext(
            connection,
        ) as few:
            client.get(f"{URL}/{contract.reference}/timeline", {"limit": 1})
        with CaptureQueriesContext(connection) as many:
            client.get(f"{URL}/{contract.reference}/timeline")
    assert len(few) == len(many) == 7


# --- One rental


def test_rental_is_told_with_its_terms_its_money_and_how_to_connect(customer: User, rented: Rented) -> None:
    contract = rented("active")
    with clock.at(SOON):
        body = machine(customer).get(f"{URL}/{contract.reference.lower()}").json()
    assert (body["reference"], body["state"], body["hours"]) == (contract.reference, "active", 720)
    assert (body["currency"], body["rent_minor"], body["setup_fee_minor"], body["net_minor"]) == ("EUR", 3840, 1000, 4840)
    assert body["delivery"]["ipv4"] == "203.0.113.48"
    assert body["terms"]["operating_systems"] == ["Debian 13"]
    assert [segment["net_minor"] for segment in body["segments"]] == [4840]
    assert body["moves"] == ["cancel", "extend"]
    assert datetime.fromisoformat(body["ends_at"]) == contract.ends_at


def test_undelivered_rental_has_no_delivery(customer: User, rented: Rented) -> None:
    contract = rented("unpaid")
    with clock.at(walk.START):
        body = machine(customer).get(f"{URL}/{contract.reference}").json()
    assert body["delivery"] is None
    assert body["moves"] == ["cancel", "pay"]


def test_timeline_tells_each_move_newest_first(customer: User, rented: Rented) -> None:
    contract = rented("active")
    client = machine(customer)
    rows = client.get(f"{URL}/{contract.reference}/timeline").json()["results"]
    assert [row["to_state"] for row in rows] == ["active", "provisioned", "provisioning", "accepted", "requested"]
    assert rows[-1]["from_state"] == ""
    assert rows[0]["actor_kind"] == "customer"
    page = client.get(f"{URL}/{contract.reference}/timeline", {"limit": 4})
    assert 'rel="next"' in page["Link"]
    assert client.get(page.json()["next"]).json()["results"] == rows[4:]


@pytest.mark.parametrize("reference", ["x", "7Q4M2KXP", "7Q4M-2KXP-AAAA", "%F0%9F%A6%86", "0" * 3000, "../tokens"])
def test_what_is_no_reference_is_a_404(customer: User, reference: str) -> None:
    problem(machine(customer).get(f"{URL}/{reference}"), 404)


def test_nul_byte_in_the_address_is_a_400(customer: User) -> None:
    problem(machine(customer).get(f"{URL}/%00"), 400)


# --- Moves


def test_delivery_is_confirmed_once(customer: User, rented: Rented) -> None:
    contract = rented("provisioned")
    client = machine(customer)
    with clock.at(SOON):
        answer = client.post(f"{URL}/{contract.reference}/confirm")
        assert (answer.status_code, answer.json()["state"]) == (200, "active")
        before = footprint()
        problem(client.post(f"{URL}/{contract.reference}/confirm"), 409, "not_possible")
    assert footprint() == before


def test_confirming_again_with_the_same_key_answers_the_same(customer: User, rented: Rented) -> None:
    contract = rented("provisioned")
    client = machine(customer)
    with clock.at(SOON):
        first = client.post(f"{URL}/{contract.reference}/confirm", headers={"Idempotency-Key": "once"})
        again = client.post(f"{URL}/{contract.reference}/confirm", headers={"Idempotency-Key": "once"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert Move.objects.filter(contract=contract, to_state=State.ACTIVE).count() == 1


def test_cancelling_gives_back_what_the_preview_said(customer: User, rented: Rented) -> None:
    contract = rented("active")
    client = machine(customer)
    with clock.at(walk.START + timedelta(days=10)):
        preview = client.get(f"{URL}/{contract.reference}/cancel-preview").json()
        body = {"reason": "moving", "expected_refund_minor": preview["refund_net_minor"]}
        answer = client.post(f"{URL}/{contract.reference}/cancel", body)
    assert (answer.status_code, answer.json()["state"], answer.json()["end_reason"]) == (200, "cancelled", "moving")
    assert 0 < preview["refund_net_minor"] < 3840
    assert preview["refund_gross_minor"] == preview["refund_net_minor"] + preview["refund_tax_minor"]
    assert Settlement.objects.get(segment__contract=contract).refund_minor == preview["refund_net_minor"]


def test_cancelling_is_refused_when_less_than_expected_would_come_back(customer: User, rented: Rented) -> None:
    contract = rented("active")
    client = machine(customer)
    with clock.at(walk.START + timedelta(days=10)):
        preview = client.get(f"{URL}/{contract.reference}/cancel-preview").json()
    before = footprint()
    with clock.at(walk.START + timedelta(days=11)):
        body = {"expected_refund_minor": preview["refund_net_minor"]}
        refused = problem(client.post(f"{URL}/{contract.reference}/cancel", body), 409, "preview_changed")
        assert footprint() == before
        body = {"expected_refund_minor": refused["data"]["refund_minor"]}
        assert client.post(f"{URL}/{contract.reference}/cancel", body).json()["state"] == "cancelled"
    assert Settlement.objects.get(segment__contract=contract).refund_minor == refused["data"]["refund_minor"]


@pytest.mark.parametrize("way", ["cancelled", "rejected", "expired_unpaid", "provisioning_failed"])
def test_ended_rental_takes_no_move_and_has_no_preview(customer: User, rented: Rented, way: str) -> None:
    contract = rented(way)
    client = machine(customer)
    before = footprint()
    with clock.at(walk.START + timedelta(days=6)):
        for move in ("confirm", "cancel", "extend"):
            problem(client.post(f"{URL}/{contract.reference}/{move}", {"hours": 720}), 409, "not_possible")
        problem(client.get(f"{URL}/{contract.reference}/cancel-preview"), 409, "not_possible")
    assert footprint() == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"expected_refund_minor": -1}, "/expected_refund_minor"),
        ({"expected_refund_minor": 10**30}, "/expected_refund_minor"),
        ({"expected_refund_minor": "much"}, "/expected_refund_minor"),
        ({"expected_refund_minor": [1]}, "/expected_refund_minor"),
        ({"reason": "x" * 501}, "/reason"),
        ({"reason": "x" * 1_000_000}, "/reason"),
        ({"reason": "a\x00b"}, "/reason"),
        ({"reason": {"a": 1}}, "/reason"),
    ],
)
def test_unusable_member_is_422_and_cancels_nothing(customer: User, rented: Rented, body: dict[str, Any], pointer: str) -> None:
    contract = rented("active")
    before = footprint()
    with clock.at(SOON):
        problem(machine(customer).post(f"{URL}/{contract.reference}/cancel", body), 422, "invalid_input", pointer)
    assert footprint() == before


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"expected_refund_minor": Infinity}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'"text"', "application/json", 422),
        (b"reason=x", "application/x-www-form-urlencoded", 415),
        (b"\xff\xfe", "application/json", 400),
        (b" " * 3_000_000, "application/json", 413),
    ],
)
def test_body_that_is_no_json_object_cancels_nothing(
    customer: User, rented: Rented, content: bytes, content_type: str, status: int
) -> None:
    contract = rented("active")
    before = footprint()
    with clock.at(SOON):
        for headers in ({}, {"Idempotency-Key": "k"}):
            path = f"{URL}/{contract.reference}/cancel"
            problem(machine(customer).generic("POST", path, content, content_type, headers=headers), status)
    assert footprint() == before
