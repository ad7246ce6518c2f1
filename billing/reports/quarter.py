"""Only the report for the One-Stop Shop: VAT by member state and rate for one calendar quarter, in euros.

Article 369h of Directive 2006/112/EC: other currencies are converted at the ECB's rate of the last day of the quarter, or, where
none is published on it, of the next day of publication. Article 369g: what corrects an earlier quarter is told with that quarter,
here at the rate of its last day, so that a correction in full takes back exactly what was declared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Sum
from django.db.models.functions import ExtractQuarter, ExtractYear

from billing.models import Document
from billing.reports.sheet import Cell, major
from billing.states import DocumentKind, TaxScheme
from core.rates import Rates, committed_rates, rates_from

COLUMNS = (
    "section",
    "period",
    "corrects_period",
    "member_state",
    "tax_rate",
    "currency",
    "net",
    "vat",
    "exchange_rate",
    "exchange_day",
    "net_eur",
    "vat_eur",
    "documents",
    "note",
)
SUPPLIES, CORRECTIONS, TOTAL = "supplies", "corrections", "total"


@dataclass(frozen=True, order=True)
class Quarter:
    """A calendar quarter, 1 to 4."""

    year: int
    number: int

    def __str__(self) -> str:
        """As tax offices write it."""
        return f"{self.year}-Q{self.number}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        """Its last day, which exchange rates follow."""
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> "Quarter":
        """The one after it."""
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)


@dataclass(frozen=True)
class _Sum:
    """Documents of one member state, rate and currency, and of which quarter."""

    of: Quarter
    state: str
    rate: Decimal
    currency: str
    net: int
    tax: int
    documents: int


def quarter_report(quarter: Quarter) -> Iterator[tuple[Cell, ...]]:
    """What was supplied by member state, rate and currency; corrections of earlier quarters by theirs; totals in euros of both.

    Invoices of the quarter less the credit notes that correct them in it; a note of this quarter for an earlier one's invoice is a
    correction. A row says so where its rates are not final yet.
    """
    rates = _RatesOfQuarters()
    sums = sorted(_sums(quarter), key=lambda one: (one.of != quarter, one.of, one.state, one.rate, one.currency))
    totals: dict[tuple[str, str, str, Decimal], tuple[int, int, int]] = {}
    for one in sums:
        known, note = rates.of(one.of, one.currency)
        net, tax = known.to_eur(one.net, one.currency), known.to_eur(one.tax, one.currency)
        section = SUPPLIES if one.of == quarter else CORRECTIONS
        key = (section, "" if section == SUPPLIES else str(one.of), one.state, one.rate)
        before = totals.get(key, (0, 0, 0))
        totals[key] = (before[0] + net, before[1] + tax, before[2] + one.documents)
        yield (
            section,
            str(quarter),
            key[1],
            one.state,
            one.rate,
            one.currency,
            major(one.net, one.currency),
            major(one.tax, one.currency),
            Decimal(1) if one.currency == "EUR" else known.per_euro[one.currency],
            known.day if one.currency != "EUR" else one.of.last,
            major(net, "EUR"),
            major(tax, "EUR"),
            one.documents,
            note,
        )
    for (section, corrected, state, rate), (net, tax, documents) in totals.items():
        yield (
            f"{TOTAL} {section}",
            str(quarter),
            corrected,
            state,
            rate,
            "EUR",
            None,
            None,
            None,
            None,
            major(net, "EUR"),
            major(tax, "EUR"),
            documents,
            "",
        )


def _sums(quarter: Quarter) -> Iterator[_Sum]:
    issued = Document.objects.filter(scheme=TaxScheme.OSS, issued_on__gte=quarter.first, issued_on__lte=quarter.last)
    grouped = ("tax_country", "tax_rate", "currency")
    sums = {"net": Sum("net_minor"), "tax": Sum("tax_minor"), "documents": Count("id")}
    invoices = issued.filter(kind=DocumentKind.INVOICE).order_by().values(*grouped).annotate(**sums)
    of_invoice = F("corrects__issued_on")
    notes = (
        issued.filter(kind=DocumentKind.CREDIT_NOTE)
        .order_by()
        .annotate(year_of=ExtractYear(of_invoice), quarter_of=ExtractQuarter(of_invoice))
        .values("year_of", "quarter_of", *grouped)
        .annotate(**sums)
    )
    kept: dict[tuple[Any, ...], _Sum] = {}
    for row, of, sign in (
        *((row, quarter, 1) for row in invoices),
        *((row, Quarter(row["year_of"], row["quarter_of"]), -1) for row in notes),
    ):
        rate = row["tax_rate"].normalize()
        key = (of, row["tax_country"], rate, row["currency"])
        there = kept.get(key, _Sum(of, row["tax_country"], rate, row["currency"], 0, 0, 0))
        net, tax = there.net + sign * row["net"], there.tax + sign * row["tax"]
        kept[key] = _Sum(of, there.state, rate, there.currency, net, tax, there.documents + row["documents"])
    yield from kept.values()


class _RatesOfQuarters:
    """The rates of each quarter's last day, looked up once."""

    def __init__(self) -> None:
        self.known: dict[Quarter, Rates | None] = {}

    def of(self, quarter: Quarter, code: str) -> tuple[Rates, str]:
        """The rates to convert a quarter's sums in a currency by, and what must be said of them."""
        if quarter not in self.known:
            self.known[quarter] = rates_from(quarter.last)
        found = self.known[quarter]
        if found is not None and (code == "EUR" or code in found.per_euro):
            return found, ""
        table = committed_rates()
        return table, "" if code == "EUR" else f"provisional: no ECB rate of {quarter.last} or after it is known"
