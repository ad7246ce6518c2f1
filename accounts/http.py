"""The type of a request that went through `accounts.middleware` and a sign-in guard."""

from django.http import HttpRequest

from accounts.models import Account, Membership, User


class AccountRequest(HttpRequest):
    """A request of a signed-in user, acting for `account` by `membership`, one of `memberships`. For annotations only."""

    user: User
    account: Account
    membership: Membership
    memberships: list[Membership]
