"""What the queue calls: three-line wrappers of the outbox, the inbox and the schedules, and `drain`, the queue without a queue."""

import traceback
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from core import clock, inbox, leases, outbox
from core.jobs import backlog, enqueue, forget_failures, sync_schedules
from core.models import IdempotencyRecord, ReactionRun, ScheduleRun, WebhookEvent
from core.registry import project_schedules
from core.schedules import Schedule
from core.states import WorkState

__all__ = [
    "dispatch_events",
    "drain",
    "enqueue",
    "process_webhook",
    "run_reaction",
    "run_schedule",
    "schedules",
    "sweep_inbox",
    "sweep_outbox",
    "sync_all_schedules",
    "tidy",
]

# More waiting jobs than this, and a sweep lets the queue do its work first.
LONG_QUEUE = 1000
SWEEP = 200
KEEP_FAILED_JOBS = timedelta(days=30)
KEEP_DONE_RUNS = timedelta(days=90)
KEEP_IDEMPOTENCY_KEYS = timedelta(hours=24)


def dispatch_events() -> int:
    """Fan out all undispatched events and queue a job for each new run. Returns how many events there were."""
    total = 0
    while True:
        with transaction.atomic():
            count, run_ids = outbox.fan_out()
            for run_id in run_ids:
                enqueue("core.tasks.run_reaction", run_id, name=f"reaction {run_id}")
        total += count
        if count < outbox.BATCH:
            return total


def run_reaction(run_id: int) -> bool:
    """One consequence of one event."""
    return outbox.run_reaction(run_id)


def process_webhook(webhook_event_id: int) -> bool:
    """One stored message of an outside service."""
    return inbox.process(webhook_event_id)


def sweep_outbox() -> int:
    """Queue again what the queue has lost: undispatched events, runs whose worker was killed, retries that are due."""
    if backlog(LONG_QUEUE):
        return 0
    dispatch_events()
    leases.give_up_dead(ReactionRun)
    run_ids = leases.forgotten(ReactionRun, SWEEP)
    for run_id in run_ids:
        enqueue("core.tasks.run_reaction", run_id, name=f"reaction {run_id} again")
    return len(run_ids)


def sweep_inbox() -> int:
    """Queue again the messages that nobody has worked on for a minute, and the retries that are due."""
    if backlog(LONG_QUEUE):
        return 0
    leases.give_up_dead(WebhookEvent)
    ids = leases.forgotten(WebhookEvent, SWEEP)
    for pk in ids:
        enqueue("core.tasks.process_webhook", pk, name=f"webhook {pk} again")
    return len(ids)


def tidy() -> None:
    """Forget what nobody can need any more: idempotency keys after a day, failed jobs after 30, done runs after 90.

    Events stay: they are the audit trail. So do runs and messages that failed: they are open questions.
    """
    now = clock.now()
    IdempotencyRecord.objects.filter(created_at__lt=now - KEEP_IDEMPOTENCY_KEYS).delete()
    forget_failures(now - KEEP_FAILED_JOBS)
    ReactionRun.objects.filter(state=WorkState.DONE, done_at__lt=now - KEEP_DONE_RUNS).delete()


def schedules() -> tuple[Schedule, ...]:
    """All schedules: core's own and the project's."""
    return (
        Schedule("core: sweep outbox", sweep_outbox, timedelta(minutes=1)),
        Schedule("core: sweep inbox", sweep_inbox, timedelta(minutes=1)),
        Schedule("core: tidy", tidy, timedelta(hours=1)),
        *project_schedules(),
    )


def sync_all_schedules() -> None:
    """Bring the scheduler's table up to date with the code. Called by every worker when it starts."""
    sync_schedules(schedules())


def run_schedule(name: str) -> bool:
    """Run one schedule under its lease; False when it runs already or is no longer in the code.

    Its error is kept in its ScheduleRun, for the admin and for /readyz, and raised on, for the queue's log.
    """
    function = {schedule.name: schedule.function for schedule in schedules()}.get(name)
    if function is None:
        return False
    now = clock.now()
    ScheduleRun.objects.bulk_create([ScheduleRun(name=name)], ignore_conflicts=True)
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    row = ScheduleRun.objects.filter(name=name)
    if not row.filter(free).update(started_at=now, lease_until=now + leases.LEASE):
        return False
    try:
        function()
    except BaseException:
        row.update(lease_until=None, last_error=traceback.format_exc()[-leases.ERROR_LENGTH :].replace("\x00", "\ufffd"))
        raise
    row.update(finished_at=clock.now(), lease_until=None, last_error="")
    return True


def drain() -> int:
    """Do everything that is due at `clock.now()`, here and now, in this process: events, reactions, messages, and what follows
    from them, until nothing is due. Returns how many reactions and messages were done.

    For tests and for simulated time. A failure is logged and put back for later, as in the queue, so this always ends. Schedules
    are not run: who simulates time calls their functions. Safe beside a running worker.
    """
    done = 0
    while True:
        events, _run_ids = outbox.fan_out()
        runs = list(leases.due(ReactionRun).order_by("pk").values_list("pk", flat=True))
        messages = list(leases.due(WebhookEvent).order_by("pk").values_list("pk", flat=True))
        if not (events or runs or messages):
            return done
        done += sum(outbox.run_reaction(pk) for pk in runs) + sum(inbox.process(pk) for pk in messages)
