"""The query language as a tree: what can be asked, and how it is written down in one canonical way. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from providers.search.fields import BY_NAME


class QueryError(Exception):
    """A query that cannot be read: where, why, and a query that can.

    `position` and `length` mark the place in what was typed, in characters; `repaired` is a query that parses and is as near as
    we can get, "" for nothing worth asking; `before` is what was understood before the place. Nothing else is raised by the
    parser.
    """

    def __init__(self, message: str, position: int, length: int, repaired: str, before: str) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = length
        self.repaired = repaired
        self.before = before


@dataclass(frozen=True)
class Is:
    """Equal to a value: a word, a code, "yes" or "no"."""

    text: str


@dataclass(frozen=True)
class Range:
    """A number within bounds; None is open. `exclusive` bounds do not count themselves: `>4` is Range(4, None, True, False)."""

    low: Decimal | None
    high: Decimal | None
    above: bool = False
    below: bool = False


Value = Is | Range


@dataclass(frozen=True)
class Condition:
    """A field has one of the values; `negated`: it has none of them. `field` is the canonical name."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True)
class Word:
    """One bare word, matched as a beginning and by its stem, put right when it is mistyped."""

    text: str


@dataclass(frozen=True)
class Phrase:
    """Words in exactly this order."""

    text: str


@dataclass(frozen=True)
class Text:
    """One of the words or phrases occurs; `negated`: none of them does."""

    any_of: tuple[Word | Phrase, ...]
    negated: bool = False


Part = Condition | Text


@dataclass(frozen=True)
class Query:
    """Parts that all have to be true. The empty query is true of everything."""

    parts: tuple[Part, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.parts)


KEYWORDS = frozenset(("OR", "AND", "NOT", "TO"))
OPENERS = frozenset('"()[]')


def number(value: Decimal) -> str:
    """A number without exponent and without zeros that say nothing."""
    return format(value.normalize() if value else Decimal(0), "f")


def render(query: Query) -> str:
    """The query in its canonical spelling; parsing it gives the same query again."""
    return " ".join(render_part(part) for part in query.parts)


def render_part(part: Part) -> str:
    """One part of a query in canonical spelling."""
    sign = "-" if part.negated else ""
    if isinstance(part, Text):
        texts = [one.text if isinstance(one, Word) else f'"{one.text}"' for one in part.any_of]
        return sign + (texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})")
    values = [_value(part.field, value) for value in part.values]
    return f"{sign}{part.field}:" + (values[0] if len(values) == 1 else f"({' OR '.join(values)})")


def _value(field: str, value: Value) -> str:
    if isinstance(value, Is):
        return _bare(value.text)
    low, high = value.low, value.high
    if low is not None and low == high:
        most = BY_NAME[field].most
        return number(low) if most is None or low <= most else f"={number(low)}"
    if low is not None and high is None:
        return (">" if value.above else ">=") + number(low)
    if low is None and high is not None:
        return ("<" if value.below else "<=") + number(high)
    return f"[{number(low) if low is not None else '*'} TO {number(high) if high is not None else '*'}]"


def _bare(text: str) -> str:
    """The text as it is where that reads as one plain word, else in quotes."""
    is_plain = (
        text not in KEYWORDS
        and text[:1] not in "-<>=*"
        and not any(letter.isspace() or letter in OPENERS or letter == ":" for letter in text)
        and ".." not in text
    )
    return text if text and is_plain else f'"{text}"'
