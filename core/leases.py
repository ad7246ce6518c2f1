"""How work is taken, finished, put back and given up: compare-and-set on its row, so that a kill at any moment is harmless."""

import logging
import traceback
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TypeVar

from django.db.models import Q, QuerySet

from core import clock
from core.models import LeasedWork
from core.states import WorkState
from core.transactions import require_no_transaction
from core.written import columns, rows

logger = logging.getLogger(__name__)

Work = TypeVar("Work", bound=LeasedWork)

# Longer than the queue lets a job live (60 s and 3 s of grace), so that a lease never ends under a worker that still works.
LEASE = timedelta(seconds=90)
MAX_ATTEMPTS = 10
LONGEST_WAIT = timedelta(hours=12)
ERROR_LENGTH = 8000


def backoff(attempts: int) -> timedelta:
    """How long to wait after that many failed attempts: 1, 5, 25, 125, 625 minutes, then half a day."""
    return min(timedelta(minutes=5 ** (attempts - 1)), LONGEST_WAIT)


def due(kind: type[Work]) -> QuerySet[Work]:
    """What can be taken now: pending and due, or running under a lease that has ended (its worker was killed)."""
    now = clock.now()
    return QuerySet(kind).filter(
        Q(state=WorkState.PENDING, next_at__lte=now) | Q(state=WorkState.RUNNING, lease_until__lte=now),
        attempts__lt=MAX_ATTEMPTS,
    )


def take(kind: type[Work], pk: int) -> Work | None:
    """Take the lease, or None if there is nothing to do here: done, not due yet, or in somebody else's hands."""
    now = clock.now()
    taken = rows(kind, _taking(kind), [now + LEASE, pk, MAX_ATTEMPTS, now, now])
    return taken[0] if taken else None


@cache
def _taking(kind: type[LeasedWork]) -> str:
    """What `due` says of one row, written out with the change: everything that is worked on passes here."""
    pending, running = WorkState.PENDING.value, WorkState.RUNNING.value
    return (
        f"UPDATE {kind._meta.db_table} SET state = '{running}', attempts = attempts + 1, lease_until = %s"  # noqa: S608 (constants)
        f" WHERE id = %s AND attempts < %s AND (state = '{pending}' AND next_at <= %s OR state = '{running}' AND lease_until <= %s)"
        f" RETURNING {columns(kind)}"
    )


def run(kind: type[Work], pk: int, work: Callable[[Work], object]) -> bool:
    """Do `work(row)` under the lease, outside of a transaction (else RuntimeError); True if it was done now.

    An exception puts the row back with its traceback, due again after `backoff`, or fails it after MAX_ATTEMPTS; it is logged,
    not raised. What is no Exception (the queue's time limit, Ctrl-C) is put back too, then raised on.
    """
    require_no_transaction()
    row = take(kind, pk)
    if row is None:
        return False
    try:
        work(row)
    except Exception:
        logger.exception("%s %s failed at attempt %s", kind.__name__, pk, row.attempts)
        _put_back(row, traceback.format_exc())
        return False
    except BaseException:
        _put_back(row, traceback.format_exc())
        raise
    _held(row).update(state=WorkState.DONE, lease_until=None, last_error="", **{kind.finished_field: clock.now()})
    return True


def _held(row: Work) -> QuerySet[Work]:
    """The row, if we still hold exactly the lease that we took: a worker that was too slow must not speak for its successor."""
    return QuerySet(type(row)).filter(pk=row.pk, state=WorkState.RUNNING, attempts=row.attempts, lease_until=row.lease_until)


def _put_back(row: LeasedWork, error: str) -> None:
    """Due again later, or given up."""
    # PostgreSQL stores no NUL in text, and a traceback may quote one.
    text = error.replace("\x00", "\ufffd")[-ERROR_LENGTH:]
    if row.attempts >= MAX_ATTEMPTS:
        _held(row).update(state=WorkState.FAILED, lease_until=None, last_error=text)
    else:
        _held(row).update(state=WorkState.PENDING, lease_until=None, last_error=text, next_at=clock.now() + backoff(row.attempts))


def give_up_dead(kind: type[Work]) -> int:
    """Fail what has killed its worker MAX_ATTEMPTS times: nobody was left to write that down. Returns how many."""
    return (
        QuerySet(kind)
        .filter(state=WorkState.RUNNING, lease_until__lte=clock.now(), attempts__gte=MAX_ATTEMPTS)
        .update(state=WorkState.FAILED, lease_until=None, last_error="The worker died in the last attempt.")
    )


def forgotten(kind: type[Work], limit: int) -> list[int]:
    """Ids of what should have been queued: retries that are due, leases that ended, and what has waited for a minute."""
    stale = clock.now() - timedelta(seconds=60)
    rows = due(kind).filter(Q(attempts__gt=0) | Q(next_at__lte=stale)).order_by("next_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def reopen(kind: type[Work], pk: int) -> bool:
    """Make a row due now with all attempts before it ("process again"), unless somebody works on it. True if it was reopened."""
    now = clock.now()
    return bool(
        QuerySet(kind)
        .filter(pk=pk)
        .exclude(state=WorkState.RUNNING, lease_until__gt=now)
        .update(state=WorkState.PENDING, attempts=0, lease_until=None, next_at=now, **{kind.finished_field: None})
    )
