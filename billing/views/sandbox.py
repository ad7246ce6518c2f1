"""Only the page of the pretend bank, where a person chooses what it says."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import signed_in
from accounts.http import AccountRequest
from billing import sandbox_bank
from billing.access import own_bank_page
from billing.forms import DecisionForm, OutcomeForm
from billing.models import SandboxPayment
from billing.presenters.sandbox import sandbox_page
from billing.sandbox_outcomes import AT_CHECKOUT
from core.errors import Refused


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def sandbox(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """What the bank can say of this payment now."""
    bank = own_bank_page(request, public_id)
    if request.method == "POST":
        return _decide(request, bank) if "decision" in request.POST else _choose(request, bank)
    context = {"bank": bank, "page": sandbox_page(bank), "charge_id": bank.charge_public_id}
    return render(request, "billing/sandbox.html", context)


def _choose(request: AccountRequest, bank: SandboxPayment) -> HttpResponse:
    form = OutcomeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what the bank should say."))
        return redirect("sandbox", public_id=bank.payment_public_id)
    outcome = form.cleaned_data["outcome"]
    try:
        sandbox_bank.choose(bank.external_id, outcome)
    except Refused as refused:
        messages.error(request, refused.reason)
        return redirect("sandbox", public_id=bank.payment_public_id)
    if outcome in AT_CHECKOUT:
        return redirect("checkout_return", public_id=bank.charge_public_id)
    messages.success(request, _("The bank has sent its message."))
    return redirect("sandbox", public_id=bank.payment_public_id)


def _decide(request: AccountRequest, bank: SandboxPayment) -> HttpResponse:
    form = DecisionForm(request.POST, bank=bank)
    if form.is_valid():
        try:
            sandbox_bank.decide(form.cleaned_data["dispute"].external_id, form.cleaned_data["decision"])
            messages.success(request, _("The bank has sent its message."))
        except Refused as refused:
            messages.error(request, refused.reason)
    else:
        messages.error(request, _("Choose how the bank should decide."))
    return redirect("sandbox", public_id=bank.payment_public_id)
