"""The one statement that asks the market: what a search and its wider sisters count, and which rows stand on its page.

Of each search up to 1,001 matches are fetched in no order; up to 5,001 where the database, asked first, expects no more. When
these are all, the counts are exact and the page is sorted out of them. A wider search walks the index of its sorting, where
matches come soon; what it does about words, which stand in no such index, is said at `_WORDED`. The database sees on the way what
is needed, and runs nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import Formatter
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from accounts.models import Account
from core.pages import read_cursor
from providers.models import Offering
from providers.queries import rentable
from providers.search.asked import MarketQuery
from providers.search.compile import Corrections, is_worded, matching
from providers.search.facets import BOUND, Cell
from providers.search.language import Query

# So many matches are all fetched and sorted, rather than looked for in the sorting.
_SORTED = 5 * BOUND
# How many rows of the sorting are looked through for words.
_WINDOW = 1500

# Up to the bound of what search {number} matches, and what is told of them: cells, and for the first search the ids of its page.
# All columns here stand in the indexes of filters (_FOUND in providers.models): one that does not makes every row be read.
_FOUND = """found_{number} AS MATERIALIZED (
    SELECT {names}, type, country, flags FROM providers_offering WHERE {where} LIMIT {bound} + 1
)"""
_CELLS = """SELECT {number}, type, country, flags, count(*), NULL::bigint[]
    FROM (TABLE found_{number} LIMIT {most} + 1) AS found GROUP BY 2, 3, 4"""
_IDS = "SELECT -1, '', '', 0, 0, ARRAY(SELECT id FROM page)"
# What stands behind a `(SELECT more FROM met)` that is false does not run.
_NARROW = """met AS MATERIALIZED (
    SELECT count(*) > {bound} AS more FROM found_0
), narrow AS (
    SELECT id FROM found_0 WHERE NOT (SELECT more FROM met) AND {beyond} ORDER BY {order} LIMIT {rows}
)"""
_WIDE = """wide AS (
    SELECT id FROM providers_offering WHERE (SELECT more FROM met) AND {where} AND {beyond} ORDER BY {order} LIMIT {rows}
), page AS (TABLE narrow UNION ALL TABLE wide)"""
# Numbers and closed lists stand in the index of a sorting. Words and labels do not, and to look for them row by row is dear where
# the matches happen to lie at the far end of the sorting (GPUs by price): so only a window of rows, of those that fit otherwise,
# is looked through (within that WITH, the name of the table means the window), and when it holds too few matches, all are fetched
# by the index of words first and sorted then. In two steps that the database cannot merge: it would take a cursor's place in the
# sorting for rare where many rows have the same price or age.
_WORDED = """near AS MATERIALIZED (
    WITH providers_offering AS (
        SELECT * FROM providers_offering WHERE {others} AND {beyond} ORDER BY {order} LIMIT {window}
    ) SELECT id FROM providers_offering WHERE (SELECT more FROM met) AND {where} ORDER BY {order} LIMIT {rows}
), every AS MATERIALIZED (
    SELECT {names} FROM providers_offering
    WHERE (SELECT more FROM met) AND (SELECT count(*) FROM near) < {rows} AND {where}
), far AS (
    SELECT id FROM every WHERE {beyond} ORDER BY {order} LIMIT {rows}
), page AS (TABLE narrow UNION ALL TABLE near UNION ALL TABLE far)"""
_EXPECT = "EXPLAIN (FORMAT JSON) SELECT 1 FROM providers_offering WHERE {where}"
# The database takes a look into a row's words for cheap, though they are stored apart: left alone it would read the whole table.
# All goes in one message, which is one transaction; what is set ends with it, or is set back in an outer one.
_BY_INDEX = "SET LOCAL enable_seqscan = off; {statement}; SET LOCAL enable_seqscan = on"


@dataclass(frozen=True)
class Search:
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
        """Whether it asks for words or labels."""
        return any(is_worded(part) for part in self.query.parts)

    def without_words(self) -> "Search":
        """The search without its words and labels."""
        return replace(self, query=Query(tuple(part for part in self.query.parts if not is_worded(part))))


@dataclass(frozen=True)
class Probe:
    """Matches of a search, counted in cells, one beyond BOUND at most."""

    cells: tuple[Cell, ...]

    @property
    def count(self) -> int:
        """How many were met, the one beyond the bound left out."""
        return min(self._met, BOUND)

    @property
    def more(self) -> bool:
        """Whether there are others."""
        return self._met > BOUND

    @property
    def _met(self) -> int:
        return sum(cell.count for cell in self.cells)


@dataclass(frozen=True)
class _Sql:
    """A piece of SQL and what stands in its places."""

    text: str
    params: tuple[Any, ...] = ()


def probe(searches: Sequence[Search], size: int = 0) -> tuple[list[Probe], tuple[int, ...]]:
    """Count the matches of each search up to the bound, and get the ids of the first one's page of `size` rows, and of one row
    more, in no order. One query; for a page another one before it, which asks the database what it expects and reads no rows.
    """
    wheres = [_where(search) for search in searches]
    ctes, selects = [], []
    for number, (search, where) in enumerate(zip(searches, wheres, strict=True)):
        if where is None:
            continue
        is_shown = size > 0 and number == 0
        pieces = _pieces(search, where) | {"number": number, "rows": size + 1}
        pieces["bound"] = _bound(search, where) if is_shown else BOUND
        ctes.append(_filled(_FOUND, pieces))
        selects.append(_filled(_CELLS, pieces).text)
        if is_shown:
            ctes += [_filled(_NARROW, pieces), _filled(_WORDED if search.is_worded else _WIDE, pieces)]
            selects.append(_IDS)
    cells: list[list[Cell]] = [[] for _search in searches]
    ids: tuple[int, ...] = ()
    if selects:
        for number, kind, country, flags, count, page in _fetched(searches, ctes, selects):
            if page is None:
                cells[number].append(Cell(kind, country, flags, count))
            else:
                ids = tuple(page)
    return [Probe(tuple(one)) for one in cells], ids


def _where(search: Search) -> _Sql | None:
    """What is true of the matches, all of it columns of one table; None for a search that nothing can match."""
    query = search.matches().query
    try:
        text, params = query.get_compiler(connection=connection).compile(query.where)
    except EmptyResultSet:
        return None
    return _Sql(text, tuple(params))


def _bound(search: Search, where: _Sql) -> int:
    """How many matches to fetch before the sorting is walked: all, where the database expects few."""
    if search.asked.is_counted():
        # The kept counts know it for few, or nothing is kept.
        return BOUND
    expect = _filled(_EXPECT, {"where": where})
    with connection.cursor() as cursor:
        cursor.execute(expect.text, expect.params)
        ((plans,),) = cursor.fetchall()
    return _SORTED if plans[0]["Plan"]["Plan Rows"] <= _SORTED else BOUND


def _pieces(search: Search, where: _Sql) -> dict[str, _Sql | str | int]:
    """What stands in the places of the templates for any search."""
    asked = search.asked
    names = [name.lstrip("-") for name in asked.order]
    before = read_cursor(Offering.objects.all(), asked.order, asked.before)
    values = before or read_cursor(Offering.objects.all(), asked.order, asked.after)
    down = asked.order[0].startswith("-") == (before is None)
    direction, compared = ("DESC", "<") if down else ("ASC", ">")
    columns, places = ", ".join(names), ", ".join("%s" for _value in values or ())
    return {
        "where": where,
        "others": (search.is_worded and _where(search.without_words())) or where,
        "beyond": _Sql(f"({columns}) {compared} ({places})", tuple(values)) if values else "true",
        "names": columns,
        "order": ", ".join(f"{name} {direction}" for name in names),
        "most": BOUND,
        "window": _WINDOW,
    }


def _filled(template: str, pieces: Mapping[str, _Sql | str | int]) -> _Sql:
    """The template with its places filled, and the parameters in the order in which they came in."""
    names = [name for _text, name, _spec, _conversion in Formatter().parse(template) if name]
    used = {name: piece if isinstance(piece := pieces[name], _Sql) else _Sql(str(piece)) for name in names}
    text = template.format(**{name: piece.text for name, piece in used.items()})
    return _Sql(text, tuple(param for name in names for param in used[name].params))


def _fetched(searches: Sequence[Search], ctes: list[_Sql], selects: list[str]) -> list[tuple[Any, ...]]:
    statement = f"WITH {', '.join(cte.text for cte in ctes)} {' UNION ALL '.join(selects)}"
    params = [param for cte in ctes for param in cte.params]
    is_worded = any(search.is_worded for search in searches)
    with connection.cursor() as cursor:
        cursor.execute(_BY_INDEX.format(statement=statement) if is_worded else statement, params)
        if is_worded:
            cursor.nextset()
        return list(cursor.fetchall())
