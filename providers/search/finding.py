"""One page of the market for a search: rows, counts and facets, at a cost that does not grow with the market.

A search first probes: it fetches the cells and ids of up to 1,001 matches in no order. A narrow search (1,000 or fewer) is then
complete: its counts are exact, and its rows are sorted among those ids only. A wide one walks the index of its sorting, where
matches come soon; how it is kept from walking far is said at `_wide`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet

from accounts.models import Account
from core.pages import Count, Page, cursor_of, keyset_as, read_cursor, stretch
from providers.models import Offering
from providers.offer_lines import OfferLine, offer_lines
from providers.queries import rentable
from providers.search.asked import Chip, MarketQuery
from providers.search.compile import Corrections, OneOf, is_worded, matching
from providers.search.facets import BOUND, FLAG_COLUMNS, FLAGS_SQL, Cell, Facets, Kept, Tally, facets_of, kept_counts, tally
from providers.search.language import Query, QueryError
from providers.search.sizes import read
from providers.search.spelling import corrections
from providers.states import OfferingStatus

Listed = TypeVar("Listed")
Read = Callable[[QuerySet[Offering]], list[Listed]]

PAGE = 25
# A choice of kinds, countries and flags that shows more than so many is told by the kept counts: neither probed nor sorted apart.
COUNTED_LIVE = 4 * PAGE
MOST_SUGGESTED = 8
# How many rows of the sorting are looked through for words before their index is asked for all of them.
_WINDOW = 1500
_CELLS = (
    f"SELECT type, country, {FLAGS_SQL} AS flags, count(*), array_agg(id)"  # noqa: S608 (constants and SQL of the ORM)
    " FROM (%s) AS found GROUP BY 1, 2, 3"
)

_FORBID = "SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off"
_ALLOW = "SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = on"


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


@dataclass(frozen=True)
class _Search:
    """A search whose text was understood."""

    account: Account | None
    asked: MarketQuery
    query: Query
    corrected: Corrections

    def matches(self) -> QuerySet[Offering]:
        """All that it is true of, in no order."""
        everything = Query(self.query.parts + self.asked.narrowed().parts)
        found = matching(rentable(self.account), everything, self.corrected)
        return found.filter(uptime_days__gte=90) if "d90" in self.asked.uptime else found

    @property
    def is_worded(self) -> bool:
        """Whether rows are dear to look into one by one."""
        return is_worded(self.query)


@dataclass(frozen=True)
class _Probe:
    """Up to BOUND matches, counted; `more` says that there are others."""

    cells: tuple[Cell, ...]
    ids: tuple[int, ...]
    more: bool


def search(account: Account | None, asked: MarketQuery, size: int = PAGE) -> MarketPage:
    """The page of the market that is asked for, as this account may see it (None: a passer-by).

    At most six queries whatever is asked and however large the market is.
    """
    error: QueryError | None = None
    try:
        query = read(asked.q)
    except QueryError as raised:
        error, query = raised, read(raised.before)
    found = _Search(account, asked, query, corrections(query))
    kept = kept_counts()
    if kept is not None and asked.is_counted() and not error and (sums := kept.tally(asked)).total.value > COUNTED_LIVE:
        page = _wide(found, size, offer_lines)
        return _shown(found, page, sums, kept, error)
    probe = _probe(found)
    page = _wide(found, size, offer_lines) if probe.more else _narrow(found, probe.ids, size, offer_lines)
    return _shown(found, page, _tally(found, probe), kept, error)


def rows_of(account: Account | None, asked: MarketQuery, size: int = PAGE) -> Page[Offering]:
    """The rows alone, for a machine that needs neither counts nor filters. Raises QueryError."""
    query = read(asked.q)
    found = _Search(account, asked, query, corrections(query))
    probe = _probe(found)
    return _wide(found, size, _models) if probe.more else _narrow(found, probe.ids, size, _models)


def _models(found: QuerySet[Offering]) -> list[Offering]:
    return list(found.select_related("standing"))


def suggest_drop(account: Account | None, asked: MarketQuery) -> list[Suggestion]:
    """For a search that finds nothing: which single filter to lift, the one that shows most first; empty when none helps."""
    suggestions = []
    for label, change in list(asked.removable())[:MOST_SUGGESTED]:
        wider = replace(asked, **change, after="", before="")
        try:
            query = read(wider.q)
        except QueryError as error:
            query = read(error.before)
        probe = _probe(_Search(account, wider, query, {}))
        if probe.ids:
            suggestions.append(Suggestion(label, wider.url(), Count(len(probe.ids), probe.more)))
    return sorted(suggestions, key=lambda one: (-one.count.value, one.label))


def _shown(found: _Search, page: Page[OfferLine], sums: Tally, kept: Kept | None, error: QueryError | None) -> MarketPage:
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


def _probe(found: _Search) -> _Probe:
    """Count the matches up to the bound, in one query."""
    inner = found.matches().order_by().values("id", "type", "country", *FLAG_COLUMNS)[: BOUND + 1]
    try:
        sql, params = inner.query.sql_with_params()
    except EmptyResultSet:
        return _Probe((), (), more=False)
    rows = _fetched(found, _CELLS.replace("%s", sql), params)
    cells = tuple(Cell(*row[:4]) for row in rows)
    ids = tuple(pk for row in rows for pk in row[4])
    return _Probe(cells, ids[:BOUND], len(ids) > BOUND)


def _tally(found: _Search, probe: _Probe) -> Tally:
    """The probe's counts. What a chosen kind or country leaves out was not probed, so each is probed once more without it."""
    asked = found.asked
    sums = tally(probe.cells, asked, more=probe.more)
    if probe.more:
        sums = replace(sums, total=Count(BOUND, more=True))
    if asked.types:
        wider = _probe(replace(found, asked=replace(asked, types=())))
        sums = replace(sums, types=tally(wider.cells, asked, more=wider.more).types)
    if asked.countries:
        wider = _probe(replace(found, asked=replace(asked, countries=())))
        sums = replace(sums, countries=tally(wider.cells, asked, more=wider.more).countries)
    return sums


