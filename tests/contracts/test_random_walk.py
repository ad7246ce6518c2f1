"""Random actions of random people: no move outside the table, no unit of money lost."""

from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.random_walk import RandomMarket


@pytest.mark.django_db
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_no_walk_leaves_the_table_or_loses_money(seed: int) -> None:
    # Marked as a test's own, as Django's TestCase does: the durable blocks of the outbox may stand inside it.
    walk = transaction.atomic()
    walk._from_testcase = True  # type: ignore[attr-defined]  # Django's own mark has no type
    with walk:
        market = RandomMarket(Random(seed))
        for _step in range(50):
            market.step()
            market.check()
        market.finish()
        transaction.set_rollback(True)
