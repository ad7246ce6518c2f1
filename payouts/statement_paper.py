"""Only how a statement's frozen content becomes a PDF, through the press of billing's documents. Wants Pango to be imported."""

from datetime import date

from django.template.defaultfilters import date as date_text

from billing.documents.sheet import print_sheet
from core.countries import country_name
from core.formats import minor
from payouts.statements import Content, Sum, month_after, what

_TEMPLATE = "payouts/statement_paper.html"
_DRAFT = "DRAFT – seller not configured"


def print_statement(content: Content) -> bytes:
    """The PDF; the same bytes for the same content."""
    return print_sheet(_TEMPLATE, {"page": _page(content)})


def _page(content: Content) -> dict[str, object]:
    year, month = (int(part) for part in content.month.split("-"))
    first = date(year, month, 1)
    earned = [row for row in content.sums if row.kind == "release"]
    others = [row for row in content.sums if row.kind != "release"]
    payer, provider = content.payer, content.provider
    return {
        "title": f"Statement {content.month}, {content.currency}",
        "month": date_text(first, "F Y"),
        "created": month_after(first).isoformat(),
        "number": f"{content.month} {content.currency}",
        "draft": _DRAFT if content.is_draft else "",
        "payer": payer["name"],
        "payer_address": ", ".join(
            part
            for part in (payer["street"], f"{payer['postcode']} {payer['city']}".strip(), country_name(payer["country"]))
            if part
        ),
        "payer_ids": [f"{label} {payer[name]}" for label, name in (("VAT ID", "vat_id"), ("Tax no.", "tax_no")) if payer[name]],
        "email": payer["email"],
        "provider": [
            line
            for line in (
                provider["name"],
                *provider["address"].splitlines(),
                country_name(provider["country"]),
                f"VAT ID {provider['vat_id']}" if provider["vat_id"] else "",
            )
            if line
        ],
        "currency": content.currency,
        "opening": minor(content.opening, content.currency),
        "closing": minor(content.closing, content.currency),
        "earned": [_row(row, content.currency) for row in earned],
        "total": _row(_total(earned), content.currency) if earned else None,
        "others": [_row(row, content.currency) for row in others],
    }


def _total(rows: list[Sum]) -> Sum:
    earned, fee, yours = (sum(getattr(row, name) for row in rows) for name in ("earned", "fee", "yours"))
    return Sum("release", "", "", "", sum(row.count for row in rows), earned, fee, yours)


def _row(row: Sum, currency: str) -> dict[str, object]:
    return {
        "what": what(row.kind),
        "day": row.day,
        "rental": row.rental,
        "offering": row.offering,
        "count": row.count,
        "reference": row.reference,
        "earned": minor(row.earned, currency),
        "fee": minor(-row.fee, currency),
        "yours": minor(row.yours, currency),
    }
