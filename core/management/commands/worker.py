"""`manage.py worker`: the process that works off the queue and keeps the schedules, and starts anew when its insides have died.

django-q2 runs as a small tree of processes. A kill of one of them can leave the others waiting for a lock that nobody will ever
release, or working on without a head. So: every child dies with its parent, and this process watches the pulse that a schedule
leaves each minute after it came through scheduler, queue and worker. No pulse, or no child: everything is ended and started anew.
What was in the middle of something is taken up again when its lease ends.
"""

import ctypes
import logging
import multiprocessing
import os
import select
import signal
import sys
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections

from core import clock, jobs, queries, tasks

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0
STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})
PATIENCE_WITH_DATABASE = 5.0
_PR_SET_PDEATHSIG = 1


class Command(BaseCommand):
    """Work off the queue until told to stop (SIGTERM, SIGINT)."""

    help = "Works off the queue and keeps the schedules."

    def handle(self, *args: Any, **options: Any) -> None:
        # From the very start: a signal while the queue starts up must stop it too, not look like the death of its processes.
        box = _box_of_signals()
        _prepare()
        connections.close_all()
        os.register_at_fork(after_in_child=_leave_the_parent)
        call_command("qcluster")
        silence = timedelta(seconds=settings.WORKER_SILENCE_SECONDS)
        started = clock.now()
        while True:
            # In this order: the queue's handler ends its processes, and what it was told stands in the box before that.
            alone = not multiprocessing.active_children()
            if _told_to_stop(box):
                return
            if alone:
                _start_anew("its processes have died")
            if clock.now() - started > silence and _is_silent(silence):
                _start_anew(f"no schedule has run for {silence}")


def _prepare() -> None:
    """Schedules as the code has them, and a first job, so that the pulse is there at once. Waits for a database that is away."""
    while True:
        try:
            tasks.sync_all_schedules()
            jobs.enqueue(jobs.RUN_SCHEDULE, "core: sweep outbox", name="sweep outbox at start")
        except DatabaseError:
            logger.exception("the database does not answer; the worker tries again")
            connections.close_all()
            time.sleep(PATIENCE_WITH_DATABASE)
        else:
            return


def _box_of_signals() -> int:
    """A pipe that gets the number of every signal from now on, while the queue's own handlers do their work (finish, then stop)."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _told_to_stop(box: int) -> bool:
    """Whether somebody wants this to end; looks for LOOK_EVERY seconds at most."""
    select.select([box], [], [], LOOK_EVERY)
    # Once more: when a signal's handler uses up the time, the look above ends without having seen what is there.
    readable, _writable, _broken = select.select([box], [], [], 0)
    return bool(readable) and not STOPPING.isdisjoint(os.read(box, 4096))


def _is_silent(silence: timedelta) -> bool:
    """Whether the pulse has stopped although the database answers; without a database silence says nothing."""
    try:
        pulse = queries.queue_pulse()
    except DatabaseError:
        return False
    finally:
        connections.close_all()
    return pulse is None or clock.now() - pulse > silence


def _start_anew(reason: str) -> None:
    """End every child and become a fresh worker under the same process id."""
    logger.critical("the worker starts anew: %s", reason)
    for child in multiprocessing.active_children():
        child.kill()
        child.join()
    os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606 -- our own command line, unchanged


def _leave_the_parent() -> None:
    """In each child: its signals are its own, and it is killed when the parent dies, so that no orphan holds on to jobs.

    The latter on Linux only; elsewhere leases suffice.
    """
    signal.set_wakeup_fd(-1)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
