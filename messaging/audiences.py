"""Only who is written to: active people with a confirmed address, members of one of the two sides. Never staff as such."""

from django.db.models import Q, QuerySet

from accounts.models import Membership, User
from accounts.queries import reachable_members
from accounts.states import Role
from contracts.models import Contract
from providers.models import Provider


def payers(contract: Contract) -> list[User]:
    """Whoever looks after the customer's money (owners, billing), and the member who ordered."""
    of_money = Q(role__in=[Role.OWNER, Role.BILLING]) | Q(user=contract.ordered_by_id)
    return _people(reachable_members(contract.customer).filter(of_money))


def renter(contract: Contract) -> list[User]:
    """The member who ordered; the account's owners where that one has left it."""
    members = reachable_members(contract.customer)
    return _people(members.filter(user=contract.ordered_by_id)) or _people(members.filter(role=Role.OWNER))


def provider_team(contract: Contract) -> list[User]:
    """Who answers and sets up: owners and members of the provider's account."""
    return _people(reachable_members(contract.provider.account).filter(role__in=[Role.OWNER, Role.MEMBER]))


def provider_people(provider: Provider) -> list[User]:
    """Everybody of the provider's account: money concerns those who earn it as well as those who look after it."""
    return _people(reachable_members(provider.account))


def _people(members: QuerySet[Membership]) -> list[User]:
    return [member.user for member in members]
