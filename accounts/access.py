"""Guards of the accounts floor: who is asking, for which account, and in which role. A stranger's object is a 404."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.http import AccountRequest
from accounts.models import Account, ApiToken, Membership, SshKey, User
from accounts.queries import memberships
from accounts.states import STAFF_SCOPES, Role, Scope
from core.errors import Refused

P = ParamSpec("P")

# The account that a browser acts for, when it is not the user's own.
CHOSEN_ACCOUNT = "account"


def signed_in(
    view: Callable[Concatenate[AccountRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let only signed-in users through, others to the login page and back; the view may rely on user and account."""
    guarded = login_required(cast(Callable[..., HttpResponseBase], view))
    return cast(Callable[Concatenate[HttpRequest, P], HttpResponseBase], guarded)


def user_of(request: HttpRequest | Request) -> User:
    """The signed-in user of a page or API request; raises Http404 for anybody else."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    return user


def account_of(request: HttpRequest | Request) -> Account:
    """The account that the request acts for: chosen in the session, the token's, or the user's own. Http404 for nobody."""
    user_of(request)
    return cast(AccountRequest, request).account


def capacity_of(request: HttpRequest | Request) -> str:
    """The account that a signed-in user acts for, as a word: what a repeated request must have in common with the first."""
    return f"account:{account_of(request).pk}"


def own_accounts(request: HttpRequest) -> frozenset[int]:
    """The ids of the accounts that the reader of a page belongs to; none for nobody."""
    return frozenset(membership.account_id for membership in cast(AccountRequest, request).memberships)


def token_of(request: Request) -> ApiToken | None:
    """The API token that the request came with; None for a signed-in browser."""
    return request.auth if isinstance(request.auth, ApiToken) else None


def open_scopes(request: HttpRequest | Request) -> list[Scope]:
    """What the reader may let a token do: a token what it may itself, a browser all; staff's only where the admin is open to it."""
    token = token_of(request) if isinstance(request, Request) else None
    if token is not None:
        return [scope for scope in Scope if scope in token.scopes]
    is_open = admin.site.has_permission(request)
    return [scope for scope in Scope if is_open or scope not in STAFF_SCOPES]


def own_memberships(request: HttpRequest) -> list[Membership]:
    """The accounts that the signed-in user may act for, their own first; none for nobody. Read anew for every request."""
    return memberships(request.user) if isinstance(request.user, User) else []


def acting_membership(request: HttpRequest, mine: list[Membership]) -> Membership | None:
    """The one to act under: the account chosen in this session while the user belongs to it, else their own account."""
    if not mine:
        return None
    chosen = request.session.get(CHOSEN_ACCOUNT)
    return next((membership for membership in mine if membership.account_id == chosen), mine[0])


def require_role(request: HttpRequest | Request, *roles: Role) -> Membership:
    """The membership in use, when its role is one of these; raises Refused with code `role` otherwise."""
    user_of(request)
    membership = cast(AccountRequest, request).membership
    if membership.role not in roles:
        raise Refused(
            _("Your role in %(account)s is %(role)s, which does not allow this.")
            % {"account": membership.account.name, "role": membership.get_role_display()},
            code="role",
        )
    return membership


def chosen_account(request: AccountRequest, account_id: int) -> Account:
    """An account that the user belongs to, whichever is in use now; Http404 for any other."""
    found = Membership.objects.select_related("account").filter(user=request.user, account_id=account_id).first()
    if found is None:
        raise Http404
    return found.account


def own_organisation(request: AccountRequest) -> Account:
    """The organisation in use; Http404 when the user acts for their own account."""
    if request.account.is_personal:
        raise Http404
    return request.account


def own_ssh_key(request: HttpRequest | Request, key_id: int) -> SshKey:
    """A key of the account in use; Http404 for any other."""
    key = SshKey.objects.filter(account=account_of(request), pk=key_id).first()
    if key is None:
        raise Http404
    return key


def own_token(request: HttpRequest | Request, token_id: int) -> ApiToken:
    """One of the user's own tokens for the account in use; Http404 for any other, a colleague's too."""
    token = ApiToken.objects.filter(user=user_of(request), account=account_of(request), pk=token_id).first()
    if token is None:
        raise Http404
    return token
