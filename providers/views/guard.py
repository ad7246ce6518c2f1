"""Only what the provider's pages have in common: who may change something, and where a refusal leads."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.http import AccountRequest
from core.errors import Refused
from providers.access import require_offerer

P = ParamSpec("P")
View = Callable[Concatenate[AccountRequest, P], HttpResponseBase]

UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY


def see(page: str, *args: object) -> HttpResponse:
    """On to another page after a form was sent."""
    return HttpResponseRedirect(reverse(page, args=args), status=HTTPStatus.SEE_OTHER)


def of_provider(view: View[P]) -> View[P]:
    """For pages of an account that is a provider; one that only rents is led to where it becomes one."""

    @wraps(view)
    def guarded(request: AccountRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            if refused.code == "not_a_provider":
                return redirect("provider_become")
            messages.error(request, refused.reason)
            return see("provider_offerings")

    return guarded


def changes_offers(view: View[P]) -> View[P]:
    """For pages that change what is offered: owners and members only; a refusal leads to the list with its reason."""

    @wraps(view)
    def guarded(request: AccountRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        require_offerer(request)
        return view(request, *args, **kwargs)

    return of_provider(guarded)
