"""Only how documents are numbered: what the next of a kind and year is called, and which day and year a moment is in. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from billing.states import DocumentKind

PREFIXES = {DocumentKind.RECEIPT: "RCP", DocumentKind.INVOICE: "INV", DocumentKind.CREDIT_NOTE: "CN"}
DIGITS = 6


@dataclass(frozen=True)
class Number:
    """The place of a document in the row of its kind and year."""

    kind: DocumentKind
    year: int
    sequence: int

    def __post_init__(self) -> None:
        if self.sequence < 1:
            raise ValueError(f"documents are counted from 1, not from {self.sequence}")

    def __str__(self) -> str:
        """As it is printed: INV-2026-000042; beyond a million in a year it grows longer, and none is said twice."""
        return f"{PREFIXES[self.kind]}-{self.year}-{self.sequence:0{DIGITS}d}"


def number_after(kind: DocumentKind, year: int, last: int) -> Number:
    """The number that follows `last`, the last one given out of this kind in this year (0 for none)."""
    return Number(kind, year, last + 1)


def day_of(moment: datetime, zone: str) -> date:
    """The day that a moment is in where the seller is: the year of a number and every date on paper follow it.

    Raises ValueError for a moment without a time zone, whose day would depend on the machine.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone is not a moment")
    return moment.astimezone(ZoneInfo(zone)).date()
