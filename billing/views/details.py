"""Only the page of the billing details of an account."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import require_role, signed_in
from accounts.http import AccountRequest
from billing import services
from billing.buyer_queries import billing_country, billing_profile
from billing.forms import ProfileForm, billing_initial
from billing.presenters.buyer import kind_options, vat_id_state
from billing.services.checkout import MAY_CHANGE_BILLING
from core.errors import Refused


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def billing_details(request: AccountRequest) -> HttpResponse:
    """To whom the account's next charges are addressed; past ones keep their own copy."""
    profile = billing_profile(request.account.pk)
    start = billing_initial(profile, request.user) | {"country": billing_country(request.account)}
    form = ProfileForm(request.POST or None, initial=start)
    may_change = request.membership.role in MAY_CHANGE_BILLING
    if request.method == "POST" and form.is_valid():
        try:
            require_role(request, *MAY_CHANGE_BILLING)
            services.keep_billing_details(request.account, form.buyer())
        except Refused as refused:
            messages.error(request, refused.reason)
        else:
            messages.success(request, _("Saved. The next order is addressed like this."))
        return redirect("billing_details")
    context = {
        "form": form,
        "may_change": may_change,
        "kinds": kind_options(str(form["kind"].value() or "")),
        "vat": vat_id_state(str(form["vat_id"].value() or ""), start["country"], request.account),
    }
    return render(request, "billing/details.html", context)
