"""Offerings as rows of a list: ready strings, made once per row, so that the template formats nothing."""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import get_language, ngettext

from core.countries import country_name
from core.words import gettext as _
from core.words import kept_words
from providers.offer_lines import OfferLine
from providers.presenters.hardware import disk, memory, network, processor
from providers.presenters.measured import Market, market_position, measured_uptime
from providers.presenters.prices import PriceView

FEW_LEFT = 3


class OfferRow(NamedTuple):
    """One line of the market, ready to be printed.

    `few` marks a stock that is running out, `out` one that has run out; a `…_note` stands below its value.
    """

    slug: str
    url: str
    name: str
    provider: str
    icon: str
    cpu: str
    cpu_note: str
    memory: str
    memory_note: str
    disk: str
    disk_note: str
    net: str
    net_note: str
    country: str
    country_name: str
    city: str
    uptime: str
    uptime_note: str
    stock: str
    few: bool
    out: bool
    price: str
    period: str
    roughly: str
    market: Market | None
    compare_label: str
    picked: bool


@lru_cache(maxsize=512)
def _row(_language: str | None, offering: OfferLine, prices: PriceView, picked: bool) -> OfferRow:  # noqa: FBT001 (a memory's key)
    """The row of one offering: it follows from these alone, and the first pages of the market are read by everybody."""
    free = offering.free
    provider = offering.provider_name
    cpu, ram, disks, net, uptime = (
        processor(offering), memory(offering), disk(offering), network(offering), measured_uptime(offering)
    )  # fmt: skip
    return OfferRow(
        slug=offering.slug,
        url=reverse("offering", args=[offering.slug]) + prices.suffix,
        name=offering.name,
        provider=provider,
        icon=offering.type,
        cpu=cpu.value,
        cpu_note=cpu.note,
        memory=ram.value,
        memory_note=ram.note,
        disk=disks.value,
        disk_note=disks.note,
        net=net.value,
        net_note=net.note,
        country=offering.country,
        country_name=country_name(offering.country),
        city=offering.city,
        uptime=uptime.value,
        uptime_note=uptime.note,
        stock=stock_words(free),
        few=free <= FEW_LEFT,
        out=free <= 0,
        price=prices.text(offering.monthly_minor, offering.currency),
        period=prices.period,
        roughly=prices.in_euro(offering),
        market=market_position(offering),
        compare_label=_("Compare %(name)s by %(provider)s") % {"name": offering.name, "provider": provider},
        picked=picked,
    )


def offer_rows(offerings: Iterable[OfferLine], prices: PriceView, picked: Collection[str] = ()) -> list[OfferRow]:
    """Rows in the order of the offerings; those whose slug is picked are ticked."""
    language = get_language()
    return [_row(language, offering, prices, offering.slug in picked) for offering in offerings]


@kept_words
def stock_words(free: int) -> str:
    """How many are left, in the words of a list."""
    if free <= 0:
        return _("Sold out")
    if free <= FEW_LEFT:
        return ngettext("%(n)d left", "%(n)d left", free) % {"n": free}
    return ngettext("%(n)d free", "%(n)d free", free) % {"n": free}
