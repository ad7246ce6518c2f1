"""Only thin wrappers: what the queue, the schedules and the outbox call."""

from contextlib import suppress

from core.errors import Refused
from core.jobs import enqueue
from core.models import DomainEvent
from payouts.services import release

# A night of a large market takes longer than the queue lets other jobs live.
RELEASE_SECONDS = 6 * 3600


def begin_release() -> None:
    """Every night, at RELEASE_HOUR: what is earned is released, by a job that may take its time."""
    enqueue("payouts.tasks.make_releases", name="release of what is earned", seconds=RELEASE_SECONDS)


def resume_release() -> None:
    """Every hour: what a worker left that died, or that was off that night, is begun again."""
    if not release.is_released(release.last_release_hour()):
        begin_release()


def make_releases() -> bool:
    """Release what is due, unless somebody does that just now: the queue begins a long job again beside itself."""
    with release.alone() as is_alone:
        if is_alone:
            release.release_due()
    return is_alone


def release_ended_contract(event: DomainEvent) -> None:
    """A contract ended, or a dispute of it closed: the rest of what was earned is the provider's."""
    with suppress(Refused):
        release.release_ended(int(event.subject.removeprefix("contract:")))