def _narrow(found: _Search, ids: tuple[int, ...], size: int, read: Read[Listed]) -> Page[Listed]:
    """The page among matches that are all known."""
    asked = found.asked
    among = rentable(found.account).filter(OneOf(F("pk"), ids))
    return keyset_as(read, among, asked.order, asked.after, asked.before, size)


def _wide(found: _Search, size: int, read: Read[Listed]) -> Page[Listed]:
    """The page among more matches than were counted, in the order of the sorting's index.

    Numbers and closed lists stand in that index. Words and labels do not, and to look for them row by row is dear where the
    matches happen to lie at the far end of the sorting (GPUs by price): so only a window of rows is looked through, and when it
    holds too few matches, all are fetched by the index of words and sorted.
    """
    asked = found.asked
    matches = found.matches()
    if not found.is_worded:
        return keyset_as(read, matches, asked.order, asked.after, asked.before, size)
    if not asked.before and (page := _in_window(matches, asked, size, read)) is not None:
        return page
    return _narrow(
        found, _sorted(found, size) or _sorted(replace(found, asked=replace(asked, after="", before="")), size), size, read
    )


def _in_window(matches: QuerySet[Offering], asked: MarketQuery, size: int, read: Read[Listed]) -> Page[Listed] | None:
    """The page, if the next rows of the sorting hold more matches than it shows."""
    order = asked.order
    published = Offering.objects.filter(status=OfferingStatus.PUBLISHED).only(*(name.lstrip("-") for name in order))
    end = stretch(published, order, after=asked.after)[_WINDOW : _WINDOW + 1].first()
    if end is None:
        return None
    rows = read(stretch(matches, order, after=asked.after, until=cursor_of(end, order))[: size + 1])
    if len(rows) <= size:
        return None
    first = read_cursor(matches, order, asked.after) is None
    newer = None if first else cursor_of(rows[0], order)
    return Page(rows[:size], newer, cursor_of(rows[size - 1], order), first=first, last=False)


def _sorted(found: _Search, size: int) -> tuple[int, ...]:
    """The ids of the page and of one row more, out of all matches: fetched by the index of words first, sorted then.

    In two steps that the database cannot merge: where many rows have the same price or age, it would take a cursor's place in the
    sorting for rare, and look into the words of everything beyond it.
    """
    order = found.asked.order
    names = [name.lstrip("-") for name in order]
    matches = found.matches().order_by().values(*names)
    sql, params = matches.query.sql_with_params()
    before = read_cursor(matches, order, found.asked.before)
    beyond = before or read_cursor(matches, order, found.asked.after) or []
    down = order[0].startswith("-") == (before is None)
    columns, direction = ", ".join(names), "DESC" if down else "ASC"
    where = f"WHERE ({columns}) {'<' if down else '>'} ({', '.join('%s' for _value in beyond)})" if beyond else ""
    ordering = ", ".join(f"{name} {direction}" for name in names)
    statement = f"WITH found AS MATERIALIZED ({sql}) SELECT id FROM found {where} ORDER BY {ordering} LIMIT %s"  # noqa: S608 (names out of SORTS)
    return tuple(row[0] for row in _fetched(found, statement, [*params, *beyond, size + 1]))


def _fetched(found: _Search, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement. That of a worded search is planned so that words are found by their own index only.

    The database takes a look into a row's words for cheap, though they are stored apart: left alone it would read the whole
    table. All goes in one message, which is one transaction; what is set ends with it, or is set back in an outer one.
    """
    with connection.cursor() as cursor:
        if not found.is_worded:
            cursor.execute(sql, params)
        else:
            cursor.execute(f"{_FORBID}; {sql}; {_ALLOW}", params)
            for _setting in range(_FORBID.count(";") + 1):
                cursor.nextset()
        return list(cursor.fetchall())
