"""Only what a page does when a rule of the business says no: the reason as a message, and back to where one came from."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.access import require_role
from accounts.http import AccountRequest
from accounts.states import Role
from core.errors import Refused

View = Callable[[AccountRequest, str], HttpResponse]


def see(page: str, reference: str) -> HttpResponse:
    """On to a contract's page after a form was sent."""
    return HttpResponseRedirect(reverse(page, args=[reference]), status=HTTPStatus.SEE_OTHER)


def acts_on(page: str) -> Callable[[View], View]:
    """For views that change a contract: members who manage it only, and a refusal leads back to `page` with its reason."""

    def decorate(view: View) -> View:
        @wraps(view)
        def acting(request: AccountRequest, reference: str) -> HttpResponse:
            try:
                require_role(request, Role.OWNER, Role.MEMBER)
                return view(request, reference)
            except Refused as refused:
                messages.error(request, refused.reason)
                return see(page, reference)

        return acting

    return decorate


def may_act(request: AccountRequest) -> bool:
    """Whether this member manages contracts; billing members only pay and read."""
    return request.membership.role in {Role.OWNER, Role.MEMBER}
