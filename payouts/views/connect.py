"""Only the pages on which a provider connects its account at Stripe: begun here, set up there, and back."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import signed_in
from accounts.http import AccountRequest
from billing.stripe_connect import is_switched_on
from core.errors import Refused
from payouts.access import owns, seen_method
from payouts.forms import MethodForm
from payouts.models import PayoutMethod
from payouts.services.connecting import account_now, connect, setting_up
from payouts.states import MethodKind
from payouts.views.guard import factor_first, of_owner
from providers.access import own_provider
from providers.views.guard import UNPROCESSABLE, see


class ConnectForm(MethodForm):
    """An account at Stripe: nothing but the currency is typed."""

    kind = MethodKind.STRIPE


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@of_owner
def payout_method_connect(request: AccountRequest) -> HttpResponseBase:
    """Choose the currency; the account is opened, and its own page leads to Stripe."""
    if not is_switched_on():
        raise Http404
    provider, form = own_provider(request), ConnectForm(request.POST or None)
    if (answer := factor_first(request, request.get_full_path())) is not None:
        return answer
    if request.method == "POST" and form.is_valid():
        try:
            method = connect(provider, request.user, form.cleaned_data["currency"])
        except Refused as refused:
            form.refuse(refused)
        else:
            return see("payout_method", method.public_id)
    context = {"form": form, "provider": provider}
    return render(request, "payouts/connect.html", context, status=UNPROCESSABLE if form.errors else None)


@never_cache
@require_GET
@signed_in
def payout_method_continue(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """To Stripe, by an address that opens once: Stripe leads here for another. A bank account is set there: a factor is asked."""
    method = _own_account(request, public_id)
    if (answer := factor_first(request, request.path)) is not None:
        return answer
    done, again = (settings.SITE_URL + reverse(page, args=[public_id]) for page in ("payout_method_back", "payout_method_continue"))
    try:
        return HttpResponseRedirect(setting_up(method, done=done, again=again))
    except Refused as refused:
        messages.error(request, refused.reason)
        return see("payout_method", method.public_id)


@never_cache
@require_GET
@signed_in
def payout_method_back(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """Back from Stripe: says what Stripe thinks of the account now. It confirms nothing; the mailed link does."""
    method = _own_account(request, public_id)
    try:
        account = account_now(method)
    except Refused as refused:
        messages.error(request, refused.reason)
    else:
        if account.can_be_paid:
            messages.success(
                request, _("Stripe is content with the account. Confirm it by the link in the mail, if you have not yet.")
            )
        elif account.is_complete:
            messages.info(request, _("Stripe has all it asked for, and looks at it. Come back when it has said yes."))
        else:
            messages.info(request, _("Stripe still asks for something: go on there when you can."))
    return see("payout_method", method.public_id)


def _own_account(request: AccountRequest, public_id: UUID) -> PayoutMethod:
    """An account at Stripe of a provider that the user owns, not removed. Http404 for any other."""
    method = seen_method(request, public_id)
    if method.kind != MethodKind.STRIPE or method.removed_at or not owns(request, method.provider.account_id):
        raise Http404
    return method
