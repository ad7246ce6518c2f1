"""Only what the pages about being paid ask before they do anything: an owner, and a second factor shown just now."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.http import AccountRequest
from accounts.proving import has_proved_lately, needs_no_factor, page_that_asks
from accounts.queries import has_second_factor
from accounts.secrets import Unreadable, seal, unseal
from core.errors import Refused
from payouts.access import require_owner
from payouts.forms import MethodForm
from providers.views.guard import see

P = ParamSpec("P")
View = Callable[Concatenate[AccountRequest, P], HttpResponseBase]

# Where what was typed waits, sealed, while the second factor is asked for.
TYPED = "payout_method_typed"
_LONGEST_TYPED = 200


def of_owner(view: View[P]) -> View[P]:
    """For pages that set where the account in use is paid: owners only. A refusal leads to the list with its reason."""

    @wraps(view)
    def guarded(request: AccountRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            require_owner(request)
            return view(request, *args, **kwargs)
        except Refused as refused:
            if refused.code == "not_a_provider":
                return redirect("provider_become")
            messages.error(request, refused.reason)
            return see("payout_methods")

    return guarded


def factor_first(request: AccountRequest, goal: str, since: datetime | None = None) -> HttpResponse | None:
    """None for somebody who has proved a second factor lately (after `since`, where given); else where to go before `goal`.

    A password typed again is no second factor. Somebody who has none sees how to set one up.
    """
    user = request.user
    if needs_no_factor(user):
        return None
    if not has_second_factor(user):
        return render(request, "payouts/factor_needed.html", {"goal": goal}, status=HTTPStatus.FORBIDDEN)
    if has_proved_lately(request, user, since):
        return None
    messages.info(request, _("Show your second factor to go on: it decides where money goes."))
    return HttpResponseRedirect(page_that_asks(user, goal))


def keep_typed(request: AccountRequest, form: MethodForm) -> None:
    """Keep what was sent until the second factor is shown, so that nobody types it twice."""
    if request.method != "POST":
        return
    typed = {name: request.POST.get(name, "")[:_LONGEST_TYPED] for name in form.fields}
    request.session[TYPED] = {"kind": form.kind.value, "sealed": seal(json.dumps(typed))}


def typed_before(request: AccountRequest, kind: str) -> dict[str, str]:
    """What was typed into this form before the second factor was asked for; nothing ever after."""
    waiting = request.session.pop(TYPED, None)
    if waiting is None or waiting["kind"] != kind:
        return {}
    try:
        typed: dict[str, str] = json.loads(unseal(waiting["sealed"]))
    except Unreadable:
        return {}
    return typed
