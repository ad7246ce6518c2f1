"""Only paper: one invoice with its XML in both syntaxes, beside bare WeasyPrint on the same HTML, turn by turn."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from django.conf import settings
from django.template.loader import render_to_string
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from bench.table import Row, say
from billing.documents.content import DocumentContent, Line, Party
from billing.documents.page import lay_out
from billing.documents.rendering import render
from billing.states import DocumentForm

ROUNDS, SLOWER_AT_MOST = 25, 1.5
SELLER = Party(
    "Decent Cloud Example UG", "Musterkai 1", "20457", "Hamburg", "DE", "", "billing@example.com", "DE123456788", "27/1/4"
)
BUYER = Party("Papierboot GmbH", "Am Alten Fährhaus 12", "20457", "Hamburg", "DE", "Ada Örtel", "ada@example.com", "DE136695976")
INVOICE = DocumentContent(
    kind="invoice",
    number="INV-2026-000418",
    language="de",
    currency="EUR",
    issued_on="2026-10-18",
    seller=SELLER,
    buyer=BUYER,
    lines=(
        Line("VPS 8 NVMe", "8 vCPU, 32 GB, Nürnberg", 2160, "HUR", 3840, 720, 11520),
        Line("Einrichtungsgebühr", "", 1, "C62", 500, 1, 500),
    ),
    category="S",
    tax_country="DE",
    tax_rate="0.19",
    net_minor=12020,
    tax_minor=2284,
    gross_minor=14304,
    contract="7Q4M-2K",
    operator="Quietstack",
    paid_on="2026-10-18",
    paid_by="Stripe",
    is_business=True,
)


def files() -> dict[DocumentForm, bytes]:
    """That invoice, in every form."""
    rendered = render(INVOICE)
    assert rendered.cii is not None
    assert rendered.ubl is not None
    return {DocumentForm.PDF: rendered.pdf, DocumentForm.CII: rendered.cii, DocumentForm.UBL: rendered.ubl}


def measure() -> list[Row]:
    """A row: the medians of both."""
    say("one invoice as PDF with XML")
    static = Path(settings.BASE_DIR) / "static"
    html = render_to_string("documents/document.html", {"page": lay_out(INVOICE)})
    fonts = FontConfiguration()
    sheet = static / "css" / "paper.css"
    style = CSS(filename=str(sheet), font_config=fonts)

    # As fast as it can be: style sheet and fonts are read once there, too.
    def bare() -> object:
        return HTML(string=html, base_url=f"{static.as_uri()}/").write_pdf(
            stylesheets=[style], font_config=fonts, pdf_variant="pdf/a-3b"
        )

    ours, beside = _medians(lambda: render(INVOICE), bare)
    return [
        Row(
            "one invoice, PDF and both XML",
            f"{ours * 1000:.0f} ms",
            f"{beside * 1000:.0f} ms bare WeasyPrint",
            f"{ours / beside:.2f}",
            f"≤ {SLOWER_AT_MOST}",
            ours <= SLOWER_AT_MOST * beside,
            "The rest is the template, two XML, the schema's check, and putting the XML into the PDF.",
        )
    ]


def _medians(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Of both, in seconds, in turns, so that a slow minute slows both; the first turn warms up."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _round in range(ROUNDS + 1):
        for call, times in zip((one, other), spent, strict=True):
            begun = time.perf_counter()
            call()
            times.append(time.perf_counter() - begun)
    return median(spent[0][1:]), median(spent[1][1:])
