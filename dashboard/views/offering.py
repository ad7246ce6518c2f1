"""The page of one offering: it stands here because prices by term and refunds are the contracts' arithmetic."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import own_accounts
from accounts.models import User
from billing.taxation import home_decision
from core.countries import country_name
from dashboard.presenters.offering import offering_page
from dashboard.presenters.renting import rent_button
from providers.access import visible_offering
from providers.market_queries import general_standing, presence_of
from providers.models import Offering
from providers.presenters.hardware import facts
from providers.presenters.market import monogram, type_url, vat_switch
from providers.shown_prices import acting_account, price_view


@require_safe
def offering(request: HttpRequest, slug: str) -> HttpResponse:
    """What it is, how it is priced, what was measured, what happens when it fails, who runs it."""
    found = visible_offering(request, slug)
    account = acting_account(request)
    prices = price_view(request, account)
    tax_rate = home_decision().rate
    page = offering_page(found, general_standing(found.provider), prices, tax_rate, _hours(request))
    user = request.user if isinstance(request.user, User) else None
    context = _frame(found) | {
        "page": page,
        "rent": rent_button(found, page.terms, account, user, own_accounts(request)),
        "presence": presence_of(found.provider),
        "vat_switch": vat_switch(request.path, request.GET, prices),
    }
    return render(request, "dashboard/offering.html", context)


def _hours(request: HttpRequest) -> int | None:
    """The term asked for in the address, if it is a number at all."""
    text = request.GET.get("hours", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _frame(found: Offering) -> dict[str, Any]:
    provider = found.provider
    return {
        "offering": found,
        "facts": facts(found),
        "country": country_name(found.country),
        "monogram": monogram(provider.name),
        "since": format_date(provider.created_at, "F Y"),
        "provider_url": reverse("provider", args=[provider.slug]),
        "compare_url": f"{reverse('compare')}?o={found.slug}",
        "crumbs": [
            {"label": _("Marketplace"), "url": reverse("marketplace")},
            {"label": found.get_type_display(), "url": type_url(found.type)},
            {"label": found.name},
        ],
    }
