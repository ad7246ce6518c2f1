"""A market of two organisations, so that every role of both sides is there to be told or not."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from accounts.models import Account, Membership, User
from accounts.services import create_organisation, create_user
from accounts.states import Role
from contracts import actors
from core import clock
from decentcloud.demo.cast import Cast, Renter
from providers.models import Offering
from providers.services import become_provider, create_offering, publish_offering
from tests.walk import BUYER, OFFERED, START, with_key


@dataclass
class Town:
    """People by what they are, for instance "customer_billing"; both accounts, and an offering."""

    people: dict[str, User] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def settle(self, side: str) -> None:
        for role in Role:
            user = create_user(f"{side}.{role}@example.com", name=f"{side} {role}", verified=True)
            self.people[f"{side}_{role}"] = user
            if role == Role.OWNER:
                self.accounts[side] = create_organisation(user, f"The {side}s")
            else:
                Membership.objects.create(user=user, account=self.accounts[side], role=role)


@pytest.fixture
def town(db: None) -> Town:
    """Both organisations with an owner, a member and someone for billing each."""
    with clock.at(START - timedelta(days=30)):
        town = Town()
        town.settle("customer")
        town.settle("provider")
    return town


@pytest.fixture
def town_offering(town: Town) -> Offering:
    with clock.at(START - timedelta(days=30)):
        provider = become_provider(town.accounts["provider"], name="Quietstack", country="DE", city="Nuremberg")
        return publish_offering(create_offering(provider, **OFFERED))


@pytest.fixture
def owner(town: Town) -> actors.Actor:
    """The provider's owner, at work."""
    return actors.provider(town.people["provider_owner"].pk)


@pytest.fixture
def cast(customer: User, staff: User) -> Cast:
    """The people of the demo's stories, as the ones of the tests."""
    renter = Renter(customer, BUYER, with_key(customer))
    return Cast(renter, renter, staff, staff)
