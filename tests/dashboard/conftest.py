"""What every page test of the dashboard stands on: an offering, and a market whose clock is the test's."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from contracts.models import Contract
from core import clock
from providers.models import Offering
from tests import walk

# When most pages are looked at: six days after the order.
NOW = walk.START + timedelta(days=6)
AGO = {
    "unpaid": timedelta(minutes=18),
    "processing": timedelta(minutes=18),
    "requested": timedelta(hours=3),
    "accepted": timedelta(minutes=50),
    "provisioning": timedelta(minutes=40),
    "provisioned": timedelta(hours=2),
    "disputed_before_delivery": timedelta(hours=1),
    "suspended": timedelta(days=8),
}


@pytest.fixture
def now() -> Iterator[datetime]:
    """The test's present."""
    with clock.at(NOW) as moment:
        yield moment


@pytest.fixture
def offering(provider_user: User) -> Offering:
    """A VPS of Quietstack, with a set-up fee."""
    return walk.offered_by(provider_user, setup_fee_minor=1000)


@pytest.fixture
def rented(customer: User, offering: Offering, now: datetime) -> Callable[..., Contract]:
    """`rented("active")`: the customer's contract in a state of walk.WAYS, as old as makes it look natural now."""

    def make(way: str, *, ago: timedelta | None = None, of: Offering | None = None, **order: Any) -> Contract:
        age = ago or AGO.get(way, timedelta(days=6, hours=1))
        return walk.rented(way, customer, of or offering, now - age, **order)

    return make
