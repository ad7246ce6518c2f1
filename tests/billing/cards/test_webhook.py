"""The door of Stripe's events: what Stripe has not signed within five minutes leaves no trace."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from billing.models import Payment
from billing.webhooks import STRIPE_MAX_BYTES
from core import clock
from core.models import WebhookEvent
from core.tasks import drain
from tests.billing.cards.conftest import WEBHOOK, fresh, send_again
from tests.standin_server import signature
from tests.stripe_standin import Standin
from tests.stripe_standin.server import WEBHOOK_SECRET

pytestmark = pytest.mark.django_db

EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "checkout.session.completed",
    "created": 1_700_000_000,
    "livemode": False,
    "api_version": "2026-10-28.endive",
    "data": {"object": {"id": "cs_test_1", "object": "checkout.session", "customer_details": {"email": "cora@example.com"}}},
}


def body_of(event: Any) -> bytes:
    return json.dumps(event).encode()


def header_of(body: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> str:
    return signature(body, int(clock.now().timestamp()) - age, secret)


def send(body: bytes, header: str) -> Any:
    client = Client(enforce_csrf_checks=True)
    return client.generic("POST", WEBHOOK, body, content_type="application/json", headers={"Stripe-Signature": header})


def assert_refused(body: bytes, header: str) -> None:
    answer = send(body, header)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not WebhookEvent.objects.exists()


def test_a_signed_event_is_stored_without_the_customer_s_data(stripe: Standin) -> None:
    body = body_of(EVENT)
    assert send(body, header_of(body)).status_code == 200
    event = WebhookEvent.objects.get()
    assert (event.source, event.external_id, event.kind) == ("stripe", "evt_1", "checkout.session.completed")
    assert event.payload["object_id"] == "cs_test_1"
    assert "cora@example.com" not in json.dumps(event.payload)


def test_a_repeat_is_answered_and_stored_once(stripe: Standin) -> None:
    for age in (0, 3, 5):
        body = body_of(EVENT)
        assert send(body, header_of(body, age=age)).status_code == 200
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize("about", [{"object": "balance"}, {"id": "py_1"}, {"id": None}])
def test_a_kind_that_nobody_knows_is_stored_and_done(about: dict[str, Any], stripe: Standin) -> None:
    body = body_of(EVENT | {"type": "balance.available", "data": {"object": about}})
    assert send(body, header_of(body)).status_code == 200
    drain()
    assert WebhookEvent.objects.get().state == "done"


@pytest.mark.parametrize("secret", ["whsec_newer", WEBHOOK_SECRET])
def test_each_secret_verifies_while_they_change(secret: str, stripe: Standin) -> None:
    body = body_of(EVENT)
    assert send(body, header_of(body, secret=secret)).status_code == 200


@pytest.mark.parametrize("secret", ["", "whsec", WEBHOOK_SECRET.upper(), "sk_test_standin"])
def test_another_secret_is_refused(secret: str, stripe: Standin) -> None:
    body = body_of(EVENT)
    assert_refused(body, header_of(body, secret=secret))


def test_an_empty_secret_among_ours_opens_no_door(stripe: Standin, settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["", " "]
    body = body_of(EVENT)
    for secret in ("", " "):
        assert_refused(body, header_of(body, secret=secret))


def test_one_changed_byte_is_refused(stripe: Standin) -> None:
    header = header_of(body_of(EVENT))
    assert_refused(body_of(EVENT | {"id": "evt_2"}), header)


@pytest.mark.parametrize("age", [301, 3600, -301, -86_400])
def test_a_stale_event_and_one_from_the_future_are_refused(age: int, stripe: Standin) -> None:
    body = body_of(EVENT)
    assert_refused(body, header_of(body, age=age))


@pytest.mark.parametrize("age", [295, -295])
def test_clocks_may_differ_by_a_few_minutes(age: int, stripe: Standin) -> None:
    body = body_of(EVENT)
    assert send(body, header_of(body, age=age)).status_code == 200


def test_a_second_stamp_does_not_make_an_old_event_young(stripe: Standin) -> None:
    body = body_of(EVENT)
    old, now = header_of(body, age=900), int(clock.now().timestamp())
    for header in (f"t={now},{old}", f"{old},t={now}", old.replace("t=", f"t={now} ,t=", 1)):
        assert_refused(body, header)


@pytest.mark.parametrize(
    "header",
    ["", "t=", "v1=00", "t=1", "t=abc,v1=00", "t=١٢,v1=00", "t=1_0,v1=" + "0" * 64, "t=" + "9" * 400, "t=1,v0=" + "0" * 64],
)
def test_a_header_that_is_none_is_refused(header: str, stripe: Standin) -> None:
    assert_refused(body_of(EVENT), header.encode().decode("latin-1"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"\xff\xfe",
        b"[" * 20_000,
        body_of({}),
        body_of(EVENT | {"id": 7}),
        body_of(EVENT | {"id": ""}),
        body_of(EVENT | {"id": "x" * 256}),
        body_of(EVENT | {"type": None}),
        body_of(EVENT | {"type": "x" * 101}),
        body_of(EVENT | {"data": None}),
        body_of(EVENT | {"data": {"object": ["cs_test_1"]}}),
        body_of(EVENT | {"data": {"object": {"id": {"$ne": 1}}}}),
        body_of({"detail": EVENT}),
    ],
)
def test_what_is_no_event_is_refused_though_signed(body: bytes, stripe: Standin) -> None:
    assert_refused(body, header_of(body))


def test_an_event_that_is_too_long_is_refused_and_one_that_is_not_is_taken(stripe: Standin) -> None:
    rest = len(body_of(EVENT | {"padding": ""}))
    longest = body_of(EVENT | {"padding": "x" * (STRIPE_MAX_BYTES - rest)})
    assert len(longest) == STRIPE_MAX_BYTES
    assert_refused(longest + b" ", header_of(longest + b" "))
    assert send(longest, header_of(longest)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_posting_is_possible(method: str, stripe: Standin) -> None:
    assert Client().generic(method, WEBHOOK).status_code == 405


def test_without_configuration_there_is_no_door(settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = ""
    body = body_of(EVENT)
    assert send(body, header_of(body)).status_code == 404


def test_a_signed_event_that_lies_changes_nothing(stripe: Standin, payment: Payment) -> None:
    """The object is read again: what the event says of it counts for nothing."""
    page = stripe.account.get(payment.external_id)
    lie = {**page, "payment_status": "paid", "status": "complete", "amount_total": payment.amount_minor}
    assert send_again(EVENT | {"data": {"object": lie}})
    drain()
    assert fresh(payment).state == "pending"
