"""The queue as the rest sees it: put a job in, keep the scheduler's table right. A job is a nudge; the truth stands in our rows."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import cache

from django.db import connection, transaction
from django_q.brokers.orm import ORM
from django_q.models import Failure, OrmQ
from django_q.models import Schedule as QueueSchedule
from django_q.tasks import async_task

from core import clock
from core.schedules import Schedule

RUN_SCHEDULE = "core.tasks.run_schedule"
# The last column says from when on a worker may take the job. That is the queue's own time, which no simulated clock moves.
_INSERT = "INSERT INTO django_q_ormq (key, payload, lock) VALUES (%s, %s, now())"

# Any number, the same in every process: two workers that start together write the scheduler's table one after the other.
_SYNC_LOCK = 720_1001

_left_to_drain: ContextVar[bool] = ContextVar("left_to_drain", default=False)


@contextmanager
def left_to_drain() -> Iterator[None]:
    """Queue nothing inside the block, in this context: who simulates months calls `core.tasks.drain`, and a worker that starts
    later need not wade through thousands of nudges. What is left undone when the block breaks, the sweeps find."""
    token = _left_to_drain.set(True)
    try:
        yield
    finally:
        _left_to_drain.reset(token)


def enqueue(function_dotted: str, *args: object, name: str, seconds: int | None = None) -> str:
    """Queue `function_dotted(*args)` as a job called `name`; returns the job's id. It may live for `seconds`, by default as all do.

    One insert, in the caller's transaction where there is one, so that a job commits or rolls back with the change that asks for
    it. It may run twice or, after a crash, late: it names rows, whose state says what is still to be done; one that lives longer
    than the queue's patience is begun again beside itself, and finds that out. Inside `left_to_drain` nothing is queued, and the
    id is empty.
    """
    if _left_to_drain.get():
        return ""
    options = {} if seconds is None else {"timeout": seconds}
    task_id: str = async_task(function_dotted, *args, task_name=name[:100], broker=_door(), **options)
    return task_id


class _Door(ORM):  # type: ignore[misc] # the library has no types
    """The queue's own table, entered by a statement that is written out: each change and each webhook passes here."""

    def enqueue(self, task: str) -> None:
        """Put a packed job in, on the connection and in the transaction of the caller."""
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [self.list_key, task])


@cache
def _door() -> _Door:
    """One for the process; the library would make one for each job."""
    return _Door()


def backlog(limit: int) -> bool:
    """Whether at least `limit` jobs wait. Then what looks forgotten only stands in line, and queueing it again would not help."""
    waiting: int = OrmQ.objects.order_by()[:limit].count()
    return waiting >= limit


def forget_failures(before: datetime) -> None:
    """Delete the queue's own notes of jobs that failed before a moment; it prunes only those that went well."""
    Failure.objects.filter(stopped__lt=before).delete()


def sync_schedules(schedules: Iterable[Schedule]) -> None:
    """Make the scheduler's table say exactly `schedules`: new ones are added, changed ones changed, gone ones removed.

    One that did not change keeps its next run, so that restarts neither skip nor repeat a daily job. Rows of other functions are
    left alone. Raises ValueError when two schedules have one name.
    """
    wanted = {}
    for schedule in schedules:
        if schedule.name in wanted:
            raise ValueError(f"two schedules are called {schedule.name}")
        wanted[schedule.name] = schedule
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SYNC_LOCK])
        kept = set()
        for row in QueueSchedule.objects.filter(func=RUN_SCHEDULE).order_by("pk"):
            schedule_of_row = wanted.get(row.name or "")
            if schedule_of_row is None or row.name in kept:
                row.delete()
                continue
            kept.add(row.name)
            if _changed(row, schedule_of_row):
                row.minutes = schedule_of_row.minutes
                row.next_run = _first_run(schedule_of_row)
                row.save()
        for name in wanted.keys() - kept:
            QueueSchedule.objects.create(
                name=name,
                func=RUN_SCHEDULE,
                args=repr(name),
                schedule_type=QueueSchedule.MINUTES,
                minutes=wanted[name].minutes,
                repeats=-1,
                next_run=_first_run(wanted[name]),
            )


def _changed(row: QueueSchedule, schedule: Schedule) -> bool:
    """Whether a row of the scheduler no longer says what the schedule says."""
    if row.minutes != schedule.minutes or row.next_run is None or row.repeats != -1:
        return True
    at = schedule.daily_at
    return at is not None and (row.next_run.hour, row.next_run.minute) != (at.hour, at.minute)


def _first_run(schedule: Schedule) -> datetime:
    """Now, or the next time the day's hour comes (UTC)."""
    now = clock.now()
    if schedule.daily_at is None:
        return now
    today = now.replace(hour=schedule.daily_at.hour, minute=schedule.daily_at.minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
