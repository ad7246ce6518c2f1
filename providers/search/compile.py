"""From the tree of a query to conditions of the database. The only place that knows which column a field is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Lookup, Q, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from providers.models import Offering
from providers.search.document import label
from providers.search.language import Condition, Is, Part, Phrase, Query, Range, Text, Word
from providers.search.words import words

# From so many letters on, a word is also the beginning of a longer one.
_BEGINNING = 3
Corrections = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Column:
    """A numeric column; `scale` is what one unit of the language is in it, `whole` says that it holds integers."""

    name: str
    whole: bool = False
    scale: int = 1


_COLUMNS = {
    "cores": _Column("cores", whole=True),
    "memory": _Column("memory_gb"),
    "disk": _Column("disk_total_gb", whole=True),
    "gpu": _Column("gpu_count", whole=True),
    "gpu_memory": _Column("gpu_gb"),
    "uplink": _Column("uplink_mbit", whole=True),
    "traffic": _Column("traffic_tb"),
    "price": _Column("price_eur_minor", whole=True, scale=100),
    "setup": _Column("setup_eur_minor", whole=True, scale=100),
    "stock": _Column("free_stock", whole=True),
    "uptime": _Column("uptime_percent"),
}
_NOTHING = Q(pk__in=())
_HAS = frozenset(("yes", "no"))


class OneOf(Lookup[Any]):
    """`pk = ANY (ids)`: one parameter for a thousand ids, where IN would make a thousand of them."""

    lookup_name = "one_of"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """The comparison."""
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} = ANY (%s)", (*params, list(self.rhs))


def matching(offerings: QuerySet[Offering], query: Query, corrections: Corrections) -> QuerySet[Offering]:
    """The offerings that the query is true of. `corrections` maps a folded word to words it may stand for."""
    for part in query.parts:
        if isinstance(part, Condition) and part.field == "stock":
            offerings = offerings.alias(free_stock=F("stock") - F("taken"))
            break
    return offerings.filter(*[_part(part, corrections) for part in query.parts])


def is_worded(part: Part) -> bool:
    """Whether the part asks for words or labels: columns that are dear to look into and cheap to look up in their index."""
    if part.negated:
        return False
    if isinstance(part, Text):
        return True
    names = [value.text for value in part.values if isinstance(value, Is)]
    return bool(names) and (part.field not in _BY_NAME or (part.field == "gpu" and not _HAS.issuperset(names)))


def _part(part: Part, corrections: Corrections) -> Q:
    found = _text(part, corrections) if isinstance(part, Text) else _condition(part)
    return ~found if part.negated else found


def _text(part: Text, corrections: Corrections) -> Q:
    lookups: list[Any] = [lookup for one in part.any_of for lookup in _lookups(one, corrections)]
    return Q(search=reduce(or_, lookups))


def _lookups(one: Word | Phrase, corrections: Corrections) -> list[SearchQuery]:
    spoken = words(one.text)
    joined = " ".join(spoken)
    if isinstance(one, Phrase) or len(spoken) > 1:
        return [SearchQuery(joined, config="simple", search_type="phrase")]
    # A word from words() has letters, digits and .+# only: nothing that could end the quotes.
    ending = ":*" if len(joined) >= _BEGINNING else ""
    lookups = [
        SearchQuery(f"'{joined}'{ending}", config="simple", search_type="raw"),
        SearchQuery(joined, config="english", search_type="plain"),
    ]
    return lookups + [SearchQuery(other, config="simple", search_type="plain") for other in corrections.get(joined, ())]


def _condition(condition: Condition) -> Q:
    """One of the values holds. Names are looked up together, so that the index is asked once."""
    field = condition.field
    names = [value.text for value in condition.values if isinstance(value, Is)]
    ranges = [value for value in condition.values if isinstance(value, Range)]
    found = [_BY_NAME.get(field, _labelled)(field, names)] if names else []
    found += [_within(field, one) for one in ranges]
    return reduce(or_, found)


def _within(field: str, bounds: Range) -> Q:
    column = _COLUMNS[field]
    found = Q()
    if bounds.low is not None and bounds.low == bounds.high:
        return _exactly(column, bounds.low)
    if bounds.low is not None:
        found &= Q((f"{column.name}__{'gt' if bounds.above else 'gte'}", _edge(column, bounds.low, down=bounds.above)))
        if field == "traffic" and bounds.high is None:
            # Unmetered is more than any number.
            return found | Q(traffic_unmetered=True)
    if bounds.high is not None:
        found &= Q((f"{column.name}__{'lt' if bounds.below else 'lte'}", _edge(column, bounds.high, down=not bounds.below)))
    return found or Q((f"{column.name}__isnull", False))


def _exactly(column: _Column, value: Decimal) -> Q:
    scaled = value * column.scale
    if not column.whole:
        return Q((column.name, scaled))
    return Q((column.name, int(scaled))) if scaled == int(scaled) else _NOTHING


def _edge(column: _Column, value: Decimal, *, down: bool) -> Decimal | int:
    """The bound in the column's unit. Between two integers it is moved to the one that leaves the same rows."""
    scaled = value * column.scale
    if not column.whole:
        return scaled
    return int(scaled.to_integral_value(ROUND_FLOOR if down else ROUND_CEILING))


def _labelled(field: str, names: list[str]) -> Q:
    return Q(labels__overlap=[label(field, name) for name in names])


def _column_in(column: str) -> Callable[[str, list[str]], Q]:
    return lambda _field, names: Q((f"{column}__in", names))


def _flag(column: str) -> Callable[[str, list[str]], Q]:
    return lambda _field, names: Q((f"{column}__in", [name == "yes" for name in names]))


def _gpu(field: str, names: list[str]) -> Q:
    models = [name for name in names if name not in _HAS]
    found = _labelled(field, models) if models else _NOTHING
    if "yes" in names:
        found |= Q(gpu_count__gt=0)
    if "no" in names:
        found |= Q(gpu_count=0)
    return found


def _currency(_field: str, names: list[str]) -> Q:
    return Q(currency__in=[name.upper() for name in names])


def _unmetered(_field: str, _names: list[str]) -> Q:
    return Q(traffic_unmetered=True)


_BY_NAME: dict[str, Callable[[str, list[str]], Q]] = {
    "type": _column_in("type"),
    "country": _column_in("country"),
    "disk_type": _column_in("disk_type"),
    "virtualisation": _column_in("virtualisation"),
    "currency": _currency,
    "ecc": _flag("memory_ecc"),
    "unmetered": _flag("traffic_unmetered"),
    "auto": _flag("auto_accept"),
    "gpu": _gpu,
    "traffic": _unmetered,
}
