"""Only who is written to: active people with a confirmed address, members of one of the two sides. Never staff as such."""

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Account, Membership, User
from accounts.states import Role
from contracts.models import Contract


def payers(contract: Contract) -> list[User]:
    """Whoever looks after the customer's money (owners, billing), and the member who ordered."""
    of_money = Q(role__in=[Role.OWNER, Role.BILLING]) | Q(user=contract.ordered_by_id)
    return _people(_members(contract.customer).filter(of_money))


def renter(contract: Contract) -> list[User]:
    """The member who ordered; the account's owners where that one has left it."""
    members = _members(contract.customer)
    return _people(members.filter(user=contract.ordered_by_id)) or _people(members.filter(role=Role.OWNER))


def provider_team(contract: Contract) -> list[User]:
    """Who answers and sets up: owners and members of the provider's account."""
    return _people(_members(contract.provider.account).filter(role__in=[Role.OWNER, Role.MEMBER]))


def _members(account: Account) -> QuerySet[Membership]:
    confirmed = EmailAddress.objects.filter(user=OuterRef("user"), email=OuterRef("user__email"), verified=True)
    return Membership.objects.filter(Exists(confirmed), account=account, user__is_active=True)


def _people(members: QuerySet[Membership]) -> list[User]:
    return [member.user for member in members.select_related("user").order_by("user")]
