"""The way up: `emit` writes what happened, in the transaction in which it happens; `fan_out` makes a run of each consequence."""

import json
from typing import Any

from django.db import connection, models, transaction

from core import clock, jobs, leases
from core.models import DomainEvent, ReactionRun
from core.registry import reactions_to

BATCH = 100
# Written out: each change tells of itself, and Django would take longer over the statement than the database over the row.
_EMIT = "INSERT INTO core_domainevent (name, subject, data, at, dispatched_at) VALUES (%s, %s, %s, %s, %s) RETURNING id"

Json = str | int | bool | None | list[Any] | dict[str, Any]


def subject_of(subject: models.Model | str) -> str:
    """ "<model>:<pk>" of a saved object, e.g. "contract:12"; a string is taken as it is."""
    if isinstance(subject, str):
        return subject
    if subject.pk is None:
        raise ValueError("an event needs a saved subject")
    return f"{subject._meta.model_name}:{subject.pk}"


def emit(name: str, subject: models.Model | str, /, **data: Json) -> DomainEvent:
    """Record that `name` happened to `subject`, with JSON `data`. One insert; a second one, once per transaction, wakes the queue.

    Must be called inside the transaction of the change (RuntimeError otherwise): both stand or neither does. Consequences run
    later, each at least once, in no order. Who did it goes into `data` as `actor_kind` and `actor`.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{name} was emitted outside of a transaction: it could be lost, or tell of what never happened")
    at = clock.now()
    awaited = bool(reactions_to(name))
    event = DomainEvent(name=name, subject=subject_of(subject), data=data, at=at, dispatched_at=None if awaited else at)
    with connection.cursor() as cursor:
        cursor.execute(_EMIT, [event.name, event.subject, json.dumps(data), event.at, event.dispatched_at])
        (event.pk,) = cursor.fetchone()
    if awaited:
        _nudge()
    return event


def _nudged() -> None:
    """The mark of "this transaction has woken the queue already". Django drops it together with the savepoint it was made in."""


def _nudge() -> None:
    """Wake the dispatcher once per transaction. The job is a row of this transaction: it commits, or rolls back, with the event."""
    if any(entry[1] is _nudged for entry in connection.run_on_commit):
        return
    jobs.enqueue("core.tasks.dispatch_events", name="dispatch events")
    transaction.on_commit(_nudged)


def fan_out() -> tuple[int, list[int]]:
    """Make one ReactionRun per reaction of up to BATCH undispatched events: how many events, and the ids of the new runs.

    One transaction. Two dispatchers share the work (SKIP LOCKED); a run that exists already is left alone, so fanning out the
    same event again after a crash, or by hand after a reaction was added, doubles nothing.
    """
    with transaction.atomic():
        now = clock.now()
        open_events = DomainEvent.objects.filter(dispatched_at__isnull=True).order_by("id")
        events = list(open_events.select_for_update(skip_locked=True)[:BATCH])
        if not events:
            return 0, []
        ids = [event.pk for event in events]
        wanted = [ReactionRun(event=event, reaction=path, next_at=now) for event in events for path in reactions_to(event.name)]
        # The events are locked, so nobody else adds runs of them between these two statements.
        there = set(ReactionRun.objects.filter(event__in=ids).values_list("pk", flat=True))
        ReactionRun.objects.bulk_create(wanted, ignore_conflicts=True)
        now_there = ReactionRun.objects.filter(event__in=ids).order_by("pk").values_list("pk", flat=True)
        DomainEvent.objects.filter(pk__in=ids).update(dispatched_at=now)
        return len(events), [pk for pk in now_there if pk not in there]


def run_reaction(run_id: int) -> bool:
    """Run one consequence under its lease, outside of a transaction; True if it was done now. Failures: see core/leases.py."""
    return leases.run(ReactionRun, run_id, _react)


def _react(run: ReactionRun) -> None:
    """Call the function that the run names."""
    event = run.event
    function = reactions_to(event.name).get(run.reaction)
    if function is None:
        raise LookupError(f"{run.reaction} is no longer a reaction to {event.name}")
    function(event)


def react_again(run_id: int) -> bool:
    """Let a run be done once more, from the admin; False while somebody works on it."""
    with transaction.atomic():
        reopened = leases.reopen(ReactionRun, run_id)
        if reopened:
            jobs.enqueue("core.tasks.run_reaction", run_id, name=f"reaction {run_id}")
    return reopened


def dispatch_again(event_id: int) -> bool:
    """Fan an event out once more, from the admin: a reaction that came into the table after it happened gets its run."""
    with transaction.atomic():
        found = DomainEvent.objects.filter(pk=event_id).update(dispatched_at=None)
        if found:
            _nudge()
    return bool(found)
