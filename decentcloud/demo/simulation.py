"""Only time passing: many stories on one clock, and between their steps everything that worker and bank would do."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from django.db.models import Min

from billing import sandbox_bank
from billing import services as billing
from billing.models import Charge, SandboxPayment, SandboxRefund
from billing.sandbox_messages import deliver_due
from billing.webhooks import accept
from contracts import services as contracts
from contracts.models import Contract
from core import clock
from core.tasks import drain
from payouts.services.release import last_release_hour, release_due
from providers.services import release_expired_holds

# What happens, one step after the other; each `yield` says how long it is until the next.
Story = Iterator[timedelta]

A_DAY = timedelta(days=1)
# Each of the last nights has its release; before, a worker that comes by once a week is as good, and loads faster.
NIGHTLY = 7


def play(stories: Iterable[tuple[datetime, Story]], until: datetime) -> None:
    """Let each story begin at its moment and go on as far as `until`; what would come later does not happen.

    The stories share one clock, so that rows, events and ledger lines are written in the order in which they happened.
    """
    waiting = [(moment, number, story) for number, (moment, story) in enumerate(stories)]
    heapify(waiting)
    last = waiting[0][0]
    while waiting and waiting[0][0] <= until:
        moment, number, story = heappop(waiting)
        _let_pass(last, moment, until)
        last = moment
        with clock.at(moment):
            wait = next(story, None)
            _follow_up()
        if wait is not None:
            heappush(waiting, (moment + wait, number, story))
    _let_pass(last, until, until)


def _let_pass(last: datetime, until: datetime, end: datetime) -> None:
    """What becomes due by itself between two steps happens when it is due, not when somebody next does something."""
    while True:
        due, night = _next_due(last), _next_night(last, end)
        last = night if due is None else min(due, night)
        if last > until:
            return
        with clock.at(last):
            _run_schedules()
            if last == night:
                release_due()
            _follow_up()


def _next_night(last: datetime, end: datetime) -> datetime:
    """The next release after `last`, as far apart as NIGHTLY says, counted from the `end`."""
    with clock.at(end):
        last_of_all = last_release_hour()
    with clock.at(last):
        night = last_release_hour() + A_DAY
    while (last_of_all - night).days > NIGHTLY and (last_of_all - night).days % 7:
        night += A_DAY
    return night


def _next_due(last: datetime) -> datetime | None:
    """The first moment after `last` at which the scheduler or the bank has something to do."""
    charges = Charge.objects.filter(expires_at__gt=last, paid_at=None, closed_at=None)
    moments: list[datetime | None] = [
        Contract.objects.filter(deadline_at__gt=last).aggregate(due=Min("deadline_at"))["due"],
        charges.aggregate(due=Min("expires_at"))["due"],
        SandboxPayment.objects.filter(settles_at__gt=last).aggregate(due=Min("settles_at"))["due"],
        SandboxRefund.objects.filter(settles_at__gt=last).aggregate(due=Min("settles_at"))["due"],
    ]
    return min((moment for moment in moments if moment is not None), default=None)


def _run_schedules() -> None:
    contracts.work_deadlines()
    billing.expire_unpaid_charges()
    billing.sweep_refunds()
    release_expired_holds()


def _follow_up() -> None:
    """What worker and bank do at once, until nothing is due any more."""
    while sandbox_bank.tick() + deliver_due(accept) + drain():
        pass
