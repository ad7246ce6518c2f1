"""What a visitor asks of the market, between the address of the page and the search. One search has one canonical address."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Self
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from core.countries import country_name, is_country
from providers.search.language import Condition, Is, Part, Query, QueryError, Range, number, render, render_part
from providers.search.sizes import read
from providers.states import OfferingType

SORTS: dict[str, tuple[str, ...]] = {
    "price": ("price_eur_minor", "id"),
    "newest": ("-published_at", "-id"),
    "trust": ("-trust_rank", "-id"),
}
UPTIMES = ("999", "9999", "d90")
FLAGS = ("in_stock", "ecc", "unmetered", "auto_accept")
BOUNDS = ("price", "cores", "memory")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_MOST_CHOICES = 40


@dataclass(frozen=True)
class Chip:
    """One filter that is set: its words, and the address of the search without it."""

    label: str
    remove_url: str


@dataclass(frozen=True)
class MarketQuery:
    """A search of the market. Prices are net euros a month, memory is GB; an empty field does not filter.

    `problems` says for each parameter of the address that could not be used how it is right; such a parameter is left out.
    """

    q: str = ""
    types: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    cores_min: Decimal | None = None
    cores_max: Decimal | None = None
    memory_min: Decimal | None = None
    memory_max: Decimal | None = None
    uptime: tuple[str, ...] = ()
    in_stock: bool = False
    ecc: bool = False
    unmetered: bool = False
    auto_accept: bool = False
    sort: str = "price"
    after: str = ""
    before: str = ""
    problems: dict[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def from_params(cls, params: QueryDict) -> Self:
        """The search that an address asks for; whatever stands there, something can be shown."""
        problems: dict[str, str] = {}
        rest: dict[str, Any] = {flag: params.get(flag, "") in ("1", "on", "true") for flag in FLAGS}
        rest |= {name: _bound(name, params.get(name, ""), problems) for kind in BOUNDS for name in (f"{kind}_min", f"{kind}_max")}
        sort = params.get("sort", "")
        return cls(
            q=params.get("q", "").replace("\x00", " ").strip(),
            types=tuple(sorted(_known(params.getlist("type"), set(OfferingType.values)), key=OfferingType.values.index)),
            countries=tuple(
                sorted({code.upper() for code in params.getlist("country")[:_MOST_CHOICES] if is_country(code.upper())})
            ),
            uptime=tuple(sorted(_known(params.getlist("uptime"), set(UPTIMES)), key=UPTIMES.index)),
            sort=sort if sort in SORTS else "price",
            after=params.get("after", ""),
            before=params.get("before", ""),
            problems=problems,
            **rest,
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The columns of the sorting, the last one unique."""
        return SORTS[self.sort]

    def params(self) -> list[tuple[str, str]]:
        """The parameters of the canonical address: fixed order, nothing that is at its default."""
        pairs: list[tuple[str, str]] = [("q", self.q)] if self.q else []
        pairs += [("type", one) for one in self.types]
        for kind in BOUNDS:
            for name in (f"{kind}_min", f"{kind}_max"):
                bound = getattr(self, name)
                if bound is not None:
                    pairs.append((name, number(bound)))
        pairs += [("country", one) for one in self.countries]
        pairs += [("uptime", one) for one in self.uptime]
        pairs += [(flag, "1") for flag in FLAGS if getattr(self, flag)]
        if self.sort != "price":
            pairs.append(("sort", self.sort))
        pairs += [(name, cursor) for name, cursor in (("after", self.after), ("before", self.before)) if cursor]
        return pairs

    def url(self, **changes: Any) -> str:
        """The address of this search, or of it with some fields changed; a change leads to the first page unless it is a cursor."""
        first = {"after": "", "before": ""} if changes else {}
        pairs = replace(self, **{**first, **changes}).params()
        return reverse("marketplace") + (f"?{urlencode(pairs)}" if pairs else "")

    def narrowed(self) -> Query:
        """The filters beside the search box as parts of a query; the text of the box is not among them."""
        return Query(tuple(self._filters()))

    def is_counted(self) -> bool:
        """Whether nothing but kinds, countries, flags and uptime is asked for: what the kept counts know about."""
        return not self.q and all(getattr(self, f"{kind}_{end}") is None for kind in BOUNDS for end in ("min", "max"))

    def chips(self) -> list[Chip]:
        """What is set, in words, each with the address without it."""
        return [Chip(label, self.url(**change)) for label, change in self.removable()]

    def removable(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each filter that is set, in words, with the change that lifts it."""
        if self.types:
            yield " · ".join(str(OfferingType(one).label) for one in self.types), {"types": ()}
        for kind in BOUNDS:
            low, high = getattr(self, f"{kind}_min"), getattr(self, f"{kind}_max")
            if low is not None or high is not None:
                yield bounds_in_words(kind, low, high), {f"{kind}_min": None, f"{kind}_max": None}
        if self.countries:
            yield ", ".join(country_name(code) for code in self.countries), {"countries": ()}
        for one in self.uptime:
            yield uptime_in_words(one), {"uptime": tuple(other for other in self.uptime if other != one)}
        for flag in FLAGS:
            if getattr(self, flag):
                yield flag_in_words(flag), {flag: False}
        yield from self._removable_parts()

    def _removable_parts(self) -> Iterator[tuple[str, dict[str, Any]]]:
        try:
            parts = read(self.q).parts
        except QueryError:
            return
        for place, part in enumerate(parts):
            rest = Query(parts[:place] + parts[place + 1 :])
            yield render_part(part), {"q": render(rest)}

    def _filters(self) -> Iterator[Part]:
        if self.types:
            yield Condition("type", tuple(Is(one) for one in self.types))
        if self.countries:
            yield Condition("country", tuple(Is(one) for one in self.countries))
        for kind in BOUNDS:
            low, high = getattr(self, f"{kind}_min"), getattr(self, f"{kind}_max")
            if low is not None or high is not None:
                yield Condition(kind, (Range(low, high),))
        for flag, name in (("ecc", "ecc"), ("unmetered", "unmetered"), ("auto_accept", "auto")):
            if getattr(self, flag):
                yield Condition(name, (Is("yes"),))
        if self.in_stock:
            yield Condition("stock", (Range(Decimal(1), None),))
        if "9999" in self.uptime:
            yield Condition("uptime", (Range(Decimal("99.99"), None),))
        elif "999" in self.uptime:
            yield Condition("uptime", (Range(Decimal("99.9"), None),))


def bounds_in_words(kind: str, low: Decimal | None, high: Decimal | None) -> str:
    """A range as a chip says it: "8 to 512 GB", "4 cores or more"."""
    said = {
        "price": _("€ %(amount)s a month"),
        "cores": _("%(amount)s cores"),
        "memory": _("%(amount)s GB"),
    }[kind]
    if low is not None and high is not None:
        amount = _("%(low)s to %(high)s") % {"low": number(low), "high": number(high)}
        return said % {"amount": amount}
    if low is not None:
        return _("%(amount)s or more") % {"amount": said % {"amount": number(low)}}
    return _("%(amount)s or less") % {"amount": said % {"amount": number(high or Decimal(0))}}


def uptime_in_words(choice: str) -> str:
    """The words of an uptime filter."""
    return {
        "999": _("99.9 % or better"),
        "9999": _("99.99 % or better"),
        "d90": _("at least 90 days measured"),
    }[choice]


def flag_in_words(flag: str) -> str:
    """The words of a yes-or-no filter."""
    return {
        "in_stock": _("In stock"),
        "ecc": _("ECC memory"),
        "unmetered": _("Unmetered traffic"),
        "auto_accept": _("Accepted without waiting"),
    }[flag]


def _known(values: list[str], known: set[str]) -> set[str]:
    return set(values) & known


def _bound(name: str, text: str, problems: dict[str, str]) -> Decimal | None:
    plain = text.strip().replace(",", ".")
    if not plain:
        return None
    if _NUMBER.fullmatch(plain) is None:
        problems[name] = _("A number, such as 16.")
        return None
    return Decimal(plain)
