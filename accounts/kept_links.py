"""Only the secret of a mailed link while its reader signs in, or shows a second factor: sealed in the session, and in no address.

An address with a secret stands in logs, and in the `?next=` of every page on the way back. So the mailed link is the only address
that has it; whoever has to go elsewhere first comes back to a page without it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.access import signed_in
from accounts.http import AccountRequest
from accounts.secrets import Unreadable, seal, unseal

_KEPT = "mailed_link"
# Longer than any link of ours.
_LONGEST = 200


def keep_secret(request: HttpRequest, page: str, secret: str) -> None:
    """Remember the secret for `page`, a URL name without arguments; of several links the last counts."""
    if len(secret) <= _LONGEST:
        request.session[_KEPT] = {"page": page, "sealed": seal(secret)}


def forget_secret(request: HttpRequest) -> None:
    """It has done what it was mailed for."""
    request.session.pop(_KEPT, None)


def of_mailed_link(
    page: str,
) -> Callable[[Callable[[AccountRequest, str], HttpResponseBase]], Callable[Concatenate[HttpRequest, ...], HttpResponseBase]]:
    """For a view of a secret, at the mailed link and at `page`, which is the same without it: signed-in users only.

    Elsewhere on our site only the origin is told where somebody came from. At `page` with nothing kept the secret is empty.
    """

    def decorate(
        view: Callable[[AccountRequest, str], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, ...], HttpResponseBase]:
        guarded = signed_in(view)

        @wraps(view)
        def opened(request: HttpRequest, secret: str | None = None) -> HttpResponseBase:
            if secret is None:
                return guarded(request, _kept(request, page))
            if not request.user.is_authenticated:
                keep_secret(request, page, secret)
                return redirect_to_login(reverse(page))
            response = guarded(request, secret)
            response.headers["Referrer-Policy"] = "strict-origin"
            return response

        return opened

    return decorate


def _kept(request: HttpRequest, page: str) -> str:
    waiting = request.session.get(_KEPT)
    if waiting is None or waiting["page"] != page:
        return ""
    try:
        return unseal(waiting["sealed"])
    except Unreadable:
        return ""
