"""The pretend bank's post: signed, brought until it arrives, never by two at once."""

import hashlib
import hmac
import json
from datetime import timedelta
from uuid import uuid4

import pytest
import requests
import responses
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from pytest_django import Settings

from billing import sandbox_bank
from billing.models import SandboxMessage, SandboxPayment
from billing.sandbox_messages import (
    MAX_ATTEMPTS,
    SIGNATURE_HEADER,
    MessageKind,
    backoff,
    deliver,
    deliver_due,
    queue_message,
)
from billing.sandbox_outcomes import Outcome
from core import clock
from core.models import WebhookEvent
from core.registry import project_schedules, webhook_handler

pytestmark = pytest.mark.django_db

URL = "http://testserver/api/v1/webhooks/sandbox"


@pytest.fixture
def message() -> SandboxMessage:
    return queue_message(MessageKind.PAYMENT_SUCCEEDED, "sbx_pay_1")


def never(body: bytes, header: str) -> bool:
    raise AssertionError("nothing was due")


def takes(body: bytes, header: str) -> bool:
    return True


def refuses(body: bytes, header: str) -> bool:
    return False


@responses.activate
def test_a_message_is_brought_over_http_and_says_only_what_changed(message: SandboxMessage, settings: Settings) -> None:
    call = responses.post(URL, status=200)
    assert deliver(message.pk)
    request = call.calls[0].request
    assert isinstance(request.body, bytes)
    stamp, digest = request.headers[SIGNATURE_HEADER].removeprefix("t=").split(",v1=")
    secret = settings.SANDBOX_WEBHOOK_SECRETS[0].encode()
    assert digest == hmac.new(secret, f"{stamp}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert json.loads(request.body) == {
        "id": message.external_id,
        "kind": "payment.succeeded",
        "object_id": "sbx_pay_1",
        "created": int(message.created_at.timestamp()),
    }
    message.refresh_from_db()
    assert message.delivered_at is not None


@responses.activate
def test_what_has_arrived_is_not_brought_again(message: SandboxMessage) -> None:
    responses.post(URL, status=200)
    assert deliver(message.pk)
    assert not deliver(message.pk, never)
    assert deliver_due(never) == 0


@responses.activate
@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
def test_an_answer_that_is_no_yes_is_tried_again_later(status: int, message: SandboxMessage) -> None:
    responses.post(URL, status=status)
    assert not deliver(message.pk)
    message.refresh_from_db()
    assert (message.delivered_at, message.attempts, message.delivered) == (None, 1, 0)
    assert deliver_due(never) == 0
    with clock.at(message.send_at):
        assert deliver_due(takes) == 1


@responses.activate
def test_no_answer_at_all_is_tried_again_later(message: SandboxMessage) -> None:
    responses.post(URL, body=requests.ConnectionError("refused"))
    assert not deliver(message.pk)
    message.refresh_from_db()
    assert message.delivered_at is None
    assert message.send_at > clock.now()


def test_while_one_worker_brings_it_another_does_not(message: SandboxMessage) -> None:
    def brings(body: bytes, header: str) -> bool:
        assert not deliver(message.pk, never)
        return True

    assert deliver(message.pk, brings)


def test_each_copy_is_brought_and_only_the_missing_one_again() -> None:
    message = queue_message(MessageKind.PAYMENT_SUCCEEDED, "sbx_pay_1", copies=2)
    seen: list[bytes] = []

    def loses_the_second(body: bytes, header: str) -> bool:
        seen.append(body)
        return len(seen) != 2

    assert not deliver(message.pk, loses_the_second)
    message.refresh_from_db()
    assert message.delivered == 1
    with clock.at(message.send_at):
        assert deliver(message.pk, loses_the_second)
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_waits_grow_to_an_hour_and_the_bank_gives_up_in_the_end(message: SandboxMessage) -> None:
    waits = [backoff(attempts) for attempts in range(1, MAX_ATTEMPTS + 1)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=5), timedelta(hours=1))
    for _attempt in range(MAX_ATTEMPTS):
        message.refresh_from_db()
        with clock.at(message.send_at):
            deliver_due(refuses)
    with clock.at(clock.now() + timedelta(days=30)):
        assert deliver_due(never) == 0


def test_without_a_secret_nothing_is_sent(message: SandboxMessage, settings: Settings) -> None:
    settings.SANDBOX_WEBHOOK_SECRETS = []
    assert not deliver(message.pk, never)
    message.refresh_from_db()
    assert message.delivered_at is None


def test_each_change_at_the_bank_wakes_the_queue_by_a_name_that_exists(bank_page: SandboxPayment) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    sandbox_bank.give_back(bank_page.external_id, key=uuid4(), amount_minor=100)
    jobs = [job.task for job in OrmQ.objects.order_by("pk")]
    wanted = [job for job in jobs if job["func"].startswith("billing.sandbox")]
    assert [(import_string(job["func"]), job["args"]) for job in wanted] == [
        (deliver, (SandboxMessage.objects.get().pk,)),
        (sandbox_bank.tick, ()),
    ]


def test_bank_and_post_are_on_the_schedule() -> None:
    scheduled = {schedule.function for schedule in project_schedules()}
    assert {sandbox_bank.tick, deliver_due} <= scheduled


def test_every_kind_of_message_has_a_handler() -> None:
    assert all(webhook_handler("sandbox", kind) for kind in MessageKind)


@pytest.mark.django_db(transaction=True)
def test_over_real_http_the_message_reaches_the_inbox(live_server: object, bank_page: SandboxPayment, settings: Settings) -> None:
    settings.SITE_URL = str(live_server)
    sandbox_bank.choose(bank_page.external_id, Outcome.TWICE)
    assert deliver_due() == 2
    assert SandboxMessage.objects.filter(delivered_at=None).count() == 0
    assert WebhookEvent.objects.filter(source="sandbox", kind="payment.succeeded").count() == 2
