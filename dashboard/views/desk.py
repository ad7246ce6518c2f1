"""Only the provider's desk."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import signed_in
from accounts.http import AccountRequest
from core import clock
from core.errors import Refused
from dashboard.desk_queries import (
    desk_counts,
    desk_page,
    histories,
    order_charges,
    running_first,
    stock_left,
)
from dashboard.presenters.desk import Known, deal_rows, lede, requests, tabs
from dashboard.refusals import may_act
from dashboard.states import DeskTab
from providers.access import own_provider


@require_GET
@signed_in
def provider_desk(request: AccountRequest) -> HttpResponse:
    """What waits for the provider, soonest deadline first, and what runs; other tabs show one table."""
    try:
        provider = own_provider(request)
    except Refused:
        return redirect("provider_become")
    tab, now = _tab(request), clock.now()
    counts = desk_counts(provider)
    page = desk_page(provider, tab, request.GET.get("after"), request.GET.get("before"))
    running = running_first(provider) if tab is DeskTab.OPEN else []
    charges = order_charges([*page, *running])
    known = Known(charges, histories(provider, page), stock_left(page))
    context = {
        "provider": provider,
        "tab": tab,
        "tabs": tabs(counts, tab),
        "lede": lede(page.rows if tab is DeskTab.OPEN and page.first else [], counts[DeskTab.OPEN], now),
        "requests": requests(page, known, now, may_act=may_act(request)) if tab is DeskTab.OPEN else [],
        "rows": deal_rows(running if tab is DeskTab.OPEN else page, charges, now),
        "running_count": counts[DeskTab.RUNNING],
        "newer": _address("provider_desk", {"tab": tab.value, "before": page.newer}, page.newer),
        "older": _address("provider_desk", {"tab": tab.value, "after": page.older}, page.older),
    }
    return render(request, "dashboard/desk.html", context)


def _tab(request: AccountRequest) -> DeskTab:
    asked = request.GET.get("tab", "")
    return DeskTab(asked) if asked in DeskTab.values else DeskTab.OPEN


def _address(page: str, query: dict[str, str | None], cursor: str | None) -> str:
    return f"{reverse(page)}?{urlencode(query)}" if cursor else ""
