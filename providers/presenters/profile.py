"""The page of one provider in ready strings."""

from typing import Any

from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account
from core.countries import country_name
from core.money import group_digits
from core.pages import Page
from providers.market_queries import Presence
from providers.models import Provider, Standing
from providers.offer_lines import OfferLine
from providers.presenters.market import address
from providers.presenters.measured import LEAST_SAMPLES, exact_percent, minutes_text
from providers.presenters.prices import PriceView


def profile(provider: Provider, presence: Presence, standing: Standing | None, account: Account | None) -> dict[str, Any]:
    """Head and figures of the page; `account` is who looks at it."""
    market = reverse("marketplace")
    country = country_name(provider.country)
    own = account is not None and account.pk == provider.account_id
    return {
        "provider": provider,
        "since": format_date(provider.created_at, "F Y"),
        "place": f"{provider.city}, {country}" if provider.city else country,
        "figures": figures(presence, standing),
        "edit_url": reverse("provider_profile") if own else "",
        "market_url": market,
        "search_url": address(market, [("q", f"provider:{provider.slug}")]),
        "crumbs": [{"label": _("Marketplace"), "url": market}, {"label": provider.name}],
    }


def figures(presence: Presence, standing: Standing | None) -> list[dict[str, str | None]]:
    """What is known and what was measured, each with what it rests on."""
    countries = ", ".join(country_name(code) for code in presence.countries)
    days = standing.uptime_days if standing else 0
    samples = standing.response_samples if standing else 0
    uptime = standing.uptime_percent if standing and days >= LEAST_SAMPLES else None
    answer = standing.response_minutes if standing and samples >= LEAST_SAMPLES else None
    return [
        {"label": _("Offerings"), "value": group_digits(presence.offerings), "rests_on": countries},
        {
            "label": _("Measured uptime"),
            "value": exact_percent(uptime) if uptime is not None else None,
            "rests_on": ngettext("%(n)d day", "%(n)d days", days) % {"n": days} if days else _("not yet measured"),
        },
        {
            "label": _("First answer"),
            "value": minutes_text(answer) if answer is not None else None,
            "rests_on": ngettext("%(n)d request", "%(n)d requests", samples) % {"n": samples} if samples else _("not yet measured"),
        },
    ]


def profile_pager(path: str, page: Page[OfferLine], prices: PriceView) -> dict[str, str]:
    """Addresses of the neighbouring pages; empty at an end."""
    return {
        "newer": address(path, [("before", page.newer), *prices.query]) if page.newer else "",
        "older": address(path, [("after", page.older), *prices.query]) if page.older else "",
    }
