"""Only the pages before there is a contract: a bound price, and the order."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import account_of, require_role, signed_in, user_of
from accounts.http import AccountRequest
from accounts.queries import ssh_keys
from accounts.states import Role
from billing import services
from billing.access import own_quote
from billing.buyer_queries import billing_facts, billing_profile
from billing.forms import OrderForm, QuoteForm, billing_initial
from billing.models import Quote
from billing.order_draft import draft_of, forget_draft, keep_draft
from billing.presenters.order import order_page, start_of_choices
from billing.queries import order_charge
from billing.tax_evidence import country_of_connection
from core.errors import Refused
from providers.access import visible_offering

MAY_ORDER = (Role.OWNER, Role.MEMBER)


@require_POST
def quote_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Bind a price and hold one unit, from the offering's page. Who is not signed in comes back to that page."""
    offering = visible_offering(request, slug)
    here = reverse("offering", args=[slug])
    if not request.user.is_authenticated:
        return redirect(f"{reverse('account_login')}?{urlencode({'next': here})}")
    form = QuoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose for how long you want to rent it."))
        return redirect(here)
    account = account_of(request)
    try:
        require_role(request, *MAY_ORDER)
        facts = services.with_check(billing_facts(account), account)
        quote = services.create_quote(account, user_of(request), offering, form.cleaned_data["hours"], facts)
    except Refused as refused:
        messages.error(request, refused.reason)
        return redirect(here)
    return redirect("order", public_id=quote.public_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def order(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """Say how the server is to be set up and who is charged, see exactly what it costs, and order."""
    quote = own_quote(request, public_id)
    if quote.contract is not None:
        return redirect("checkout", public_id=order_charge(quote.contract).public_id)
    keys = list(ssh_keys(request.account))
    if request.method == "POST":
        return _submit(request, quote, OrderForm(request.POST, quote=quote, keys=keys))
    known = billing_initial(billing_profile(request.account.pk), request.user)
    typed = draft_of(request, quote.offering_id)
    start = known | start_of_choices(quote, keys) | typed | {"country": quote.country}
    return _show(request, quote, OrderForm(initial=start, quote=quote, keys=keys))


def _show(request: AccountRequest, quote: Quote, form: OrderForm) -> HttpResponse:
    context = {"quote": quote, "offering": quote.offering, "form": form, "page": order_page(quote, form)}
    return render(request, "billing/order.html", context)


def _submit(request: AccountRequest, quote: Quote, form: OrderForm) -> HttpResponse:
    """Order, but never at another price than the one that was shown: another term or country is quoted first."""
    is_valid = form.is_valid()
    if "requote" in request.POST or form.wanted(quote) != (quote.hours, quote.country):
        return _quote_again(request, quote, form)
    if not is_valid:
        return _show(request, quote, form)
    try:
        require_role(request, *MAY_ORDER)
        charge = services.place_order(
            quote,
            membership=request.membership,
            buyer=form.buyer(),
            wishes=form.wishes(),
            connection_country=country_of_connection(request),
        )
    except Refused as refused:
        if refused.code == "tax_changed":
            return _quote_again(request, quote, form)
        if refused.field in form.fields:
            form.refuse(refused)
            return _show(request, quote, form)
        return _back(request, quote, refused)
    forget_draft(request)
    return redirect("checkout", public_id=charge.public_id)


def _quote_again(request: AccountRequest, quote: Quote, form: OrderForm) -> HttpResponse:
    """The price of another term or country, or the price once more; what was typed stays."""
    hours, _country = form.wanted(quote)
    try:
        require_role(request, *MAY_ORDER)
        facts = services.with_check(form.facts(quote), request.account)
        fresh = services.create_quote(request.account, request.user, quote.offering, hours, facts)
    except Refused as refused:
        return _back(request, quote, refused)
    keep_draft(request, quote.offering_id, request.POST)
    if "requote" not in request.POST:
        messages.warning(request, _("The price has changed with the term or the billing details. Look at it, then order."))
    return redirect("order", public_id=fresh.public_id)


def _back(request: AccountRequest, quote: Quote, refused: Refused) -> HttpResponse:
    keep_draft(request, quote.offering_id, request.POST)
    # That the price is no longer held, the page says by itself, with the button that helps.
    if refused.code != "quote_expired":
        messages.error(request, refused.reason)
    return redirect("order", public_id=quote.public_id)
