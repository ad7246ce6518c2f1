"""Only reads of an account's documents: a page of them by filters, the years that there are, and all of one year for a zip."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Max, Min, QuerySet

from accounts.models import Account
from billing.documents.freezing import sellers_day
from billing.models import Document
from contracts.models import Contract
from core.pages import Page, keyset

NEWEST_FIRST = ("-issued_at", "-id")
# What a row and a zip's entry need; what a document says is ten times as long, and read for neither.
LISTED = (
    "public_id",
    "kind",
    "number",
    "year",
    "issued_at",
    "issued_on",
    "currency",
    "gross_minor",
    "stored_at",
    "pdf",
    "cii",
    "ubl",
    "pdf_sha256",
    "cii_sha256",
    "ubl_sha256",
    "contract__reference",
    "contract__offering_name",
)


@dataclass(frozen=True)
class Wanted:
    """Which documents; empty or None: any."""

    kind: str = ""
    year: int | None = None
    rental: str = ""


def documents_of(account: Account, wanted: Wanted) -> QuerySet[Document]:
    """The account's documents, with their contracts."""
    found = Document.objects.filter(account=account).select_related("contract").only(*LISTED)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.year is not None:
        found = found.filter(year=wanted.year)
    if wanted.rental:
        found = found.filter(contract__reference=wanted.rental.upper())
    return found


def documents_page(account: Account, wanted: Wanted, after: str | None, before: str | None) -> Page[Document]:
    """A page of them, newest first. One query."""
    return keyset(documents_of(account, wanted), NEWEST_FIRST, after, before)


def years_of(account: Account) -> list[int]:
    """From the year of the newest document down to that of the oldest; none where there are none. One query along the index."""
    ends = Document.objects.filter(account=account).aggregate(first=Min("issued_at"), last=Max("issued_at"))
    if ends["first"] is None:
        return []
    return list(range(sellers_day(ends["last"]).year, sellers_day(ends["first"]).year - 1, -1))


def documents_of_year(account: Account, year: int) -> Iterator[Document]:
    """All of them in the order of their numbers, a few at a time."""
    return documents_of(account, Wanted(year=year)).order_by("kind", "sequence").iterator(chunk_size=200)


def papers_of_contracts(contracts: Iterable[Contract]) -> list[Document]:
    """The documents of some contracts, oldest first. One query."""
    return list(Document.objects.filter(contract__in=list(contracts)).select_related("contract").only(*LISTED).order_by("id"))
