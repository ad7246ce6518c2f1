"""Only what issuing a document posts: VAT moves between "on no document yet" and "to the office"."""

from billing.ledger import Line, credit, debit, post
from billing.models import Document
from billing.states import LedgerAccount as A


def invoice_issued(invoice: Document) -> None:
    """The VAT of an invoice is due to the office of its scheme and country."""
    if invoice.tax_minor:
        _post(
            invoice,
            "invoice_issued",
            [
                debit(A.TAX_PENDING, invoice.payment, invoice.tax_minor),
                credit(A.TAX_PAYABLE, tax_owner(invoice), invoice.tax_minor),
            ],
        )


def credit_note_issued(note: Document) -> None:
    """The VAT of a credit note is no longer due."""
    if note.tax_minor:
        _post(
            note,
            "credit_note_issued",
            [
                debit(A.TAX_PAYABLE, tax_owner(note), note.tax_minor),
                credit(A.TAX_PENDING, note.payment, note.tax_minor),
            ],
        )


def tax_owner(document: Document) -> str:
    """The owner of `tax_payable`: "local:DE:0.19", scheme, country and rate without zeros at the end."""
    rate = format(document.tax_rate.normalize(), "f") if document.tax_rate else "0"
    return f"{document.scheme}:{document.tax_country}:{rate}"


def _post(document: Document, kind: str, lines: list[Line]) -> None:
    post(
        f"doc:{document.number}",
        kind,
        document.currency,
        lines,
        contract=document.contract,
        segment=document.charge.segment,
        payment=document.payment,
        refund=document.refund,
        dispute=document.dispute,
        document=document,
    )
