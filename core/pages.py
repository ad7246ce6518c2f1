"""Pages of lists by keyset: each page is one indexed query, however far down, and rows that arrive or go move nobody's page."""

import base64
import binascii
import json
import re
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.db.models import (
    BooleanField,
    DateField,
    DateTimeField,
    DecimalField,
    F,
    Field,
    Func,
    IntegerField,
    Model,
    Q,
    QuerySet,
    UUIDField,
    Value,
)
from django.db.models.sql import Query
from django.utils.dateparse import parse_date, parse_datetime

from core.money import group_digits
from core.text import is_storable

Row = TypeVar("Row", bound=Model)
Listed = TypeVar("Listed")
Order = Sequence[str]
Fetch = Callable[[list[Any] | None, Order], list[Listed]]

SIZE = 25
_LONGEST_CURSOR = 1000
_BIGINT = 2**63
_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,30})?", re.ASCII)


@dataclass(frozen=True)
class Page(Generic[Listed]):
    """Some rows in order. `older` is the cursor for `after=` (further down), `newer` the one for `before=` (back up), each None
    where there is nothing. `first` and `last` say whether this is the top or the end of the list.
    """

    rows: list[Listed]
    newer: str | None
    older: str | None
    first: bool
    last: bool

    def __iter__(self) -> Iterator[Listed]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def keyset(queryset: QuerySet[Row], order: Order, after: str | None, before: str | None, size: int = SIZE) -> Page[Row]:
    """The page of `size` rows that follows the cursor `after`, or precedes `before`; the first page without a cursor.

    `order` names columns as for order_by ("-created_at", "-id"); it must end in a unique column, and no column may be null or a
    float. Joined columns ("offering__name") and annotations will do. A cursor that is malformed, forged, or made for another
    order is no cursor. One query; a second one only where a cursor points past all rows.
    """
    return keyset_as(list, queryset, order, after, before, size)


def keyset_as(
    read: Callable[[QuerySet[Row]], list[Listed]],
    queryset: QuerySet[Row],
    order: Order,
    after: str | None,
    before: str | None,
    size: int = SIZE,
) -> Page[Listed]:
    """The same of what `read` makes of the rows: any objects that have what `order` names."""

    def fetch(values: list[Any] | None, direction: Order) -> list[Listed]:
        found = queryset.order_by(*direction) if values is None else _beyond(queryset, direction, values)
        return read(found[: size + 1])

    return page_by(fetch, queryset.query, order, after, before, size)


def page_by(fetch: Fetch[Listed], query: Query, order: Order, after: str | None, before: str | None, size: int) -> Page[Listed]:
    """The same for rows that `fetch` brings: one more than a page holds, in the order it is told, strictly after these values
    (None: from the start). They are any objects that have what `order` names; `query` says of what kind each of these columns is.
    """
    values = _read(query, order, before) if before else None
    if before and values is not None:
        rows = fetch(values, _reversed(order))
        more = len(rows) > size
        rows = rows[:size][::-1]
        if rows:
            return _page(rows, order, first=not more, last=False)
    values = _read(query, order, after) if after else None
    if after and values is not None:
        rows = fetch(values, order)
        if rows:
            return _page(rows[:size], order, first=False, last=len(rows) <= size)
    rows = fetch(None, order)
    return _page(rows[:size], order, first=True, last=len(rows) <= size)


def cursor_showing(queryset: QuerySet[Row], order: Order, row: Row) -> str | None:
    """The `after` cursor of a page that starts with `row`; None if the first page does. One query."""
    above = _beyond(queryset, _reversed(order), _values_of(row, order)).first()
    return None if above is None else cursor_of(above, order)


