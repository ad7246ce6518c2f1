"""Only how frozen content becomes bytes, PDF and XML: from the content alone, without clock, database or network."""

from dataclasses import dataclass
from importlib import import_module

from billing.documents.content import DocumentContent
from billing.states import DocumentKind

# Imported by name at the first document: WeasyPrint takes half a second and 40 MB, which web servers never need, and without Pango
# it cannot be imported at all, which must not keep the shop from running.
_SHEET = "billing.documents.sheet"
_PAGE = "billing.documents.page"
_CII = "billing.documents.cii"
_UBL = "billing.documents.ubl"


class RenderingUnavailable(Exception):
    """This machine lacks the libraries that PDFs are made with; documents wait until it has them."""


@dataclass(frozen=True)
class Rendered:
    """The files of one document. A receipt is no invoice, so it has no XML."""

    pdf: bytes
    cii: bytes | None
    ubl: bytes | None


def render(content: DocumentContent) -> Rendered:
    """The same bytes for the same content. Raises `RenderingUnavailable` when Pango is missing."""
    try:
        sheet = import_module(_SHEET)
    except OSError as error:
        raise RenderingUnavailable("Pango is missing: scripts/system pango fonts") from error
    page = import_module(_PAGE).lay_out(content)
    if content.kind == DocumentKind.RECEIPT:
        return Rendered(sheet.print_page(page), None, None)
    cii = import_module(_CII).write_cii(content)
    return Rendered(sheet.print_hybrid(page, cii), cii, import_module(_UBL).write_ubl(content))
