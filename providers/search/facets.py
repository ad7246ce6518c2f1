"""Counts beside the filters: kept ones of the whole market, about a minute old, and exact ones of a narrow search.

Offerings are counted in cells of equal properties (kind, country, flags), so that any choice of kinds, countries and flags is a
sum over cells and never a scan.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection

from core import clock
from core.countries import country_name
from core.pages import Count
from providers.flags import BITS
from providers.models import FacetSnapshot
from providers.search.asked import FLAGS, UPTIMES, MarketQuery, flag_in_words, uptime_in_words
from providers.states import OfferingStatus, OfferingType, Visibility

# Counts that nobody has renewed for so long are not shown any more.
STALE = timedelta(minutes=5)
# A narrow search is counted up to here.
BOUND = 1000
_SNAPSHOT_ID = 1
_COUNT_MARKET = (
    "SELECT type, country, flags, count(*) FROM providers_offering"
    " WHERE status = %s AND visibility = %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
_COUNT_PROVIDERS = "SELECT count(DISTINCT provider_id) FROM providers_offering WHERE status = %s AND visibility = %s"
_KEPT = (
    "SELECT revision, made_at, providers, CASE WHEN revision = %s THEN NULL ELSE cells END"
    " FROM providers_facetsnapshot WHERE id = %s"
)


@dataclass(frozen=True)
class FacetValue:
    """One choice of a filter. `count` is None where it is not known."""

    value: str
    label: str
    count: Count | None
    selected: bool


@dataclass(frozen=True)
class Facets:
    """The choices of every filter that has some, with what each would show."""

    types: tuple[FacetValue, ...]
    countries: tuple[FacetValue, ...]
    uptime: tuple[FacetValue, ...]
    flags: tuple[FacetValue, ...]


@dataclass(frozen=True)
class Cell:
    """So many offerings with the same properties; `flags` has the bits of providers.flags."""

    type: str
    country: str
    flags: int
    count: int


@dataclass(frozen=True)
class Counts:
    """How often each value was found; `more` says that there are at least so many."""

    found: Counter[str]
    more: bool = False

    def of(self, value: str) -> Count | None:
        """The count of a value; None where it was not met and may exist all the same."""
        found = self.found[value]
        return None if self.more and not found else Count(min(found, BOUND) if self.more else found, self.more)


@dataclass(frozen=True)
class Tally:
    """The counts of one search."""

    total: Count
    types: Counts
    countries: Counts
    properties: Counts


@dataclass
class Kept:
    """The market as it was counted last. Sums that were asked for once stay with it."""

    revision: uuid.UUID
    providers: int
    cells: tuple[Cell, ...]
    sums: dict[tuple[object, ...], Tally] = field(default_factory=dict)

    def tally(self, asked: MarketQuery) -> Tally:
        """The counts under the chosen kinds, countries and properties."""
        key = (asked.types, asked.countries, wanted_flags(asked))
        if key not in self.sums:
            self.sums[key] = tally(self.cells, asked)
        return self.sums[key]


_latest: Kept | None = None
_NEVER = uuid.UUID(int=0)


def kept_counts() -> Kept | None:
    """The counted market; None when it was not counted lately. One query, which brings the cells only where they are news."""
    global _latest  # noqa: PLW0603 (all that a process remembers, and the row's revision says whether it is still true)
    known = _latest
    # Written by hand: every page of the market asks it, and making the statement would take longer than running it.
    with connection.cursor() as cursor:
        cursor.execute(_KEPT, [known.revision if known else _NEVER, _SNAPSHOT_ID])
        found = cursor.fetchone()
    if found is None or found[1] < clock.now() - STALE:
        return None
    revision, _made_at, providers, news = found
    if known is None or known.revision != revision:
        known = _latest = Kept(revision, providers, tuple(Cell(*cell) for cell in json.loads(news)))
    return known


def refresh_facets() -> int:
    """Count the public market anew and keep it; returns how many offerings it has. For the schedule, once a minute."""
    public = [OfferingStatus.PUBLISHED, Visibility.PUBLIC]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_MARKET, public)
        cells = [list(row) for row in cursor.fetchall()]
        cursor.execute(_COUNT_PROVIDERS, public)
        (providers,) = cursor.fetchone()
    fresh = {"revision": uuid.uuid4(), "made_at": clock.now(), "providers": providers, "cells": cells}
    FacetSnapshot.objects.update_or_create(pk=_SNAPSHOT_ID, defaults=fresh)
    return sum(cell[3] for cell in cells)


def wanted_flags(asked: MarketQuery) -> int:
    """The bits that a search insists on."""
    wanted = {flag for flag in FLAGS if getattr(asked, flag)} | set(asked.uptime)
    return sum(bit for name, bit in BITS.items() if name in wanted)


def tally(cells: Iterable[Cell], asked: MarketQuery, *, more: bool = False) -> Tally:
    """Sum cells under the choices of a search. Each kind is counted as if no kind were chosen, each country likewise."""
    wanted = wanted_flags(asked)
    total = 0
    types: Counter[str] = Counter()
    countries: Counter[str] = Counter()
    flags: Counter[int] = Counter()
    for cell in cells:
        if cell.flags & wanted != wanted:
            continue
        is_type = not asked.types or cell.type in asked.types
        is_country = not asked.countries or cell.country in asked.countries
        if is_country:
            types[cell.type] += cell.count
        if is_type:
            countries[cell.country] += cell.count
        if is_type and is_country:
            total += cell.count
            flags[cell.flags] += cell.count
    properties = Counter({name: sum(count for bits, count in flags.items() if bits & bit) for name, bit in BITS.items()})
    return Tally(Count(total, more), Counts(types, more), Counts(countries, more), Counts(properties, more))


def facets_of(counts: Tally, kept: Kept | None, asked: MarketQuery) -> Facets:
    """The choices with their counts; countries in the order of the whole market, so that they stay where they are."""
    market = kept.tally(MarketQuery()).countries.found if kept else counts.countries.found
    codes = sorted(set(market) | set(counts.countries.found) | set(asked.countries), key=lambda code: (-market[code], code))
    return Facets(
        types=tuple(
            FacetValue(kind.value, str(kind.label), counts.types.of(kind.value), kind.value in asked.types) for kind in OfferingType
        ),
        countries=tuple(FacetValue(code, country_name(code), counts.countries.of(code), code in asked.countries) for code in codes),
        uptime=tuple(FacetValue(one, uptime_in_words(one), counts.properties.of(one), one in asked.uptime) for one in UPTIMES),
        flags=tuple(FacetValue(flag, flag_in_words(flag), counts.properties.of(flag), getattr(asked, flag)) for flag in FLAGS),
    )
