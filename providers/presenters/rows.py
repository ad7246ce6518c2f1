"""Offerings as rows of a list: ready strings, made once per row, so that the template formats nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.countries import country_name
from providers.models import Offering
from providers.presenters.hardware import Words, disk, memory, network, processor
from providers.presenters.measured import Market, loaded_standing, market_position, measured_uptime
from providers.presenters.prices import PriceView

FEW_LEFT = 3


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One line of the market. `few` marks a stock that is running out, `out` one that has run out."""

    slug: str
    url: str
    name: str
    provider: str
    icon: str
    cpu: Words
    memory: Words
    disk: Words
    net: Words
    country: str
    country_name: str
    city: str
    uptime: Words
    stock: str
    few: bool
    out: bool
    price: str
    period: str
    roughly: str
    market: Market | None
    compare_label: str


def offer_row(offering: Offering, prices: PriceView) -> OfferRow:
    """The row of one offering; its provider must be loaded, its standing is read only if it is."""
    free = offering.free
    provider = offering.provider.name
    return OfferRow(
        slug=offering.slug,
        url=reverse("offering", args=[offering.slug]) + prices.suffix,
        name=offering.name,
        provider=provider,
        icon=offering.type,
        cpu=processor(offering),
        memory=memory(offering),
        disk=disk(offering),
        net=network(offering),
        country=offering.country,
        country_name=country_name(offering.country),
        city=offering.city,
        uptime=measured_uptime(offering),
        stock=stock_words(free),
        few=free <= FEW_LEFT,
        out=free <= 0,
        price=prices.text(offering.monthly_minor, offering.currency),
        period=prices.period,
        roughly=prices.in_euro(offering),
        market=market_position(loaded_standing(offering)),
        compare_label=_("Compare %(name)s by %(provider)s") % {"name": offering.name, "provider": provider},
    )


def offer_rows(offerings: Iterable[Offering], prices: PriceView) -> list[OfferRow]:
    """Rows in the order of the offerings."""
    return [offer_row(offering, prices) for offering in offerings]


def stock_words(free: int) -> str:
    """How many are left, in the words of a list."""
    if free <= 0:
        return _("Sold out")
    if free <= FEW_LEFT:
        return ngettext("%(n)d left", "%(n)d left", free) % {"n": free}
    return ngettext("%(n)d free", "%(n)d free", free) % {"n": free}
