"""Only how the life of a payment at a gateway is lived again with its events in another order, twice, late, or lost."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Generic, TypeVar

from hypothesis import HealthCheck, Phase, settings

from billing import services
from billing.models import LedgerLine, Payment
from core import clock
from core.models import DomainEvent
from core.tasks import drain
from tests.billing.paying import both_at
from tests.standin_server import Event, RunningStandin

S = TypeVar("S", bound=RunningStandin[Any, Any])
Step = Callable[[S, Payment], object]
Deliver = Callable[[list[Event]], None]
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Lives(Generic[S]):
    """Payments of one gateway: `new` opens one, `send_again` brings an event of it, `outcome` is all that it has come to. What got
    lost is looked for so many `hours` after the beginning.
    """

    standin: S
    new: Callable[[], Payment]
    send_again: Callable[[Event], bool]
    outcome: Callable[[Payment], dict[str, Any]]
    hours: tuple[int, ...]

    def in_order(self, steps: Sequence[tuple[int, Step[S]]]) -> dict[str, Any]:
        """What comes of it when each event is brought at once."""
        return self._live(steps, self._bring, nothing)

    def in_any_order(self, steps: Sequence[tuple[int, Step[S]]], seed: int) -> dict[str, Any]:
        """What comes of it when events are repeated, overtake each other and wait."""
        random = Random(seed)

        def anyhow(events: list[Event]) -> None:
            """Some of what has happened so far, perhaps twice, in any order; the queue works now or later."""
            for event in random.choices(events, k=random.randint(0, 2 * len(events))) if events else []:
                assert self.send_again(event)
                if random.random() < 0.5:
                    drain()

        def all_anyhow(events: list[Event]) -> None:
            self._bring(random.sample(events, k=len(events)))

        return self._live(steps, anyhow, all_anyhow)

    def lost(self, steps: Sequence[tuple[int, Step[S]]]) -> dict[str, Any]:
        """What comes of it when no event arrives."""
        return self._live(steps, nothing, nothing)

    def _live(self, steps: Sequence[tuple[int, Step[S]]], deliver: Deliver, at_last: Deliver) -> dict[str, Any]:
        """Let it all happen at its minutes to a new payment, with `deliver` bringing what it likes of the events so far, and
        `at_last` of all; then hours pass.
        """
        payment = self.new()
        start, first = clock.now(), len(self.standin.account.events)
        for minute, step in steps:
            with both_at(self.standin, start + timedelta(minutes=minute)):
                if minute > 120:
                    services.expire_unpaid_charges()
                step(self.standin, payment)
                deliver(self.standin.account.events[first:])
        with both_at(self.standin, start + timedelta(minutes=steps[-1][0] + 1)):
            at_last(self.standin.account.events[first:])
        for hours in self.hours:
            with both_at(self.standin, start + hours * HOUR):
                work()
        return self.outcome(payment)

    def _bring(self, events: list[Event]) -> None:
        """Each event as it comes, and what follows from it at once."""
        for event in events:
            assert self.send_again(event)
            drain()


def nothing(events: list[Event]) -> None:
    """The events get lost."""


def work() -> None:
    """What the schedules would do, and what the queue would."""
    for schedule in (
        services.reread_payments,
        services.expire_unpaid_charges,
        services.sweep_refunds,
        services.reread_disputes,
        services.reread_uncleared,
        services.read_reports,
    ):
        drain()
        schedule()
    drain()


def in_the_ledger(payment: Payment) -> dict[tuple[str, str], int]:
    """What the ledger has of a payment, by account and currency, without what is 0."""
    sums: Counter[tuple[str, str]] = Counter()
    for line in LedgerLine.objects.filter(entry__payment=payment):
        sums[line.account, line.currency] += int(line.amount)
    return {account: amount for account, amount in sorted(sums.items()) if amount}


def told_of(payment: Payment, names: Sequence[str]) -> Counter[str]:
    """How often each of these events was emitted for the payment's contract."""
    contract = payment.charge.contract_id
    return Counter(DomainEvent.objects.filter(subject=f"contract:{contract}", name__in=names).values_list("name", flat=True))


def examples(count: int) -> settings:
    """So many orders of events."""
    return settings(
        max_examples=count, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
