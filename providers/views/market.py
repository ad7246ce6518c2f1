"""The public pages around the market: landing page, one provider, the comparison. The search has its own module."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.text import is_storable
from providers.market_figures import market_now
from providers.market_queries import (
    active_provider,
    compared,
    general_standing,
    on_show,
    presence_of,
    public_offerings_of,
)
from providers.presenters import landing
from providers.presenters.compare import MOST_COMPARED, comparison
from providers.presenters.market import address, vat_switch
from providers.presenters.profile import profile, profile_pager
from providers.presenters.rows import offer_rows
from providers.shown_prices import acting_account, price_view

LONGEST_SLUG = 120


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, shown by an example, with the market's own figures."""
    market = market_now()
    prices = price_view(request, acting_account(request))
    context = {
        "market": market,
        "market_count": landing.offerings_words(market),
        "specimen": landing.specimen(),
        "figures": landing.figures(market),
        "story": landing.story(settings.ANSWER_DEADLINE_HOURS),
        "kinds": landing.kinds(market.kinds),
        "rows": offer_rows(on_show(market.newest), prices),
        "provider_lines": landing.provider_lines(settings.PLATFORM_FEE_BP),
        "gpu_url": address(reverse("marketplace"), [("q", "type:gpu stock:>0")]),
        "auto_url": address(reverse("marketplace"), [("q", "auto:yes")]),
    }
    return render(request, "providers/landing.html", context)


@require_safe
def provider(request: HttpRequest, slug: str) -> HttpResponse:
    """One provider: who it is, what was measured, what it offers, cheapest first."""
    found = active_provider(slug)
    if found is None:
        raise Http404
    account = acting_account(request)
    prices = price_view(request, account)
    page = public_offerings_of(found, account, request.GET.get("after"), request.GET.get("before"))
    presence = presence_of(found)
    context = profile(found, presence, general_standing(found), account) | {
        "presence": presence,
        "rows": offer_rows(page, prices),
        "switch": vat_switch(request.path, request.GET, prices),
        **profile_pager(request.path, page, prices),
    }
    return render(request, "providers/provider.html", context)


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Up to four offerings side by side; what cannot be seen is left out, and said so."""
    asked = list(dict.fromkeys(slug for slug in request.GET.getlist("o") if len(slug) < LONGEST_SLUG and is_storable(slug)))
    account = acting_account(request)
    prices = price_view(request, account)
    chosen = compared(asked[:MOST_COMPARED], account) if asked else []
    notices = []
    if len(asked) > MOST_COMPARED:
        notices.append(_("Four fit side by side: the first four are shown."))
    if len(chosen) < len(asked[:MOST_COMPARED]):
        notices.append(_("Some of what was chosen is not for rent any more and is left out."))
    market = reverse("marketplace")
    kept = [*(("o", one.slug) for one in chosen), *prices.query]
    context = {
        "table": comparison(chosen, prices) if chosen else None,
        "notices": notices,
        "prices": prices,
        "add_url": address(market, kept) if len(chosen) < MOST_COMPARED else "",
        "market_url": market,
        "switch": vat_switch(request.path, request.GET, prices),
        "crumbs": [{"label": _("Marketplace"), "url": market}, {"label": _("Compare")}],
    }
    return render(request, "providers/compare.html", context)
