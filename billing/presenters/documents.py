"""Only documents as rows of ready strings: on their page, on a rental's, and as links for machines."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from billing.models import Document
from billing.states import DocumentForm, DocumentKind
from core.formats import day, minor
from core.money import MINUS

ADDRESSES = {DocumentForm.PDF: "document_pdf", DocumentForm.CII: "document_xml", DocumentForm.UBL: "document_ubl"}


@dataclass(frozen=True)
class Link:
    """A file that can be had."""

    label: str
    url: str


@dataclass(frozen=True)
class DocumentRow:
    """One document. `pdf` and `files` are empty while its files are being made."""

    number: str
    kind: str
    day: str
    machine_day: str
    rental: str
    rental_url: str
    reference: str
    amount: str
    pdf: str
    files: list[Link]


def document_rows(documents: Iterable[Document]) -> list[DocumentRow]:
    """The rows; a credit note's amount is negative, for that is what it does to the sum."""
    return [_row(document) for document in documents]


def _row(document: Document) -> DocumentRow:
    amount = minor(document.gross_minor, document.currency)
    return DocumentRow(
        number=document.number,
        kind=str(DocumentKind(document.kind).label),
        day=day(document.issued_on),
        machine_day=document.issued_on.isoformat(),
        rental=document.contract.offering_name,
        rental_url=reverse("rental", args=[document.contract.reference]),
        reference=document.contract.reference,
        amount=f"{MINUS}{amount}" if document.kind == DocumentKind.CREDIT_NOTE else amount,
        pdf=address_of(document, DocumentForm.PDF),
        files=[Link(str(form.label), address_of(document, form)) for form in DocumentForm if address_of(document, form)],
    )


def address_of(document: Document, form: DocumentForm) -> str:
    """Where a file is downloaded; empty for one that is not there."""
    if not getattr(document, form.value):
        return ""
    return reverse(ADDRESSES[form], args=[document.public_id])
