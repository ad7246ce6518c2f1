"""A provider's offerings: the list, the form, and what one does with an offering as a whole."""

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import signed_in
from accounts.http import AccountRequest
from core.errors import Refused
from core.pages import keyset
from providers import services
from providers.access import own_offering, own_provider
from providers.forms import FIELDSETS, AllowForm, OfferingForm, fieldsets, initial_for, initial_of
from providers.models import Offering
from providers.presenters import own
from providers.queries import account_of_address, allowed_accounts, own_counts, own_offerings
from providers.views.guard import UNPROCESSABLE, changes_offers, of_provider, see

NEWEST_FIRST = ("-created_at", "-id")
OLDEST_FIRST = ("created_at", "id")


@require_GET
@signed_in
@of_provider
def provider_offerings(request: AccountRequest) -> HttpResponseBase:
    """Everything the provider has, newest first, by status and by words of name and reference."""
    provider = own_provider(request)
    asked = own.Asked.from_params(request.GET)
    page = keyset(own_offerings(provider, asked.status, asked.q), NEWEST_FIRST, asked.after, asked.before)
    counts = own_counts(provider)
    context = {
        "provider": provider,
        "rows": own.rows(page),
        "tabs": own.tabs(counts, asked),
        "lede": own.lede(counts),
        "is_empty": not any(count.value for count in counts.values()),
        "asked": asked,
        "newer": asked.url(before=page.newer),
        "older": asked.url(after=page.older),
    }
    return render(request, "providers/desk/offerings.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
@changes_offers
def offering_new(request: AccountRequest) -> HttpResponseBase:
    """Write a new offering; it is a draft until it is published."""
    provider = own_provider(request)
    form = OfferingForm(request.POST or None, initial=initial_for(provider))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_offering(provider, **form.values())
        except Refused as refused:
            form.refuse(refused)
        else:
            return _saved(request, made)
    return _form(request, form, None)


@require_http_methods(["GET", "POST"])
@signed_in
@changes_offers
def offering_edit(request: AccountRequest, slug: str) -> HttpResponseBase:
    """Change an offering; contracts that run keep what they froze."""
    offering = own_offering(request, slug)
    form = OfferingForm(request.POST or None, initial=initial_of(offering), taken=offering.taken)
    if request.method == "POST" and form.is_valid():
        try:
            offering = services.update_offering(offering, **form.values())
        except Refused as refused:
            form.refuse(refused)
        else:
            return _saved(request, offering)
    return _form(request, form, offering)


@require_POST
@signed_in
@changes_offers
def offering_publish(request: AccountRequest, slug: str) -> HttpResponseBase:
    """Put an offering on the market."""
    return _published(request, own_offering(request, slug))


@require_POST
@signed_in
@changes_offers
def offering_archive(request: AccountRequest, slug: str) -> HttpResponseBase:
    """Take an offering off the market."""
    offering = services.archive_offering(own_offering(request, slug))
    messages.success(request, _("%(name)s is off the market. What is rented of it goes on.") % {"name": offering.name})
    return see("provider_offerings")


@require_POST
@signed_in
@changes_offers
def offering_duplicate(request: AccountRequest, slug: str) -> HttpResponseBase:
    """Begin another offering from this one."""
    copy = services.duplicate_offering(own_offering(request, slug))
    messages.success(request, _("This is the copy. It is a draft: change what differs and publish it."))
    return see("offering_edit", copy.slug)


@require_http_methods(["GET", "POST"])
@signed_in
@changes_offers
def offering_access(request: AccountRequest, slug: str) -> HttpResponseBase:
    """Who sees a shared offering: add somebody by the address they sign in with, or take somebody off."""
    offering = own_offering(request, slug)
    if "remove" in request.POST:
        return _disallowed(request, offering)
    form = AllowForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        account = account_of_address(form.cleaned_data["email"])
        if account is None:
            form.add_error("email", _("Nobody signs in with this address. Ask the customer which one it is."))
        else:
            services.allow_account(offering, account)
            messages.success(request, _("%(account)s sees it now.") % {"account": account.name})
            return see("offering_access", offering.slug)
    page = keyset(allowed_accounts(offering), OLDEST_FIRST, request.GET.get("after"), request.GET.get("before"))
    context = {"offering": offering, "form": form, "page": page, "crumbs": own.crumbs(offering)}
    return render(request, "providers/desk/access.html", context, status=UNPROCESSABLE if form.errors else None)


def _disallowed(request: AccountRequest, offering: Offering) -> HttpResponse:
    access = allowed_accounts(offering).filter(account_id=own.number(request.POST["remove"])).first()
    if access is not None:
        services.disallow_account(offering, access.account)
        messages.success(request, _("%(account)s does not see it any more.") % {"account": access.account.name})
    return see("offering_access", offering.slug)


def _saved(request: AccountRequest, offering: Offering) -> HttpResponse:
    """After saving: publish too if that was the button."""
    if "publish" in request.POST:
        return _published(request, offering)
    messages.success(request, _("%(name)s is saved.") % {"name": offering.name})
    return see("offering_edit", offering.slug)


def _published(request: AccountRequest, offering: Offering) -> HttpResponse:
    """Publish; what is missing is shown at its fields."""
    try:
        services.publish_offering(offering)
    except Refused as refused:
        messages.warning(request, _("%(name)s is not on the market yet.") % {"name": offering.name})
        form = OfferingForm(own.as_sent(offering), taken=offering.taken)
        form.refuse(refused)
        return _form(request, form, offering)
    messages.success(request, _("%(name)s is on the market.") % {"name": offering.name})
    return see("provider_offerings")


def _form(request: AccountRequest, form: OfferingForm, offering: Offering | None) -> HttpResponse:
    context = {
        "form": form,
        "fieldsets": fieldsets(form, FIELDSETS),
        "offering": offering,
        "status": own.status_badge(offering) if offering else None,
        "crumbs": own.crumbs(offering),
    }
    return render(request, "providers/desk/offering_form.html", context, status=UNPROCESSABLE if form.errors else None)
