"""Only the report of exposure: VAT that the table would have charged and that was left out, by country, rate and currency.

Payments by ICPay are of the net alone while `ICPAY_TAX` is none. Should a tax office see it otherwise, this is what it can ask for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.models import Charge
from billing.presenters.amounts import rate_text
from billing.queries import OF_ALLOCATED
from billing.reports.sheet import Cell, major
from billing.states import Anomaly, PaymentState, RefundState
from billing.untaxed import LEFT_OUT, TableTax, table_tax
from core.formats import minor
from core.money import Priced, split_net

# Programs read these: new ones come at the end, none is renamed or moved.
COLUMNS = (
    "country",
    "scheme",
    "tax_rate",
    "currency",
    "charges",
    "net_paid",
    "vat_left_out",
    "net_given_back",
    "vat_given_back",
    "net_kept",
    "vat_exposed",
)
_CHUNK = 1_000


@dataclass(frozen=True)
class Exposure:
    """Charges of one country, scheme, rate and currency: net paid and given back, and the VAT of both by the table."""

    country: str
    scheme: str
    rate: Decimal
    currency: str
    charges: int
    paid: Priced
    back: Priced

    @property
    def kept(self) -> Priced:
        """What is left of it: net, and the VAT that could be asked for."""
        return self.paid - self.back

    @property
    def shown(self) -> dict[str, object]:
        """Ready strings for a page."""
        return {
            "country": self.country,
            "rate": rate_text(self.rate),
            "currency": self.currency,
            "charges": self.charges,
            "net": minor(self.kept.net.minor, self.currency),
            "vat": minor(self.kept.tax.minor, self.currency),
        }


def exposure(first: date, last: date) -> list[Exposure]:
    """What was paid without VAT from one day to another, both included, in the seller's time zone; refunds of it taken off whenever
    they were decided. In order of country, scheme, rate and currency.
    """
    found: dict[tuple[str, str, Decimal, str], Exposure] = {}
    for charge in _charges(first, last).iterator(chunk_size=_CHUNK):
        table = table_tax(charge)
        key = (table.decision["country"], table.decision.get("scheme", ""), table.rate.normalize(), charge.currency)
        zero = Priced.zero(charge.currency)
        there = found.get(key, Exposure(*key, 0, zero, zero))
        paid, back = _figures(charge, table)
        found[key] = Exposure(*key, there.charges + 1, there.paid + paid, there.back + back)
    return [found[key] for key in sorted(found)]


def exposure_rows(first: date, last: date) -> Iterator[tuple[Cell, ...]]:
    """The same as rows of a file."""
    for one in exposure(first, last):
        amounts = (figure.minor for part in (one.paid, one.back, one.kept) for figure in (part.net, part.tax))
        yield (one.country, one.scheme, one.rate, one.currency, one.charges, *(major(each, one.currency) for each in amounts))


def _charges(first: date, last: date) -> QuerySet[Charge]:
    zone = ZoneInfo(settings.INVOICE_SELLER_TIMEZONE)
    settled = Q(payments__state=PaymentState.SUCCEEDED, payments__anomaly=Anomaly.NONE)
    given = Q(payments__refunds__kind__in=OF_ALLOCATED) & ~Q(payments__refunds__state=RefundState.DROPPED)
    return (
        Charge.objects.filter(
            paid_at__gte=datetime.combine(first, time.min, zone),
            paid_at__lt=datetime.combine(last + timedelta(days=1), time.min, zone),
            tax_evidence__has_key=LEFT_OUT,
        )
        .annotate(net_back=Coalesce(Sum("payments__refunds__net_minor", filter=settled & given), 0))
        .order_by("id")
    )


def _figures(charge: Charge, table: TableTax) -> tuple[Priced, Priced]:
    """Net and the table's VAT of a charge, and of what was given back of it: counted on totals, as VAT in refunds is."""
    paid = Priced.of(charge.net_minor, table.tax_minor, charge.currency)
    net_back = min(int(charge.net_back), int(charge.net_minor))  # type: ignore[attr-defined]  # annotated by `_charges`
    return paid, split_net(net_back, paid=paid, given_back=Priced.zero(charge.currency), rate=table.rate)
