"""Only the pages of paying a charge: where it starts, and what became of it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import signed_in
from accounts.http import AccountRequest
from billing import services
from billing.access import own_charge
from billing.checkout_state import CheckoutState, checkout_standing
from billing.forms import MethodForm, TransactionForm
from billing.gateway_facts import GatewayError
from billing.gateways import offered_gateways
from billing.models import Charge
from billing.presenters.checkout import checkout_page, return_page
from core.errors import Refused


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def checkout(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """Choose how to pay exactly what was ordered; a charge that cannot be paid says why."""
    charge = own_charge(request, public_id)
    gateways = offered_gateways()
    form = MethodForm(request.POST or None, gateways=gateways)
    if request.method == "POST" and form.is_valid():
        return _start(request, charge, form.cleaned_data["method"])
    standing = checkout_standing(charge)
    context = {"charge": charge, "form": form, "page": checkout_page(charge, standing, gateways, str(form["method"].value() or ""))}
    return render(request, "billing/checkout.html", context)


def _start(request: AccountRequest, charge: Charge, method: str) -> HttpResponse:
    """Go to the payment page; a second press finds the same one."""
    try:
        payment = services.start_payment(charge, method)
    except Refused as refused:
        messages.error(request, refused.reason)
        return redirect("checkout", public_id=charge.public_id)
    except GatewayError:
        messages.error(request, _("The bank does not answer just now. Nothing was charged; try again in a minute."))
        return redirect("checkout", public_id=charge.public_id)
    return redirect(payment.checkout_url)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def checkout_return(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """What is known of the payment at this moment, before and after the bank's message. POST asks the bank now."""
    charge = own_charge(request, public_id)
    if request.method == "POST":
        try:
            services.ask_now(charge)
        except GatewayError:
            messages.error(request, _("The bank does not answer just now. We ask again by ourselves."))
        return redirect("checkout_return", public_id=charge.public_id)
    if "session_id" in request.GET:
        # Only says where the visitor comes from; whether it is paid is read from the gateway.
        services.ask_soon(charge)
        return redirect("checkout_return", public_id=charge.public_id)
    standing = checkout_standing(charge)
    if standing.state == CheckoutState.OPEN:
        return redirect("checkout", public_id=charge.public_id)
    is_poll = "HX-Request" in request.headers
    template = "billing/checkout_return.html#news" if is_poll else "billing/checkout_return.html"
    context = {"charge": charge, "page": return_page(charge, standing), "form": TransactionForm()}
    return render(request, template, context)


@require_POST
@signed_in
def checkout_transaction(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """Keep the transaction that the customer has sent tokens by, as they say, and have the gateway asked. It makes nothing paid."""
    charge = own_charge(request, public_id)
    form = TransactionForm(request.POST)
    if form.is_valid():
        services.note_transaction(charge, form.cleaned_data["transaction"])
        services.ask_soon(charge)
        messages.success(request, _("Thank you. We look for it, and this page tells you as soon as it is found."))
    else:
        messages.error(request, _("This is no transaction’s id. Copy it from your wallet."))
    return redirect("checkout_return", public_id=charge.public_id)
