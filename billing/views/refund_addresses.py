"""Only the pages where a customer says where tokens go back to: the list with its form, the mailed link, removing."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import signed_in
from accounts.http import AccountRequest
from accounts.kept_links import forget_secret, of_mailed_link
from billing import services
from billing.access import own_refund_address
from billing.address_forms import RefundAddressForm
from billing.address_queries import MAY_SET, address_of_link, addresses_of
from billing.presenters.refund_addresses import address_page, address_rows, confirmed_words
from billing.refund_networks import NETWORKS
from core.errors import Refused

UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY
# What a link answers that does not open; anything else that it was good for is gone.
_LINK_STATUS = {
    "unknown_link": HTTPStatus.NOT_FOUND,
    "other_user": HTTPStatus.FORBIDDEN,
    "role": HTTPStatus.FORBIDDEN,
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def refund_addresses(request: AccountRequest) -> HttpResponse:
    """What is known, and one more; the link to confirm it comes by mail."""
    wanted = request.GET.get("network", "")
    form = RefundAddressForm(request.POST or None, initial={"network": wanted if wanted in NETWORKS else ""})
    if request.method == "POST" and form.is_valid():
        try:
            services.give_refund_address(request.account, request.user, form.cleaned_data["network"], form.cleaned_data["address"])
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("A link goes to %(email)s. Open it to confirm.") % {"email": request.user.email})
            return redirect("refund_addresses")
    context = {
        "form": form,
        "rows": address_rows(addresses_of(request.account)),
        "may_change": request.membership.role in MAY_SET,
    }
    return render(request, "billing/refund_addresses.html", context, status=UNPROCESSABLE if form.errors else None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@of_mailed_link("refund_address_confirm_kept")
def refund_address_confirm(request: AccountRequest, secret: str) -> HttpResponse:
    """The mailed link: shows what it would confirm, and a button that does. Following it changes nothing."""
    try:
        if request.method == "POST":
            messages.success(request, confirmed_words(services.confirm_refund_address(secret, request.user)))
            forget_secret(request)
            return redirect("refund_addresses")
        found = address_of_link(secret, request.user)
        services.refuse_unless_waiting(found)
    except Refused as refused:
        status = _LINK_STATUS.get(refused.code, HTTPStatus.GONE)
        return render(request, "billing/refund_address_refused.html", {"reason": refused.reason}, status=status)
    return render(request, "billing/refund_address_confirm.html", {"page": address_page(found)})


@require_POST
@signed_in
def refund_address_remove(request: AccountRequest, address_id: int) -> HttpResponse:
    """End it."""
    found = own_refund_address(request, address_id)
    try:
        services.remove_refund_address(found.pk, request.user)
    except Refused as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, _("Removed. Nothing is sent there any more."))
    return redirect("refund_addresses")
