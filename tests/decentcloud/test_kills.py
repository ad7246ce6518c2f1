"""The real business under SIGKILL: whoever dies at whatever line, no unit of money is lost and none is moved twice.

A child process does the work of the queue (messages, reactions, deadlines, sweeps) on the real database and is killed at a
random moment, again and again, while people go on ordering, paying and leaving. Then everything is let come to its end.
"""

import os
import signal
import time
from collections.abc import Callable
from random import Random

import pytest
from django.db import connection

from billing.models import Refund, SandboxRefund, StaffTask
from core import clock
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

    def _in_child(self, work: Callable[[], None]) -> None:
        seconds = self.random.uniform(0.001, 0.08)
        connection.close()
        child = os.fork()
        if child == 0:
            try:
                with clock.at(self.now):
                    work()
            finally:
                # Neither the test's clean-up nor its report belong to the child.
                os._exit(0)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and os.waitpid(child, os.WNOHANG) == (0, 0):
            pass
        self._kill(child)

    def _kill(self, child: int) -> None:
        try:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        except (ProcessLookupError, ChildProcessError):
            return
        self.kills += 1


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
