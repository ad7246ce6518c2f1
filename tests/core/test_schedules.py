"""The scheduler's table says what the code says, and a schedule never overlaps with itself."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django_q.models import Schedule as QueueSchedule

from core import clock, jobs, tasks
from core.models import ScheduleRun
from core.queries import queue_pulse
from core.schedules import Schedule
from tests.core import reactions
from tests.core.reactions import mark, marks

pytestmark = pytest.mark.usefixtures("transactional_db", "reacting")
NOW = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)


def work() -> None:
    mark("worked")


def fail() -> None:
    raise ValueError("no \x00 luck")


def again() -> None:
    """A run that finds itself running already."""
    mark(f"second run: {tasks.run_schedule('again')}")


MINUTELY = Schedule("work", work, timedelta(minutes=1))
NIGHTLY = Schedule("nightly", work, timedelta(days=1), time(3, 15))


def table() -> dict[str, tuple[int, datetime]]:
    return {row.name: (row.minutes, row.next_run) for row in QueueSchedule.objects.all()}


@pytest.mark.parametrize(
    ("name", "every", "daily_at"),
    [
        ("x", timedelta(seconds=30), None),
        ("x", timedelta(seconds=90), None),
        ("x", timedelta(0), None),
        ("x", timedelta(hours=1), time(3)),
        ("", timedelta(hours=1), None),
        ("x" * 101, timedelta(hours=1), None),
    ],
)
def test_what_the_scheduler_cannot_keep_is_no_schedule(name: str, every: timedelta, daily_at: time | None) -> None:
    with pytest.raises(ValueError, match="schedule"):
        Schedule(name, work, every, daily_at)


def test_the_table_follows_the_code() -> None:
    with clock.at(NOW):
        jobs.sync_schedules([MINUTELY, NIGHTLY])
    assert table() == {"work": (1, NOW), "nightly": (1440, datetime(2026, 11, 20, 3, 15, tzinfo=UTC))}
    later = NOW + timedelta(hours=1)
    with clock.at(later):
        jobs.sync_schedules([Schedule("work", work, timedelta(minutes=5))])
    assert table() == {"work": (5, later)}


def test_a_restart_neither_skips_nor_repeats_a_nightly_job() -> None:
    with clock.at(NOW):
        jobs.sync_schedules([MINUTELY, NIGHTLY])
    before = table()
    with clock.at(NOW + timedelta(hours=5)):
        jobs.sync_schedules([MINUTELY, NIGHTLY])
    assert table() == before


def test_another_hour_of_the_day_is_taken_over() -> None:
    with clock.at(NOW):
        jobs.sync_schedules([NIGHTLY])
        jobs.sync_schedules([Schedule("nightly", work, timedelta(days=1), time(22, 0))])
    assert table()["nightly"][1] == datetime(2026, 11, 19, 22, 0, tzinfo=UTC)


def test_rows_of_others_stay_and_doubles_go() -> None:
    for _times in range(2):
        QueueSchedule.objects.create(name="work", func=jobs.RUN_SCHEDULE, minutes=1, schedule_type="I", next_run=NOW)
    QueueSchedule.objects.create(name="foreign", func="somebody.else", schedule_type="O")
    jobs.sync_schedules([MINUTELY])
    assert QueueSchedule.objects.filter(name="work").count() == 1
    assert QueueSchedule.objects.filter(name="foreign").count() == 1


def test_two_schedules_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two schedules"):
        jobs.sync_schedules([MINUTELY, MINUTELY])
    assert not QueueSchedule.objects.exists()


def test_workers_that_start_together_make_each_row_once(race: Callable[..., list[Any]]) -> None:
    race(lambda _number: jobs.sync_schedules([MINUTELY, NIGHTLY]))
    assert QueueSchedule.objects.count() == 2


def test_core_brings_its_own_sweeps() -> None:
    tasks.sync_all_schedules()
    assert {"core: sweep outbox", "core: sweep inbox", "core: tidy"} <= table().keys()
    for name in table():
        assert tasks.run_schedule(name)


def test_a_run_leaves_a_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactions, "SCHEDULES", (MINUTELY,))
    assert queue_pulse() is None
    with clock.at(NOW):
        assert tasks.run_schedule("work")
    assert marks() == ["worked"]
    assert queue_pulse() == NOW


def test_a_failing_schedule_keeps_its_error_until_it_works_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactions, "SCHEDULES", (Schedule("work", fail, timedelta(minutes=1)),))
    with pytest.raises(ValueError, match="luck"):
        tasks.run_schedule("work")
    row = ScheduleRun.objects.get()
    assert "no \ufffd luck" in row.last_error
    assert (row.finished_at, row.lease_until) == (None, None)
    monkeypatch.setattr(reactions, "SCHEDULES", (MINUTELY,))
    assert tasks.run_schedule("work")
    assert ScheduleRun.objects.get().last_error == ""


def test_a_schedule_does_not_overlap_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactions, "SCHEDULES", (Schedule("again", again, timedelta(minutes=1)),))
    assert tasks.run_schedule("again")
    assert marks() == ["second run: False"]


def test_a_schedule_whose_worker_was_killed_runs_again_after_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactions, "SCHEDULES", (MINUTELY,))
    ScheduleRun.objects.create(name="work", started_at=NOW, lease_until=NOW + timedelta(seconds=90))
    with clock.at(NOW + timedelta(seconds=89)):
        assert not tasks.run_schedule("work")
    with clock.at(NOW + timedelta(seconds=90)):
        assert tasks.run_schedule("work")


def test_a_schedule_that_is_gone_from_the_code_does_nothing() -> None:
    assert not tasks.run_schedule("gone")
    assert not ScheduleRun.objects.exists()
