"""Long random walks, for the soak: the same rules as the short ones, many more steps and seeds."""

from random import Random

import pytest
from django.db import transaction

from tests.random_walk import RandomMarket


@pytest.mark.soak
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(200))
def test_a_long_walk_loses_nothing(seed: int) -> None:
    walk = transaction.atomic()
    walk._from_testcase = True  # type: ignore[attr-defined]  # Django's own mark has no type
    with walk:
        market = RandomMarket(Random(seed))
        for step in range(300):
            market.step()
            if step % 10 == 0:
                market.check()
        market.finish()
        transaction.set_rollback(True)
