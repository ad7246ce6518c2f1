"""Guards of payouts: who sees where a provider is paid, and who decides it. Anything else is a 404."""

from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from accounts.access import own_accounts, require_role, user_of
from accounts.http import AccountRequest
from accounts.states import Role
from core.errors import Refused
from payouts.models import PayoutMethod
from payouts.queries import method_by_public_id, method_of_link


def seen_method(request: HttpRequest, public_id: UUID) -> PayoutMethod:
    """A method of a provider that the user belongs to, whichever account is in use: a mail leads to it. Http404 for any other."""
    method = method_by_public_id(public_id)
    if method is None or method.provider.account_id not in own_accounts(request):
        raise Http404
    return method


def owns(request: AccountRequest, account_id: int) -> bool:
    """Whether the user is an owner of this account, whichever account is in use."""
    return any(seat.account_id == account_id and seat.role == Role.OWNER for seat in request.memberships)


def require_owner(request: AccountRequest) -> None:
    """Raise Refused(role) unless the user is an owner of the account in use."""
    require_role(request, Role.OWNER)


def linked_method(request: AccountRequest, secret: str) -> PayoutMethod:
    """What a mailed link stands for, for an owner of its provider.

    Raises Refused: unknown_link for a stranger, as for a link that was never mailed; role for a member who is no owner.
    """
    method = method_of_link(secret, user_of(request))
    if not owns(request, method.provider.account_id):
        raise Refused(
            _("Only an owner of %(account)s decides where it is paid.") % {"account": method.provider.account.name}, code="role"
        )
    return method
