"""The search of the market: one page, a GET form, shareable as an address, whole without script."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from providers.presenters import language
from providers.presenters import search as words
from providers.presenters.compare import MOST_COMPARED
from providers.presenters.market import pairs_of, vat_switch
from providers.presenters.prices import PriceView
from providers.presenters.rows import offer_rows
from providers.search.asked import MarketQuery
from providers.search.finding import MarketPage, search, suggest_drop
from providers.shown_prices import acting_account, price_view


@require_safe
def marketplace(request: HttpRequest) -> HttpResponse:
    """Offerings that fit, with the filters that led there; if none does, which filter to drop."""
    account = acting_account(request)
    prices = price_view(request, account)
    asked = MarketQuery.from_params(request.GET)
    picked = [value for name, value in pairs_of(request.GET) if name == "o"][:MOST_COMPARED]
    links = words.Links(asked, [*prices.query, *(("o", slug) for slug in picked)])
    found = search(account, asked)
    context = {
        "asked": asked,
        "action": reverse("marketplace"),
        "switch": vat_switch(request.path, request.GET, prices),
        "picked": picked,
        **_form(links, found),
        **_results(links, found, prices, picked),
    }
    if not found.rows:
        context["drops"] = words.drops(suggest_drop(account, asked), links)
    return render(request, "providers/marketplace.html", context)


@require_safe
def query_language(request: HttpRequest) -> HttpResponse:
    """Everything that can be written into the search box."""
    market = reverse("marketplace")
    crumbs = [{"label": _("Marketplace"), "url": market}, {"label": _("Searching the market")}]
    context = {"rules": language.rules(), "fields": language.field_rows(), "crumbs": crumbs}
    return render(request, "providers/language.html", context)


def _form(links: words.Links, found: MarketPage) -> dict[str, Any]:
    """Search box and filters."""
    asked = links.asked
    countries = words.facet_rows("country", found.facets.countries, coded=True)
    folded = countries[words.COUNTRIES_SHOWN :]
    return {
        "plain": not asked.params(),
        "broken": words.broken_query(asked.q, found.error, links) if found.error else None,
        "corrected": words.corrected_words(found.corrected),
        "examples": words.examples(),
        "filters_words": words.filters_words(links),
        "types": words.facet_rows("type", found.facets.types),
        "bounds": words.bound_rows(asked),
        "countries": countries[: words.COUNTRIES_SHOWN],
        "more_countries": folded,
        "more_chosen": any(row.selected for row in folded),
        "more_words": words.more_countries(len(folded)),
        "uptimes": words.facet_rows("uptime", found.facets.uptime),
        "flags": words.flag_rows(found.facets.flags),
        "search_hidden": links.hidden("q"),
        "facets_hidden": links.hidden(*words.FILTERS),
        "sort_hidden": links.hidden("sort"),
        "clear_url": links.keeping(reverse("marketplace")),
    }


def _results(links: words.Links, found: MarketPage, prices: PriceView, picked: list[str]) -> dict[str, Any]:
    """The list with what stands around it."""
    page = found.page
    rows = offer_rows(found.rows, prices, picked)
    elsewhere = [slug for slug in picked if slug not in {row.slug for row in rows}]
    return {
        "rows": rows,
        "rough": any(row.roughly for row in rows),
        "found": words.found_words(found.count),
        "found_from": words.providers_words(found.providers) if not links.asked.params() else "",
        "chips": [words.ChipLink(chip.label, links.keeping(chip.remove_url)) for chip in found.chips],
        "sorts": words.sort_choices(links.asked),
        "caption": words.caption(links.asked),
        "heads": words.heads(links),
        "newer": links.to(before=page.newer) if page.newer else "",
        "older": links.to(after=page.older) if page.older else "",
        "compare_hidden": [*(("o", slug) for slug in elsewhere), *prices.query],
        "elsewhere": words.elsewhere_words(len(elsewhere)),
        "unpick_url": words.Links(links.asked, prices.query).to(),
    }
