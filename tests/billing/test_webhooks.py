"""The door of the bank's messages: what was not signed by it within five minutes leaves no trace."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from billing.webhooks import MAX_BYTES
from core import clock
from core.models import WebhookEvent

pytestmark = pytest.mark.django_db

URL = "/api/v1/webhooks/sandbox"
NEW, OLD = "whsec-new-only-for-tests", "whsec-old-only-for-tests"
MESSAGE = {"id": "sbx_msg_1", "kind": "payment.succeeded", "object_id": "sbx_pay_1", "created": 1_700_000_000}


@pytest.fixture
def bank() -> Client:
    """A machine without cookies, that a missing CSRF token would stop."""
    return Client(enforce_csrf_checks=True)


def body_of(message: Any) -> bytes:
    return json.dumps(message).encode()


def header_of(body: bytes, secret: str = NEW, age: int = 0) -> str:
    stamp = int(clock.now().timestamp()) - age
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def send(bank: Client, body: bytes, header: str) -> HttpResponse:
    return bank.generic("POST", URL, body, content_type="application/json", headers={"Sandbox-Signature": header})


def assert_refused(answer: HttpResponse) -> None:
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not WebhookEvent.objects.exists()


def test_a_signed_message_is_stored_and_answered(bank: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    body = body_of(MESSAGE)
    with django_assert_num_queries(4):  # a transaction around: insert, wake the queue
        answer = send(bank, body, header_of(body))
    assert (answer.status_code, answer.content) == (200, b"")
    event = WebhookEvent.objects.get()
    assert (event.source, event.external_id, event.kind, event.payload) == ("sandbox", "sbx_msg_1", "payment.succeeded", MESSAGE)


def test_a_repeat_is_answered_and_stored_once(bank: Client) -> None:
    body = body_of(MESSAGE)
    for _time in range(3):
        assert send(bank, body, header_of(body)).status_code == 200
    assert WebhookEvent.objects.count() == 1


def test_a_kind_that_nobody_knows_is_stored_and_answered(bank: Client) -> None:
    body = body_of(MESSAGE | {"kind": "weather.changed"})
    assert send(bank, body, header_of(body)).status_code == 200
    assert WebhookEvent.objects.get().kind == "weather.changed"


def test_a_message_signed_with_the_old_secret_is_taken_while_secrets_change(bank: Client) -> None:
    body = body_of(MESSAGE)
    assert send(bank, body, header_of(body, OLD)).status_code == 200


def test_a_secret_that_was_taken_out_signs_no_more(bank: Client, settings: Settings) -> None:
    settings.SANDBOX_WEBHOOK_SECRETS = [NEW]
    body = body_of(MESSAGE)
    assert_refused(send(bank, body, header_of(body, OLD)))


@pytest.mark.parametrize("secret", ["", "guess", NEW.upper(), NEW + " "])
def test_a_wrong_secret_is_refused(secret: str, bank: Client) -> None:
    body = body_of(MESSAGE)
    assert_refused(send(bank, body, header_of(body, secret)))


def test_one_changed_byte_is_refused(bank: Client) -> None:
    header = header_of(body_of(MESSAGE))
    assert_refused(send(bank, body_of(MESSAGE | {"object_id": "sbx_pay_2"}), header))


@pytest.mark.parametrize("age", [301, 3600, -301, -86_400])
def test_a_stale_message_and_one_from_the_future_are_refused(age: int, bank: Client) -> None:
    body = body_of(MESSAGE)
    assert_refused(send(bank, body, header_of(body, age=age)))


@pytest.mark.parametrize("age", [290, -290])
def test_clocks_may_differ_by_a_few_minutes(age: int, bank: Client) -> None:
    body = body_of(MESSAGE)
    assert send(bank, body, header_of(body, age=age)).status_code == 200


def test_an_old_message_is_not_made_young_by_a_new_stamp(bank: Client) -> None:
    body = body_of(MESSAGE)
    digest = header_of(body, age=600).split(",v1=")[1]
    assert_refused(send(bank, body, f"t={int(clock.now().timestamp())},v1={digest}"))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "v1=00",
        "t=1",
        "t=abc,v1=00",
        "t=١٢,v1=" + "0" * 64,
        "t=1,v1=" + "0" * 64,
        "t=" + "9" * 400,
        "t=1,v1=" + "G" * 64,
    ],
)
def test_a_header_that_is_none_is_refused(header: str, bank: Client) -> None:
    assert_refused(send(bank, body_of(MESSAGE), header.encode().decode("latin-1")))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 20_000,
        body_of({}),
        body_of(MESSAGE | {"id": 7}),
        body_of(MESSAGE | {"id": ""}),
        body_of(MESSAGE | {"id": "x" * 256}),
        body_of(MESSAGE | {"kind": None}),
        body_of(MESSAGE | {"kind": "x" * 101}),
        body_of(MESSAGE | {"object_id": ["sbx_pay_1"]}),
        body_of(MESSAGE | {"object_id": "x" * 256}),
    ],
)
def test_a_signed_body_that_is_no_message_is_refused(body: bytes, bank: Client) -> None:
    assert_refused(send(bank, body, header_of(body)))


def test_a_message_of_the_largest_size_is_taken_and_a_larger_one_is_not(bank: Client) -> None:
    room = MAX_BYTES - len(body_of(MESSAGE | {"padding": ""}))
    too_large = body_of(MESSAGE | {"padding": "x" * (room + 1)})
    assert_refused(send(bank, too_large, header_of(too_large)))
    largest = body_of(MESSAGE | {"padding": "x" * room})
    assert len(largest) == MAX_BYTES
    assert send(bank, largest, header_of(largest)).status_code == 200


def test_characters_that_no_database_keeps_are_stored_as_replaced(bank: Client) -> None:
    body = body_of(MESSAGE | {"object_id": "sbx\x00pay", "note": "\ud800"})
    assert send(bank, body, header_of(body)).status_code == 200
    assert WebhookEvent.objects.get().payload["object_id"] == "sbx\ufffdpay"


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", ""])
def test_what_the_sender_calls_it_makes_no_message_of_it(content_type: str, bank: Client) -> None:
    body = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--x--\r\n"
    answer = bank.generic("POST", URL, body, content_type=content_type, headers={"Sandbox-Signature": header_of(body)})
    assert_refused(answer)


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
def test_only_post_is_a_message(method: str, bank: Client) -> None:
    assert getattr(bank, method)(URL).status_code == 405


@pytest.mark.parametrize("off", [{"SANDBOX_ENABLED": False}, {"SANDBOX_WEBHOOK_SECRETS": []}])
def test_where_there_is_no_sandbox_there_is_no_door(off: dict[str, object], bank: Client, settings: Settings) -> None:
    for name, value in off.items():
        setattr(settings, name, value)
    body = body_of(MESSAGE)
    assert send(bank, body, header_of(body)).status_code == 404
    assert not WebhookEvent.objects.exists()
