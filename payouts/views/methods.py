"""Only the pages where a provider sets where it is paid: the list, one place, adding, the mailed link, removing."""

from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import signed_in
from accounts.http import AccountRequest
from accounts.kept_links import forget_secret, keep_secret, of_mailed_link
from accounts.states import Role
from billing.stripe_connect import is_switched_on
from core import clock
from core.currencies import CURRENCIES
from core.errors import Refused
from core.formats import hours_text, when
from core.pages import keyset
from payouts import method_rows
from payouts.access import linked_method, owns, seen_method
from payouts.forms import FORMS
from payouts.models import PayoutMethod
from payouts.queries import live_methods, method_in_use, method_state, offered_currencies, past_methods
from payouts.services.connecting import refuse_unready
from payouts.services.method import add_method, confirm_method, refuse_unless_open, remove_method, send_link_again
from payouts.states import MethodState
from payouts.views.guard import factor_first, keep_typed, of_owner, typed_before
from providers.access import own_provider
from providers.views.guard import UNPROCESSABLE, see

NEWEST_FIRST = ("-id",)
# Where a mailed link is gone on with, without its secret.
CONFIRM = "payout_method_confirm_kept"
# What a link answers that does not open; anything else that it was good for is gone.
_LINK_STATUS = {
    "unknown_link": HTTPStatus.NOT_FOUND,
    "role": HTTPStatus.FORBIDDEN,
    "not_ready": HTTPStatus.CONFLICT,
    "gateway_silent": HTTPStatus.SERVICE_UNAVAILABLE,
}


@require_GET
@signed_in
def payout_methods(request: AccountRequest) -> HttpResponse:
    """Where the account in use is paid, currency by currency, and what was in use before."""
    try:
        provider = own_provider(request)
    except Refused:
        return redirect("provider_become")
    now = clock.now()
    past = keyset(past_methods(provider), NEWEST_FIRST, request.GET.get("after"), request.GET.get("before"))
    context = {
        "provider": provider,
        "groups": method_rows.by_currency(live_methods(provider), offered_currencies(provider), now),
        "past": method_rows.rows(past, now),
        "may_change": request.membership.role == Role.OWNER,
        "connects": is_switched_on(),
        "newer": _address("before", past.newer),
        "older": _address("after", past.older),
    }
    return render(request, "payouts/methods.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@of_owner
def payout_method_add(request: AccountRequest, kind: str) -> HttpResponseBase:
    """Type where to be paid; the link to confirm it comes by mail."""
    if kind not in FORMS:
        raise Http404
    provider, form = own_provider(request), FORMS[kind](request.POST or None)
    if (answer := factor_first(request, request.get_full_path())) is not None:
        keep_typed(request, form)
        return answer
    if request.method == "POST" and form.is_valid():
        try:
            method = add_method(provider, request.user, form.cleaned_data["currency"], form.place(provider))
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("A link goes to %(email)s. Open it to confirm.") % {"email": request.user.email})
            return see("payout_method", method.public_id)
    form.initial = typed_before(request, kind) or {"currency": _wanted(request)}
    context = {"form": form, "kind": kind, "provider": provider}
    return render(request, "payouts/method_add.html", context, status=UNPROCESSABLE if form.errors else None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@of_mailed_link(CONFIRM)
def payout_method_confirm(request: AccountRequest, secret: str) -> HttpResponse:
    """The mailed link: shows what it would confirm, and a button that does. Following it changes nothing.

    Who has to show a second factor first comes back without the secret in the address.
    """
    try:
        method = linked_method(request, secret)
        refuse_unless_open(method)
        if (answer := factor_first(request, reverse(CONFIRM), since=method.created_at)) is not None:
            keep_secret(request, CONFIRM, secret)
            return answer
        if request.method == "POST":
            refuse_unready(method)
            confirmed = confirm_method(secret, request.user)
            forget_secret(request)
            words = {"currency": confirmed.currency, "moment": when(confirmed.usable_at or clock.now())}
            messages.success(request, _("Confirmed. What you earn in %(currency)s is paid there from %(moment)s UTC.") % words)
            return see("payout_method", confirmed.public_id)
    except Refused as refused:
        status = _LINK_STATUS.get(refused.code, HTTPStatus.GONE)
        return render(request, "payouts/link_refused.html", {"reason": refused.reason}, status=status)
    present = method_in_use(method.provider_id, method.currency)
    context = _page(method) | {"present": method_rows.shortened(present) if present else ""}
    return render(request, "payouts/method_confirm.html", context)


@never_cache
@require_GET
@signed_in
def payout_method(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """One place to be paid: whole for owners, shortened for others of the account."""
    method = seen_method(request, public_id)
    context = _page(method) | {"may_change": owns(request, method.provider.account_id)}
    return render(request, "payouts/method.html", context)


@require_POST
@signed_in
def payout_method_send_again(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """Another link for one whose mail was lost, or came too late."""
    method = seen_method(request, public_id)
    try:
        method = send_link_again(method.pk, request.user)
    except Refused as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(
            request, _("A new link goes to %(email)s. The one before opens nothing.") % {"email": method.created_by.email}
        )
    return see("payout_method", method.public_id)


@require_POST
@signed_in
def payout_method_remove(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """End it. The safe direction: no second factor is asked for."""
    method = seen_method(request, public_id)
    try:
        remove_method(method.pk, request.user)
    except Refused as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(
            request, _("%(place)s is removed. Nothing is paid there any more.") % {"place": method_rows.shortened(method)}
        )
    return see("payout_method", method.public_id)


def _page(method: PayoutMethod) -> dict[str, object]:
    now = clock.now()
    return {
        "method": method,
        "state": method_state(method, now),
        "states": MethodState,
        "badge": method_rows.badge(method, now),
        "short": method_rows.shortened(method),
        "whole": method_rows.whole(method),
        "facts": method_rows.facts(method),
        "hold": hours_text(settings.PAYOUT_METHOD_HOLD_HOURS),
        "crumbs": [{"label": _("Payout methods"), "url": reverse("payout_methods")}, {"label": method_rows.shortened(method)}],
    }


def _wanted(request: AccountRequest) -> str:
    asked = request.GET.get("currency", "")
    return asked if asked in CURRENCIES else ""


def _address(name: str, cursor: str | None) -> str:
    return f"{reverse('payout_methods')}?{urlencode({name: cursor})}" if cursor else ""
