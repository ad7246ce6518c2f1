"""One page of the market for a search: rows, counts and facets, at a cost that does not grow with the market."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from django.db.models import F, QuerySet

from accounts.models import Account
from core.pages import Count, Page, keyset_as
from providers.models import Offering
from providers.offer_lines import OfferLine, offer_lines
from providers.queries import rentable
from providers.search.asked import Chip, MarketQuery
from providers.search.compile import OneOf
from providers.search.facets import Facets, Kept, Tally, facets_of, kept_counts, tally
from providers.search.language import Query, QueryError
from providers.search.probing import Probe, Search, probe
from providers.search.sizes import read
from providers.search.spelling import corrections

Listed = TypeVar("Listed")
Read = Callable[[QuerySet[Offering]], list[Listed]]

PAGE = 25
# A choice of kinds, countries and flags that shows more than so many is told by the kept counts: neither probed nor sorted apart.
COUNTED_LIVE = 4 * PAGE
MOST_SUGGESTED = 8


@dataclass(frozen=True)
class MarketPage:
    """What the market shows. `count` is exact up to 1,000, and about a minute old where it is kept; `providers` is how many have
    something on the whole market, None when that is not known. `error` says what is wrong with the text of the query, whose
    understood beginning was searched for; `corrected` what a mistyped word was taken for.
    """

    page: Page[OfferLine]
    count: Count
    providers: int | None
    facets: Facets
    chips: list[Chip]
    error: QueryError | None
    corrected: dict[str, tuple[str, ...]]

    @property
    def rows(self) -> list[OfferLine]:
        """The offerings of this page."""
        return self.page.rows


@dataclass(frozen=True)
class Suggestion:
    """A filter to drop: its words, the address without it, and how much it would show."""

    label: str
    url: str
    count: Count


def search(account: Account | None, asked: MarketQuery, size: int = PAGE) -> MarketPage:
    """The page of the market that is asked for, as this account may see it (None: a passer-by).

    Four queries however large the market is: kept counts, how many matches to expect, counts with the ids of the page, its rows.
    Where the kept counts tell everything, the middle two are left out. Words that may be mistyped take one more. A cursor that
    points beyond all rows begins anew.
    """
    error: QueryError | None = None
    try:
        query = read(asked.q)
    except QueryError as raised:
        error, query = raised, read(raised.before)
    found = Search(account, asked, query, corrections(query))
    kept = kept_counts()
    if kept is not None and asked.is_counted() and not error and (sums := kept.tally(asked)).total.value > COUNTED_LIVE:
        page = keyset_as(offer_lines, found.matches(), asked.order, asked.after, asked.before, size)
        return _shown(found, page, sums, kept, error)
    wider = _wider(found)
    (own, *others), page = _probed([found, *wider.values()], size, offer_lines)
    return _shown(found, page, _tally(asked, own, dict(zip(wider, others, strict=True))), kept, error)


def rows_of(account: Account | None, asked: MarketQuery, size: int = PAGE) -> Page[Offering]:
    """The rows alone, for a machine that needs neither counts nor filters. Raises QueryError."""
    query = read(asked.q)
    return _probed([Search(account, asked, query, corrections(query))], size, _models)[1]


def _models(found: QuerySet[Offering]) -> list[Offering]:
    return list(found.select_related("standing"))


def suggest_drop(account: Account | None, asked: MarketQuery) -> list[Suggestion]:
    """For a search that finds nothing: which single filter to lift, the one that shows most first; empty when none helps."""
    lifted = [(label, replace(asked, **change, after="", before="")) for label, change in asked.removable()][:MOST_SUGGESTED]
    probes, _ids = probe([Search(account, wider, _understood(wider.q), {}) for _label, wider in lifted])
    suggestions = [
        Suggestion(label, wider.url(), Count(one.count, one.more))
        for (label, wider), one in zip(lifted, probes, strict=True)
        if one.count
    ]
    return sorted(suggestions, key=lambda one: (-one.count.value, one.label))


def _understood(q: str) -> Query:
    """The query of this text, or of its beginning up to where it is wrong."""
    try:
        return read(q)
    except QueryError as error:
        return read(error.before)


def _shown(found: Search, page: Page[OfferLine], sums: Tally, kept: Kept | None, error: QueryError | None) -> MarketPage:
    asked = found.asked
    return MarketPage(
        page=page,
        count=sums.total,
        providers=kept.providers if kept else None,
        facets=facets_of(sums, kept, asked),
        chips=asked.chips(),
        error=error,
        corrected=dict(found.corrected),
    )


def _probed(searches: list[Search], size: int, rows: Read[Listed]) -> tuple[list[Probe], Page[Listed]]:
    """What each of the searches counts, and the page of the first."""
    found, *wider = searches
    asked = found.asked
    probes, ids = probe(searches, size)
    if not ids and (asked.after or asked.before):
        return _probed([replace(found, asked=replace(asked, after="", before="")), *wider], size, rows)
    among = rentable(found.account).filter(OneOf(F("pk"), ids))
    return probes, keyset_as(rows, among, asked.order, asked.after, asked.before, size)


def _wider(found: Search) -> dict[str, Search]:
    """The search without its kinds, and without its countries: what a chosen one leaves out is not among the matches."""
    asked = found.asked
    wider = {}
    if asked.types:
        wider["types"] = replace(found, asked=replace(asked, types=()))
    if asked.countries:
        wider["countries"] = replace(found, asked=replace(asked, countries=()))
    return wider


def _tally(asked: MarketQuery, own: Probe, wider: dict[str, Probe]) -> Tally:
    """The counts of a search, those of its kinds and countries from where none was chosen."""
    elsewhere = {name: getattr(tally(one.cells, asked, more=one.more), name) for name, one in wider.items()}
    return replace(tally(own.cells, asked, more=own.more), total=Count(own.count, own.more), **elsewhere)
