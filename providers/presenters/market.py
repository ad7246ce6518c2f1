"""Small shared pieces of the market's pages: addresses that keep what is chosen, the switch of VAT, a provider's letters."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from core.text import is_storable
from providers.presenters.prices import PriceView

Pairs = Iterable[tuple[str, str]]
# Values longer than this are not taken along: no link of ours is that long.
LONGEST_VALUE = 600


@dataclass(frozen=True)
class Switch:
    """The link that shows prices the other way, and how they are shown now."""

    basis: str
    url: str
    label: str


def pairs_of(parameters: QueryDict) -> list[tuple[str, str]]:
    """What an address asks for, in order, without what no link may repeat (broken text, absurd lengths)."""
    return [
        (name, value)
        for name, values in parameters.lists()
        for value in values
        if len(name) + len(value) <= LONGEST_VALUE and is_storable(name) and is_storable(value)
    ]


def address(path: str, pairs: Pairs) -> str:
    """The path with these parameters, empty ones left out."""
    query = QueryDict(mutable=True)
    for name, value in pairs:
        if value != "":
            query.appendlist(name, value)
    text = query.urlencode()
    return f"{path}?{text}" if text else path


def vat_switch(path: str, parameters: QueryDict, prices: PriceView) -> Switch:
    """The other way to show the same page's prices; no address where no VAT is charged at all."""
    if not prices.country:
        return Switch(prices.basis, "", "")
    kept = [(name, value) for name, value in pairs_of(parameters) if name != "vat"]
    if prices.with_tax:
        return Switch(prices.basis, address(path, [*kept, ("vat", "0")]), _("Show them before VAT"))
    return Switch(
        prices.basis,
        address(path, [*kept, ("vat", "1")]),
        _("Show them with VAT for %(country)s") % {"country": prices.country_name},
    )


def type_url(kind: str) -> str:
    """The market with one kind of offering."""
    return address(reverse("marketplace"), [("type", kind)])


def monogram(name: str) -> str:
    """Two letters for a name: the first of its first two words, or of the only one."""
    parts = [part for part in name.split() if part[:1].isalnum()]
    if not parts:
        return ""
    return parts[0][0].upper() + (parts[1][0].upper() if len(parts) > 1 else parts[0][1:2].lower())
