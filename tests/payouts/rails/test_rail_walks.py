"""Random refunds, disputes, lost answers and payouts through Stripe: after every step all sums agree, and nothing left twice."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.payouts.rails.card_market import card_market


def live_through(seed: int, steps: int) -> None:
    # Marked as a test's own, as Django's TestCase does: calls to Stripe may stand inside it.
    walk = transaction.atomic()
    walk._from_testcase = True  # type: ignore[attr-defined]  # Django's own mark has no type
    with walk, card_market(seed) as market:
        market.begin()
        for _step in range(steps):
            market.step()
            with market.at():
                market.check()
        market.finish()
        transaction.set_rollback(True)


@pytest.mark.django_db
# A smaller seed is no shorter walk: nothing is gained by shrinking.
@settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_no_walk_through_stripe_pays_twice_or_loses_a_cent(seed: int) -> None:
    live_through(seed, 25)


@pytest.mark.soak
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(50))
def test_a_long_walk_through_stripe_agrees_to_the_last_cent(seed: int) -> None:
    live_through(seed, 200)
