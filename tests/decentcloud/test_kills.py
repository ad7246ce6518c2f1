"""The real business under SIGKILL: whoever dies at whatever line, no unit of money is lost and none is moved twice.

A child process does the work of the queue (messages, reactions, deadlines, sweeps) on the real database and is killed at a
random moment, again and again, while people go on ordering, paying and leaving. Then everything is let come to its end.
"""

from collections.abc import Callable
from random import Random

import pytest

from billing.models import Refund, SandboxRefund, StaffTask
from core import clock
from tests.races import killed_after
from tests.random_walk import RandomMarket

pytestmark = pytest.mark.django_db(transaction=True)


class DeadlyMarket(RandomMarket):
    """A random market whose queue lives in children that are killed."""

    kills = 0

    def drain(self) -> None:
        self._in_child(super().drain)

    def deliver_messages(self) -> None:
        self._in_child(super().deliver_messages)

    def schedules(self) -> None:
        self._in_child(super().schedules)

    def release(self) -> None:
        self._in_child(super().release)

    def _in_child(self, work: Callable[[], None]) -> None:
        def at_this_time() -> None:
            with clock.at(self.now):
                work()

        self.kills += killed_after(self.random.uniform(0.001, 0.08), at_this_time)


def live_through(kills: int, seed: int) -> None:
    market = DeadlyMarket(Random(seed))
    while market.kills < kills:
        market.step()
    market.check()
    # From here on nobody is killed any more: what is left half done must be finished by the ordinary sweeps.
    survivor = RandomMarket.__new__(RandomMarket)
    survivor.__dict__.update(market.__dict__)
    survivor.finish()
    sent = set(SandboxRefund.objects.filter(status="succeeded").values_list("external_id", flat=True))
    ours = list(Refund.objects.filter(state="succeeded", reference="").values_list("external_id", flat=True))
    # Of a refund that was made in the bank's dashboard with nothing left to give back, staff knows instead.
    beyond = {key.rpartition(":")[2] for key in StaffTask.objects.filter(key__startswith="beyond:").values_list("key", flat=True)}
    assert len(ours) == len(set(ours))
    assert sent - set(ours) <= beyond
    assert set(ours) <= sent


def test_forty_kills_lose_and_double_nothing() -> None:
    live_through(40, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_kills_lose_and_double_nothing(seed: int) -> None:
    live_through(100, seed=seed)
