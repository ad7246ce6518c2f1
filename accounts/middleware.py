"""The only place that decides which account a page request acts for, and that keeps answers to somebody out of every cache."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from django.utils.functional import SimpleLazyObject

from accounts.access import acting_membership, own_memberships
from accounts.http import AccountRequest
from accounts.models import Account, Membership


class ActingAccountMiddleware:
    """Put `request.memberships`, `.membership` and `.account` there: one query at first use, none without it.

    For anonymous visitors all are empty (false). API tokens replace the last two by their own account.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        mine = cast(list[Membership], SimpleLazyObject(lambda: own_memberships(request)))
        membership = cast(Membership, SimpleLazyObject(lambda: acting_membership(request, mine)))
        acting = cast(AccountRequest, request)
        acting.memberships = mine
        acting.membership = membership
        acting.account = cast(Account, SimpleLazyObject(lambda: membership.account if membership else None))
        return self.get_response(request)


class NothingPersonalIsKept:
    """An answer to a signed-in user or a token is stored by nobody, unless its view has said otherwise.

    So the browser's way back shows nothing after signing out, and a proxy gives nobody's page to somebody else. An answer that
    has not asked who reads it is left alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The view's answer, marked where it is somebody's."""
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and _is_personal(request):
            add_never_cache_headers(response)
        return response


def _is_personal(request: HttpRequest) -> bool:
    return "Authorization" in request.headers or (request.session.accessed and request.user.is_authenticated)
