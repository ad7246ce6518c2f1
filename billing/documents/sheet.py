"""The only module that imports WeasyPrint and factur-x: a page becomes a PDF/A-3b, and carries its XML.

Importing it takes half a second and 40 MB, so `rendering` does that at the first document and nobody else does.
"""

import re
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import facturx
from django_weasyprint import WeasyTemplateResponse
from pypdf import PdfWriter
from pypdf.generic import NameObject, TextStringObject
from weasyprint import CSS
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from billing.documents.page import Page

_STATIC = Path(__file__).resolve().parents[2] / "static"
_TEMPLATE = "documents/document.html"
_CONFORMANCE = "pdf/a-3b"
# What PDF/A-3 stands on.
_PDF_VERSION = "%PDF-1.7"
_XML_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
# Pango's font map is one for the process and knows no threads.
_press = Lock()


class ForeignAddress(ValueError):
    """Something on a page wanted more than our own files."""


class OwnFilesOnly(URLFetcher):  # type: ignore[misc] # WeasyPrint ships no types
    """Opens logo and typefaces in `static/`, and nothing else: no address in a text of anybody's makes this server call out."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The file at a `file:` address. Raises `ForeignAddress` for all others."""
        path = Path(url.removeprefix("file://")).resolve()
        if not url.startswith("file:///") or not path.is_relative_to(_STATIC):
            raise ForeignAddress(url)
        kind = "image/svg+xml" if path.suffix == ".svg" else "font/otf"
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})


@cache
def _fonts() -> FontConfiguration:
    """One for the process: a new one per document costs a third of its time, and leaks."""
    return FontConfiguration()


@cache
def _style() -> CSS:
    sheet = _STATIC / "css" / "paper.css"
    return CSS(string=sheet.read_text(), base_url=sheet.as_uri(), url_fetcher=OwnFilesOnly(), font_config=_fonts())


class Sheet(WeasyTemplateResponse):  # type: ignore[misc] # django-weasyprint ships no types
    """A page of ours, made outside of any request."""

    url_fetcher_class = OwnFilesOnly

    def get_base_url(self) -> str:
        """Where `logo.svg` lies."""
        return f"{_STATIC.as_uri()}/"

    def get_font_config(self) -> FontConfiguration:
        """The one of the process."""
        return _fonts()

    def get_css(self, *_where: object) -> list[CSS]:
        """Parsed once."""
        return [_style()]


def print_page(page: Page) -> bytes:
    """A document as PDF/A-3b, the same bytes for the same page."""
    return print_sheet(_TEMPLATE, {"page": page})


def print_sheet(template: str, context: dict[str, object]) -> bytes:
    """Any paper of ours as PDF/A-3b: a template that stands on `static/css/paper.css`, filled in."""
    with _press:
        return bytes(Sheet(None, template, context, options={"pdf_variant": _CONFORMANCE}).rendered_content)


def print_hybrid(page: Page, cii: bytes) -> bytes:
    """PDF/A-3b with the XML inside, as Factur-X and ZUGFeRD want it: profile EN 16931. Raises for XML that is not of its schema."""
    metadata = {"author": page.seller, "title": page.title, "subject": page.title, "keywords": "Factur-X, ZUGFeRD"}
    hybrid = facturx.generate_from_binary(
        print_page(page),
        cii,
        flavor="factur-x",
        level="en16931",
        check_xsd=True,
        pdf_metadata=metadata,
        lang=page.language,
        afrelationship="alternative",
        xmp_compression=False,
    )
    return _dated(hybrid, page.created)


def _dated(pdf: bytes, day: str) -> bytes:
    """The library writes the time of writing in three places; a document is of its day, and its bytes follow from what it says."""
    writer = PdfWriter(clone_from=BytesIO(pdf))
    writer.pdf_header = _PDF_VERSION
    stamp = TextStringObject(f"D:{day.replace('-', '')}000000+00'00'")
    writer.add_metadata({"/CreationDate": stamp, "/ModDate": stamp})
    root: Any = writer.root_object
    for file in root["/AF"]:
        file.get_object()["/EF"]["/F"].get_object()["/Params"][NameObject("/ModDate")] = stamp
    xmp = root["/Metadata"].get_object()
    xmp.set_data(_XML_STAMP.sub(f"{day}T00:00:00+00:00".encode(), xmp.get_data()))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
