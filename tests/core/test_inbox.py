"""A message is verified, stored once, worked on once in effect, and kept with its error when that fails."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django_q.models import OrmQ
from hypothesis import given
from hypothesis import strategies as st

from core import clock, inbox, leases, tasks
from core.models import WebhookEvent
from core.states import WorkState
from tests.core.reactions import marks

stored = pytest.mark.usefixtures("transactional_db", "reacting")
NOW = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@given(body=st.binary(max_size=200), flipped=st.integers(0, 63))
def test_only_the_exact_bytes_under_a_known_secret_verify(body: bytes, flipped: int) -> None:
    good = signature("new", body)
    assert inbox.verify_hmac(["new", "old"], body, good)
    assert inbox.verify_hmac(["newer", "new"], body, good)
    assert not inbox.verify_hmac(["newer"], body, good)
    assert not inbox.verify_hmac(["new"], body + b" ", good)
    wrong = good[:flipped] + ("0" if good[flipped] != "0" else "1") + good[flipped + 1 :]
    assert not inbox.verify_hmac(["new"], body, wrong)


@pytest.mark.parametrize("given_signature", ["", "é", "\udcff", "0" * 64, "\x00"])
def test_nonsense_is_no_signature(given_signature: str) -> None:
    assert not inbox.verify_hmac(["secret"], b"body", given_signature)


def test_no_secret_or_an_empty_one_verifies_nothing() -> None:
    assert not inbox.verify_hmac([], b"body", signature("", b"body"))
    assert not inbox.verify_hmac([""], b"body", signature("", b"body"))


@pytest.mark.parametrize(
    ("timestamp", "fresh"),
    [
        (0, True),
        (300, True),
        (-300, True),
        (301, False),
        (-301, False),
    ],
)
def test_a_time_stamp_holds_for_five_minutes_both_ways(timestamp: int, fresh: bool) -> None:
    with clock.at(NOW):
        assert inbox.check_tolerance(int(NOW.timestamp()) + timestamp) is fresh
        assert inbox.check_tolerance(str(int(NOW.timestamp()) + timestamp)) is fresh


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1.5", "9" * 400, "١٢", "1\x00"])
def test_what_is_no_time_stamp_is_never_fresh(timestamp: str) -> None:
    assert not inbox.check_tolerance(timestamp)


@stored
def test_a_message_is_stored_wakes_the_queue_and_is_worked_on() -> None:
    event = inbox.receive("test", "evt_1", "known", {"a": 1})
    assert OrmQ.objects.count() == 1
    assert event.processed_at is None
    assert tasks.drain() == 1
    event.refresh_from_db()
    assert event.processed_at is not None
    assert marks() == ["webhook evt_1"]


@stored
def test_a_repeat_is_the_same_row_and_is_not_worked_on_again() -> None:
    first = inbox.receive("test", "evt_1", "known", {"a": 1})
    tasks.drain()
    again = inbox.receive("test", "evt_1", "known", {"a": 2})
    assert again.pk == first.pk
    assert again.payload == {"a": 1}
    assert tasks.drain() == 0
    assert marks() == ["webhook evt_1"]


@stored
def test_the_same_id_of_another_source_is_another_message() -> None:
    assert inbox.receive("test", "evt_1", "known", {}).pk != inbox.receive("other", "evt_1", "known", {}).pk


@stored
def test_a_kind_that_nobody_knows_is_stored_and_done() -> None:
    event = inbox.receive("test", "evt_1", "never heard of", {})
    assert tasks.drain() == 1
    event.refresh_from_db()
    assert event.state == WorkState.DONE
    assert marks() == []


@stored
def test_a_storm_of_repeats_is_one_row_and_one_effect(race: Callable[..., list[Any]]) -> None:
    def receive_and_work(_number: int) -> int:
        event = inbox.receive("test", "evt_1", "known", {})
        tasks.process_webhook(event.pk)
        return event.pk

    assert len(set(race(receive_and_work, 12))) == 1
    assert marks() == ["webhook evt_1"]


@stored
def test_a_handler_that_fails_keeps_the_row_and_its_traceback() -> None:
    event = inbox.receive("test", "evt_9", "broken", {})
    assert tasks.drain() == 0
    event.refresh_from_db()
    assert (event.state, event.attempts, event.processed_at) == (WorkState.PENDING, 1, None)
    assert "ValueError: evt_9" in event.last_error
    WebhookEvent.objects.update(kind="known")
    assert inbox.process_again(event.pk)
    assert tasks.drain() == 1
    event.refresh_from_db()
    assert event.processed_at is not None
    assert event.last_error == ""


@stored
def test_the_sweep_queues_what_waits_for_a_minute() -> None:
    inbox.receive("test", "evt_1", "known", {})
    OrmQ.objects.all().delete()
    assert tasks.sweep_inbox() == 0
    with clock.at(clock.now() + timedelta(seconds=61)):
        assert tasks.sweep_inbox() == 1
    assert OrmQ.objects.count() == 1


@stored
def test_a_message_whose_worker_was_killed_is_taken_over() -> None:
    event = inbox.receive("test", "evt_1", "known", {})
    assert leases.take(WebhookEvent, event.pk) is not None
    assert not inbox.process_again(event.pk)
    assert tasks.drain() == 0
    with clock.at(clock.now() + leases.LEASE):
        assert tasks.drain() == 1
    assert marks() == ["webhook evt_1"]


@stored
def test_characters_that_no_database_stores_are_replaced() -> None:
    event = inbox.receive("test", "evt\x001", "known", {"a\x00": ["\ud800b", 1, None, True, {"c": "\x00"}]})
    event.refresh_from_db()
    assert event.external_id == "evt\ufffd1"
    assert event.payload == {"a\ufffd": ["\ufffdb", 1, None, True, {"c": "\ufffd"}]}


@stored
@pytest.mark.parametrize(("external_id", "kind"), [("", "known"), ("x" * 256, "known"), ("evt", ""), ("evt", "k" * 101)])
def test_a_message_without_a_proper_id_or_kind_is_not_stored(external_id: str, kind: str) -> None:
    with pytest.raises(ValueError, match="needs an id"):
        inbox.receive("test", external_id, kind, {})
    assert not WebhookEvent.objects.exists()
