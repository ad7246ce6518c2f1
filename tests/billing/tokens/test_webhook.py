"""The door for ICPay's events: only what it has signed lately is kept, once, and a kind that nobody knows is kept too."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from billing.models import Payment
from core import clock
from core.models import WebhookEvent
from core.tasks import drain
from tests import standin_server
from tests.billing.tokens.conftest import WEBHOOK, fresh, send
from tests.icpay_standin import Standin
from tests.icpay_standin.server import WEBHOOK_SECRET

pytestmark = pytest.mark.django_db


def signed(event: standin_server.Event, stamp: int, secret: str = WEBHOOK_SECRET) -> tuple[bytes, str]:
    return standin_server.signed(event, stamp, secret)


def signature(body: bytes, stamp: int, secret: str = WEBHOOK_SECRET) -> str:
    return standin_server.signature(body, stamp, secret)


def now() -> int:
    return int(clock.now().timestamp())


@pytest.fixture
def event(icpay: Standin, payment: Payment) -> dict[str, Any]:
    """That it is paid."""
    icpay.account.pay(payment.external_id)
    found: dict[str, Any] = icpay.account.events[-1]
    return found


def kept() -> int:
    return WebhookEvent.objects.filter(source="icpay").count()


def test_a_signed_event_is_kept_once_and_without_what_it_carries(event: dict[str, Any], payment: Payment) -> None:
    body, header = signed(event, now())
    assert send(body, header)
    assert send(body, header)
    row = WebhookEvent.objects.get(source="icpay")
    about = event["data"]["object"]
    assert row.payload == {
        "id": event["id"],
        "kind": "payment.completed",
        "object_id": about["id"],
        "intent_id": payment.external_id,
        "created": event["created"],
        "livemode": False,
    }
    drain()
    assert fresh(payment).state == "succeeded"


@pytest.mark.parametrize("off", [-299, 0, 299])
def test_within_five_minutes_of_now_it_is_taken(off: int, event: dict[str, Any]) -> None:
    assert send(*signed(event, now() + off))
    assert kept() == 1


@pytest.mark.parametrize("off", [-302, 302, -(10**6), 10**6])
def test_older_or_newer_than_five_minutes_it_is_not(off: int, event: dict[str, Any]) -> None:
    assert not send(*signed(event, now() + off))
    assert kept() == 0


def test_each_of_our_secrets_is_good_and_no_other(event: dict[str, Any]) -> None:
    assert send(*signed(event, now(), "whsec_newer"))
    assert not send(*signed({**event, "id": "evt_2"}, now(), "whsec_else"))
    assert kept() == 1


def forms(body: bytes) -> dict[str, str]:
    stamp = now()
    good = signature(body, stamp)
    bare = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "none": "",
        "without a time stamp": bare,
        "named, without a time stamp": f"v1={bare}",
        "of another kind": f"sha256={bare}",
        "a stamp beside a signature without it": f"t={stamp},v1={bare}",
        "two stamps": f"t={stamp - 9999},{good}",
        "upper case": good.upper(),
        "cut off": good[:-1],
        "of another body": signature(body + b" ", stamp),
        "of another time": good.replace(f"t={stamp}", f"t={stamp + 1}"),
        "no number": good.replace(f"t={stamp}", "t=now"),
        "not ASCII": f"t={stamp},v1={'é' * 64}",
    }


@pytest.mark.parametrize("form", sorted(forms(b"")))
def test_any_other_form_of_signature_is_refused(form: str, event: dict[str, Any]) -> None:
    body, _header = signed(event, now())
    assert not send(body, forms(body)[form])
    assert kept() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"id": "evt_1"}',
        b'{"id": "evt_1", "type": "payment.completed", "data": {"object": []}}',
        b'{"id": 1, "type": "payment.completed", "data": {"object": {"id": "x"}}}',
        json.dumps({"id": "e" * 256, "type": "payment.completed", "data": {"object": {"id": "x"}}}).encode(),
        b"[" * 100_000,
    ],
    ids=range(10),
)
def test_what_is_signed_and_no_event_is_refused(body: bytes, icpay: Standin) -> None:
    assert not send(body, signature(body, now()))
    assert kept() == 0


def test_a_huge_body_is_not_read(event: dict[str, Any]) -> None:
    body, header = signed({**event, "more": "x" * 300_000}, now())
    assert not send(body, header)
    assert kept() == 0


@pytest.mark.parametrize("kind", ["account.updated", "payment.something_new", "wallet.balance_changed"])
def test_a_kind_that_nobody_knows_is_kept_and_does_nothing(kind: str, event: dict[str, Any], payment: Payment) -> None:
    assert send(*signed({**event, "type": kind}, now()))
    drain()
    assert WebhookEvent.objects.get(source="icpay").state == "done"
    assert fresh(payment).state == "pending"


def test_an_event_that_lies_does_nothing_because_the_payment_is_read_again(icpay: Standin, payment: Payment) -> None:
    sent = icpay.account.begin(payment.external_id)
    about = {**sent, "status": "completed", "paidAmount": sent["requestedAmount"]}
    assert send(*signed({"id": "evt_lie", "type": "payment.completed", "data": {"object": about}, "created": now()}, now()))
    drain()
    assert fresh(payment).state == "processing"


def test_where_icpay_is_switched_off_there_is_no_door(event: dict[str, Any], settings: Settings) -> None:
    settings.ICPAY_SECRET_KEY = ""
    body, header = signed(event, now())
    answer = Client().generic("POST", WEBHOOK, body, content_type="application/json", headers={"X-ICPay-Signature": header})
    assert (answer.status_code, kept()) == (404, 0)
