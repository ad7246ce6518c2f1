"""Only the sales journal: every invoice and credit note of a period, one line each; credit notes are negative."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from billing.models import Document
from billing.reports.sheet import Cell, major
from billing.states import DocumentKind

# Programs read these: new ones come at the end, none is renamed or moved.
COLUMNS = (
    "number",
    "kind",
    "day",
    "corrects",
    "buyer",
    "buyer_country",
    "buyer_kind",
    "buyer_vat_id",
    "category",
    "scheme",
    "tax_country",
    "tax_rate",
    "currency",
    "net",
    "vat",
    "gross",
    "vat_currency",
    "vat_in_vat_currency",
    "exchange_rate",
    "exchange_day",
    "exchange_source",
    "rental",
    "payment",
    "gateway",
    "gateway_payment",
    "draft",
)
_READ = (
    "number",
    "kind",
    "issued_on",
    "corrects__number",
    "content__buyer",
    "content__is_business",
    "category",
    "scheme",
    "tax_country",
    "tax_rate",
    "currency",
    "net_minor",
    "tax_minor",
    "gross_minor",
    "content__tax_in_sellers_currency",
    "contract__reference",
    "payment__public_id",
    "payment__gateway",
    "payment__external_id",
    "content__is_draft",
)
_CHUNK = 1_000


def journal(first: date, last: date) -> Iterator[tuple[Cell, ...]]:
    """The rows of all documents issued from one day to another, both included, in the seller's time zone; in order of issue.

    Read as they are written, so that a year's journal takes no more memory than a day's.
    """
    documents = Document.objects.filter(
        kind__in=(DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE), issued_on__gte=first, issued_on__lte=last
    )
    for values in documents.order_by("issued_on", "id").values(*_READ).iterator(chunk_size=_CHUNK):
        yield _row(values)


def _row(of: dict[str, Any]) -> tuple[Cell, ...]:
    sign = -1 if of["kind"] == DocumentKind.CREDIT_NOTE else 1
    code = of["currency"]
    buyer = of["content__buyer"]
    stated = of["content__tax_in_sellers_currency"]
    return (
        of["number"],
        of["kind"],
        of["issued_on"],
        of["corrects__number"],
        buyer["name"],
        buyer["country"],
        "business" if of["content__is_business"] else "private",
        buyer["vat_id"],
        of["category"],
        of["scheme"],
        of["tax_country"],
        _plain(of["tax_rate"]),
        code,
        major(sign * of["net_minor"], code),
        major(sign * of["tax_minor"], code),
        major(sign * of["gross_minor"], code),
        # Where a document states its VAT once only, it is in the seller's currency, or nothing.
        stated["currency"] if stated else code,
        major(sign * stated["tax_minor"], stated["currency"]) if stated else major(sign * of["tax_minor"], code),
        Decimal(stated["rate"]) if stated else None,
        stated["rate_day"] if stated else None,
        stated["rate_source"] if stated else None,
        of["contract__reference"],
        str(of["payment__public_id"]),
        of["payment__gateway"],
        of["payment__external_id"],
        "draft" if of["content__is_draft"] else None,
    )


def _plain(rate: Decimal) -> Decimal:
    """Without zeros at the end: 0.19, 0.255, 0."""
    return rate.normalize() if rate else Decimal(0)
