"""An event commits with its change or not at all, wakes the queue once, and each consequence happens exactly once in effect."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_q.models import Failure, OrmQ

from core import clock, leases, outbox, tasks
from core.models import DomainEvent, ReactionRun
from core.outbox import emit
from core.queries import timeline
from core.states import WorkState
from tests.core import reactions
from tests.core.reactions import marks

pytestmark = pytest.mark.usefixtures("transactional_db", "reacting")


def test_an_event_outside_of_a_transaction_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="outside of a transaction"):
        emit("test.one", "thing:1")
    assert not DomainEvent.objects.exists()


def test_an_event_goes_with_its_change_when_that_is_rolled_back() -> None:
    with transaction.atomic():
        emit("test.one", "thing:1")
        transaction.set_rollback(True)
    assert not DomainEvent.objects.exists()
    assert not OrmQ.objects.exists()


def test_a_transaction_with_many_events_wakes_the_queue_once() -> None:
    with transaction.atomic():
        with CaptureQueriesContext(
            connection,
        ) as first:
            emit("test.one", "thing:1")
        with CaptureQueriesContext(connection) as second:
            emit("test.two", "thing:1")
    assert (len(first), len(second)) == (2, 1)
    assert OrmQ.objects.count() == 1


def test_the_queue_is_woken_again_when_the_savepoint_of_the_first_wake_was_rolled_back() -> None:
    with transaction.atomic():
        with transaction.atomic():
            emit("test.one", "thing:1")
            transaction.set_rollback(True)
        emit("test.one", "thing:2")
    assert OrmQ.objects.count() == 1
    assert [event.subject for event in DomainEvent.objects.all()] == ["thing:2"]


def test_a_released_savepoint_keeps_its_wake() -> None:
    with transaction.atomic():
        with transaction.atomic():
            emit("test.one", "thing:1")
        emit("test.one", "thing:2")
    assert OrmQ.objects.count() == 1


def test_every_transaction_wakes_the_queue_itself() -> None:
    for _times in range(2):
        with transaction.atomic():
            emit("test.one", "thing:1")
    assert OrmQ.objects.count() == 2


def test_what_nobody_waits_for_is_one_insert_and_no_job() -> None:
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        event = emit("test.nobody", "thing:1", n=1)
    assert len(queries) == 1
    assert event.dispatched_at == event.at
    assert not OrmQ.objects.exists()


def test_subjects_are_named_by_model_and_key() -> None:
    with transaction.atomic():
        event = emit("test.nobody", "thing:1")
        about = emit("test.nobody", event)
        with pytest.raises(ValueError, match="saved"):
            emit("test.nobody", DomainEvent())
    assert about.subject == f"domainevent:{event.pk}"


def test_the_timeline_is_in_the_order_of_what_happened() -> None:
    start = clock.now()
    for minutes in (5, 1, 3):
        with clock.at(start + timedelta(minutes=minutes)), transaction.atomic():
            emit("test.nobody", "thing:1", n=minutes)
    with transaction.atomic():
        emit("test.nobody", "thing:2", n=9)
    with CaptureQueriesContext(connection) as queries:
        assert [event.data["n"] for event in timeline("thing:1")] == [1, 3, 5]
    assert len(queries) == 1


def test_each_consequence_is_its_own_job() -> None:
    with transaction.atomic():
        emit("test.two", "thing:1", n=1)
    assert tasks.dispatch_events() == 1
    assert ReactionRun.objects.count() == 2
    # The wake, and one job for each of the two.
    assert OrmQ.objects.count() == 3
    assert tasks.dispatch_events() == 0
    assert OrmQ.objects.count() == 3


def test_a_failing_consequence_holds_up_no_other() -> None:
    with transaction.atomic():
        emit("test.mixed", "thing:1", n=1)
    assert tasks.drain() == 1
    assert marks() == ["second 1"]
    failed = ReactionRun.objects.get(reaction="tests.core.reactions.broken")
    assert (failed.state, failed.attempts) == (WorkState.PENDING, 1)
    assert "no \ufffd luck with test.mixed" in failed.last_error


def test_a_failing_consequence_is_tried_ever_later_and_then_given_up() -> None:
    start = clock.now()
    with clock.at(start), transaction.atomic():
        emit("test.mixed", "thing:1", n=1)
    with clock.at(start):
        tasks.drain()
    broken = ReactionRun.objects.filter(reaction__endswith="broken")
    waits, moment = [], start
    while broken.get().state == WorkState.PENDING:
        due = broken.get().next_at
        waits.append((due - moment) / timedelta(minutes=1))
        with clock.at(due - timedelta(seconds=1)):
            assert tasks.drain() == 0
        with clock.at(due):
            tasks.drain()
        moment = due
    assert waits == [1, 5, 25, 125, 625, 720, 720, 720, 720]
    assert broken.get().state == WorkState.FAILED
    assert broken.get().attempts == leases.MAX_ATTEMPTS
    with clock.at(moment + timedelta(days=30)):
        assert tasks.drain() == 0
    assert broken.get().attempts == leases.MAX_ATTEMPTS


def test_the_time_limit_of_the_queue_counts_as_a_failed_attempt() -> None:
    with transaction.atomic():
        emit("test.timeout", "thing:1")
    with pytest.raises(SystemExit):
        tasks.drain()
    run = ReactionRun.objects.get()
    assert (run.state, run.attempts, run.lease_until) == (WorkState.PENDING, 1, None)


def test_many_dispatchers_and_workers_at_once_do_everything_once(race: Callable[..., list[Any]]) -> None:
    for number in range(30):
        with transaction.atomic():
            emit("test.two", f"thing:{number}", n=number)
    race(lambda _number: tasks.drain())
    # Those that came too late for one row have skipped it; nothing may be left for a later round but what they skipped.
    tasks.drain()
    expected = sorted(f"{name} {number}" for name in ("first", "second") for number in range(30))
    assert marks() == expected
    assert set(ReactionRun.objects.values_list("state", "attempts")) == {(WorkState.DONE, 1)}


def test_events_that_are_emitted_while_others_are_worked_on_get_lost_nowhere(race: Callable[..., list[Any]]) -> None:
    def emit_and_drain(number: int) -> None:
        for turn in range(5):
            with transaction.atomic():
                emit("test.one", f"thing:{number}", n=f"{number}-{turn}")
            tasks.drain()

    race(emit_and_drain)
    tasks.drain()
    assert len(marks()) == len(set(marks())) == 40


def test_two_workers_take_one_run_once(race: Callable[..., list[Any]]) -> None:
    with transaction.atomic():
        emit("test.one", "thing:1", n=1)
    outbox.fan_out()
    run = ReactionRun.objects.get()
    assert sorted(race(lambda _number: tasks.run_reaction(run.pk))) == [False] * 7 + [True]
    assert marks() == ["first 1"]


def test_a_run_whose_worker_was_killed_is_taken_over_when_its_lease_ends() -> None:
    with transaction.atomic():
        emit("test.one", "thing:1", n=1)
    outbox.fan_out()
    run = ReactionRun.objects.get()
    assert leases.take(ReactionRun, run.pk) is not None
    assert tasks.drain() == 0
    with clock.at(clock.now() + leases.LEASE):
        assert tasks.drain() == 1
    assert marks() == ["first 1"]
    run.refresh_from_db()
    assert (run.state, run.attempts) == (WorkState.DONE, 2)


def test_a_worker_that_was_too_slow_cannot_speak_for_its_successor() -> None:
    with transaction.atomic():
        emit("test.one", "thing:1", n=1)
    outbox.fan_out()
    run = ReactionRun.objects.get()

    def overtaken(_row: ReactionRun) -> None:
        with clock.at(clock.now() + leases.LEASE):
            assert leases.take(ReactionRun, run.pk) is not None
        raise ValueError("too late to matter")

    assert leases.run(ReactionRun, run.pk, overtaken) is False
    run.refresh_from_db()
    assert (run.state, run.attempts, run.last_error) == (WorkState.RUNNING, 2, "")


def test_what_kills_its_worker_every_time_is_given_up() -> None:
    with transaction.atomic():
        emit("test.one", "thing:1", n=1)
    outbox.fan_out()
    run = ReactionRun.objects.get()
    moment = clock.now()
    for _attempt in range(leases.MAX_ATTEMPTS):
        with clock.at(moment):
            assert leases.take(ReactionRun, run.pk) is not None
        moment += leases.LEASE
    with clock.at(moment):
        assert leases.take(ReactionRun, run.pk) is None
        tasks.sweep_outbox()
    run.refresh_from_db()
    assert run.state == WorkState.FAILED
    assert marks() == []


def test_the_sweep_queues_what_the_queue_has_lost() -> None:
    with transaction.atomic():
        emit("test.two", "thing:1", n=1)
    OrmQ.objects.all().delete()
    tasks.sweep_outbox()
    assert OrmQ.objects.count() == 2
    OrmQ.objects.all().delete()
    assert tasks.sweep_outbox() == 0
    with clock.at(clock.now() + timedelta(seconds=61)):
        assert tasks.sweep_outbox() == 2
    assert OrmQ.objects.count() == 2


def test_the_sweep_lets_a_long_queue_do_its_work_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "LONG_QUEUE", 1)
    with transaction.atomic():
        emit("test.one", "thing:1", n=1)
    with clock.at(clock.now() + timedelta(hours=1)):
        assert tasks.sweep_outbox() == 0
    assert not ReactionRun.objects.exists()


def test_a_failed_run_can_be_processed_again_and_a_running_one_cannot() -> None:
    with transaction.atomic():
        emit("test.one", "thing:1", n=1)
    outbox.fan_out()
    run = ReactionRun.objects.get()
    leases.take(ReactionRun, run.pk)
    assert outbox.react_again(run.pk) is False
    ReactionRun.objects.update(state=WorkState.FAILED, attempts=10, lease_until=None, last_error="x")
    assert outbox.react_again(run.pk) is True
    assert tasks.drain() == 1
    run.refresh_from_db()
    assert (run.state, run.attempts, run.last_error) == (WorkState.DONE, 1, "")
    assert outbox.react_again(run.pk + 1) is False


def test_dispatching_again_runs_only_what_is_new_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        event = emit("test.one", "thing:1", n=1)
    tasks.drain()
    monkeypatch.setitem(reactions.EVENTS, "test.one", (reactions.first, reactions.second))
    assert outbox.dispatch_again(event.pk) is True
    tasks.drain()
    assert marks() == ["first 1", "second 1"]
    assert outbox.dispatch_again(event.pk + 1) is False


def test_a_reaction_that_is_gone_from_the_table_fails_where_staff_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        emit("test.one", "thing:1", n=1)
    outbox.fan_out()
    monkeypatch.setitem(reactions.EVENTS, "test.one", ())
    assert tasks.drain() == 0
    assert "no longer a reaction" in ReactionRun.objects.get().last_error


def test_old_runs_are_tidied_away_and_events_stay() -> None:
    with transaction.atomic():
        emit("test.one", "thing:1", n=1)
    tasks.drain()
    with clock.at(clock.now() + timedelta(days=89)):
        tasks.tidy()
    assert ReactionRun.objects.count() == 1
    with clock.at(clock.now() + timedelta(days=91)):
        tasks.tidy()
    assert not ReactionRun.objects.exists()
    assert DomainEvent.objects.count() == 1


def test_the_queues_notes_of_failures_are_forgotten_after_a_month() -> None:
    now = clock.now()
    for days in (29, 31):
        moment = now - timedelta(days=days)
        Failure.objects.create(id=f"{days}", name="x", func="x", started=moment, stopped=moment, success=False)
    tasks.tidy()
    assert Failure.objects.get().id == "29"


def test_a_reaction_is_never_run_inside_of_a_transaction() -> None:
    with transaction.atomic():
        emit("test.one", "thing:1", n=1)
    outbox.fan_out()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        tasks.run_reaction(ReactionRun.objects.get().pk)
    assert marks() == []
    assert ReactionRun.objects.get().attempts == 0
