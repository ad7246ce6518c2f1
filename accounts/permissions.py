"""What an API token may do: the scopes of a view. A signed-in browser has all scopes."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiToken, User


class HasScope(BasePermission):
    """Asks for the scope that the view names for the method: `scopes = {"GET": Scope.X, "POST": Scope.Y}`.

    A method without a scope is closed to tokens, so that forgetting one opens nothing.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether user and token may call this method; `message` names the scope that is missing."""
        if not isinstance(request.user, User):
            return False
        return self._token_may(request, view)

    def _token_may(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiToken):
            return True
        scopes: dict[str, Any] = getattr(view, "scopes", {})
        method = "GET" if request.method == "HEAD" else str(request.method)
        wanted = scopes.get(method)
        self.message = (
            _("This token lacks the scope %(scope)s.") % {"scope": wanted.value} if wanted else _("Tokens cannot be used here.")
        )
        return wanted is not None and wanted.value in request.auth.scopes


class HasScopeOrIsAnonymous(HasScope):
    """For what everybody may read: nobody needs a token, but who sends one needs the scope."""

    # Read by the description of the API.
    admits_anonymous = True

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller may; anonymous callers may always."""
        return self._token_may(request, view)


class HasStaffScope(HasScope):
    """For staff only: a token with the scope whose owner is staff, or a browser that the admin is open to.

    The view names Django's right for each method as well: `rights = {"GET": "payouts.view_payout"}`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether user and token may call this method."""
        if not super().has_permission(request, view):
            return False
        self.message = _("Only staff may do this.")
        method = "GET" if request.method == "HEAD" else str(request.method)
        is_open = request.user.is_staff if isinstance(request.auth, ApiToken) else admin.site.has_permission(request._request)  # noqa: SLF001 -- the page request below
        return is_open and request.user.has_perm(view.rights[method])


class AnyToken(HasScope):
    """For what every token may ask: who it is."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether somebody is signed in, by browser or by any token."""
        return isinstance(request.user, User)
