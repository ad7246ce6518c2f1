"""What the tests of contracts stand on: a published offering and contracts walked into a state by the real services."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from contracts.models import Contract
from providers.models import Offering
from tests import walk


@pytest.fixture
def offering(provider_user: User) -> Offering:
    """A VPS of Quietstack, with a set-up fee."""
    return walk.offered_by(provider_user, setup_fee_minor=1000)


@pytest.fixture
def rented(customer: User, offering: Offering) -> Callable[..., Contract]:
    """`rented("active")`: a contract ordered at walk.START and walked into a state of walk.WAYS."""

    def make(way: str, **order: Any) -> Contract:
        return walk.rented(way, customer, offering, **order)

    return make