def cursor_of(row: object, order: Order) -> str:
    """The opaque cursor that stands at `row`. It holds the row's sort values, which whoever sees the row may know."""
    written = [_tag(order), *(_written(value) for value in _values_of(row, order))]
    return base64.urlsafe_b64encode(json.dumps(written, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(queryset: QuerySet[Row], order: Order, cursor: str) -> list[Any] | None:
    """The sort values in a cursor, each checked against its column; None for anything that `cursor_of` has not made."""
    return _read(queryset.query, order, cursor)


def _read(query: Query, order: Order, cursor: str) -> list[Any] | None:
    if len(cursor) > _LONGEST_CURSOR or not cursor.isascii():
        return None
    try:
        read = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(read, list) or len(read) != len(order) + 1 or read[0] != _tag(order):
        return None
    query = query.chain()
    values = []
    for name, text in zip(order, read[1:], strict=True):
        value = _checked(F(name.lstrip("-")).resolve_expression(query).output_field, text)
        if value is None:
            return None
        values.append(value)
    return values


def _page(rows: list[Listed], order: Order, *, first: bool, last: bool) -> Page[Listed]:
    """The page, with the cursors of its ends where something lies beyond them."""
    newer = None if first or not rows else cursor_of(rows[0], order)
    older = None if last or not rows else cursor_of(rows[-1], order)
    return Page(rows, newer, older, first, last)


def _reversed(order: Order) -> list[str]:
    return [name[1:] if name.startswith("-") else f"-{name}" for name in order]


def _beyond(queryset: QuerySet[Row], order: Order, values: list[Any]) -> QuerySet[Row]:
    """The rows strictly after `values` in `order`, in that order."""
    names = [name.lstrip("-") for name in order]
    descending = [name.startswith("-") for name in order]
    if len(set(descending)) == 1:
        # One direction: compared as whole rows, which PostgreSQL reads off an index from exactly that place.
        comparison = Func(
            _row(*(F(name) for name in names)),
            _row(*(Value(value) for value in values)),
            template="%(expressions)s",
            arg_joiner=" < " if descending[0] else " > ",
            output_field=BooleanField(),
        )
        return queryset.filter(comparison).order_by(*order)
    condition = Q()
    for name, down, value in reversed(list(zip(names, descending, values, strict=True))):
        beyond = Q(**{f"{name}__{'lt' if down else 'gt'}": value})
        condition = beyond | (Q(**{name: value}) & condition) if condition else beyond
    # Said twice, so that the first column's index can be used: no planner sees it through the alternatives.
    at_least = Q(**{f"{names[0]}__{'lte' if descending[0] else 'gte'}": values[0]})
    return queryset.filter(at_least, condition).order_by(*order)


def _row(*expressions: F | Value) -> Func:
    """ "(a, b)" in SQL."""
    return Func(*expressions, template="(%(expressions)s)", arg_joiner=", ", output_field=BooleanField())


def _tag(order: Order) -> int:
    """A number that two different orders hardly share, so that a cursor does not wander from one sorting into another."""
    return zlib.crc32(",".join(order).encode())


def _values_of(row: object, order: Order) -> list[Any]:
    values = []
    for name in order:
        value: Any = row
        for step in name.lstrip("-").split("__"):
            value = getattr(value, step)
        values.append(value)
    return values


def _written(value: Any) -> str | int:
    """A sort value as JSON keeps it exactly. Raises TypeError for null and floats, which no keyset can be built on."""
    match value:
        case bool() | None | float():
            raise TypeError(f"{value!r} cannot be part of a keyset")
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case int() | str():
            return value
        case Decimal():
            return f"{value:f}"
        case uuid.UUID():
            return str(value)
    raise TypeError(f"{type(value).__name__} cannot be part of a keyset")


def _checked(field: "Field[Any, Any]", value: Any) -> Any:
    """The value as this column holds it, or None: whatever a stranger writes into a cursor must not reach the database."""
    if isinstance(field, IntegerField):
        return value if type(value) is int and -_BIGINT <= value < _BIGINT else None
    if not isinstance(value, str) or not is_storable(value):
        return None
    try:
        if isinstance(field, DateTimeField):
            moment = parse_datetime(value)
            return moment if moment is not None and moment.tzinfo is not None else None
        if isinstance(field, DateField):
            return parse_date(value)
        if isinstance(field, DecimalField):
            return Decimal(value) if _DECIMAL.fullmatch(value) else None
        return uuid.UUID(value) if isinstance(field, UUIDField) else value
    except ValueError:
        return None


# --- Counts -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    """How many there are: exactly `value`, or more than that. Reads "25" or "1,000+"."""

    value: int
    more: bool

    def __str__(self) -> str:
        return f"{group_digits(self.value)}{'+' if self.more else ''}"


def bounded_count(queryset: QuerySet[Any], limit: int = 1000) -> Count:
    """Count up to `limit` rows and stop there, so that a tab's number costs the same at a million rows."""
    found = queryset.order_by()[: limit + 1].count()
    return Count(min(found, limit), found > limit)
