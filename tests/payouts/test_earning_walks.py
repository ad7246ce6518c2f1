"""Random nights, ends, banks and payouts: after every step each unit of every payment has one place, and each provider its due."""

from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import clock
from tests.payouts.earning_market import EarningMarket


def live_through(seed: int, steps: int) -> None:
    # Marked as a test's own, as Django's TestCase does: the durable blocks of the outbox may stand inside it.
    walk = transaction.atomic()
    walk._from_testcase = True  # type: ignore[attr-defined]  # Django's own mark has no type
    with walk:
        market = EarningMarket(Random(seed))
        for _step in range(steps):
            market.step()
            with clock.at(market.now):
                market.check()
        market.finish()
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_no_walk_earns_too_much_or_pays_twice(seed: int) -> None:
    live_through(seed, 40)


@pytest.mark.soak
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(100))
def test_a_long_walk_earns_and_pays_to_the_last_unit(seed: int) -> None:
    live_through(seed, 250)
