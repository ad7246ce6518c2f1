"""The files of a document: PDF/A-3b with the XML inside, the same figures everywhere, from the content alone."""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import facturx
import pytest
from django.utils import timezone, translation
from lxml import etree
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from billing.documents.content import DocumentContent, Party
from billing.documents.en16931 import amount
from billing.documents.rendering import render
from billing.documents.sheet import ForeignAddress, OwnFilesOnly
from billing.documents.words import Words
from core.money import CURRENCIES
from tests.billing.documents.rules import cii_faults
from tests.billing.documents.samples import CASES, credit_notes, invoice, receipt

ROOT = Path(__file__).resolve().parents[3]
LANGUAGES = ["en", "de", "fr", "es"]


def text_of(pdf: bytes) -> str:
    """What is read on all pages, with plain spaces."""
    pages = (page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    return " ".join(" ".join(pages).replace("\u00a0", " ").replace("\u202f", " ").split())


def fonts_of(pdf: bytes) -> list[DictionaryObject]:
    reader = PdfReader(BytesIO(pdf))
    return [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]


def one_of_each() -> list[DocumentContent]:
    bill = invoice()
    return [receipt(bill), bill, credit_notes(bill)[0]]


# --- PDF/A-3b and Factur-X ----------------------------------------------------------------------------------------------------


def test_an_invoice_is_a_pdf_a_3b_that_carries_its_xml_as_factur_x() -> None:
    done = render(invoice())
    reader = PdfReader(BytesIO(done.pdf))
    root = reader.root_object
    xmp = etree.fromstring(root["/Metadata"].get_object().get_data().strip())
    said = {etree.QName(node).localname: node.text for node in xmp.iter() if isinstance(node.tag, str)}
    assert (said["part"], said["conformance"]) == ("3", "B")
    assert (said["ConformanceLevel"], said["DocumentFileName"], said["DocumentType"]) == ("EN 16931", "factur-x.xml", "INVOICE")
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert root["/OutputIntents"][0]["/DestOutputProfile"]["/N"] == 3
    (file,) = (entry.get_object() for entry in root["/AF"])
    assert (file["/AFRelationship"], file["/UF"]) == ("/Alternative", "factur-x.xml")
    assert file["/EF"]["/F"]["/Subtype"] == "/text/xml"
    assert "/ModDate" in file["/EF"]["/F"]["/Params"]
    assert root["/Lang"] == "en"
    assert done.pdf.startswith(b"%PDF-1.7\n%")
    assert not reader.is_encrypted
    assert reader.trailer["/ID"]
    assert not {"/JavaScript", "/OpenAction", "/AA"} & root.keys()


def test_the_xml_inside_is_the_xml_beside() -> None:
    done = render(credit_notes(invoice())[0])
    name, inside = facturx.get_facturx_xml_from_pdf(done.pdf, check_xsd=True)
    assert (name, inside) == ("factur-x.xml", done.cii)
    assert cii_faults(inside) == []


@pytest.mark.parametrize("one", one_of_each(), ids=lambda one: one.kind)
def test_every_typeface_is_embedded_and_every_sign_can_be_read_back(one: DocumentContent) -> None:
    names = set()
    for font in fonts_of(render(one).pdf):
        below = font["/DescendantFonts"][0].get_object()
        assert {"/FontFile2", "/FontFile3"} & below["/FontDescriptor"].get_object().keys()
        assert "/ToUnicode" in font
        names.add(str(font["/BaseFont"]).partition("+")[2])
    # Ours, and none that this machine happens to have.
    assert names == {"Paper-Sans", "Paper-Sans-Semi-Bold", "Paper-Serif"}


def test_a_receipt_is_paper_only() -> None:
    done = render(receipt(invoice()))
    assert (done.cii, done.ubl) == (None, None)
    root = PdfReader(BytesIO(done.pdf)).root_object
    assert "/AF" not in root
    assert b"pdfaid" in root["/Metadata"].get_object().get_data()
    assert "This is not a tax invoice." in text_of(done.pdf)


# --- From the content alone ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", one_of_each(), ids=lambda one: one.kind)
def test_the_same_content_gives_the_same_bytes_whatever_came_before(one: DocumentContent) -> None:
    first = render(one)
    render(invoice("O", "JPY", "fr"))
    with translation.override("de"), timezone.override("Asia/Tokyo"):
        assert render(one) == first


def test_another_process_makes_the_same_bytes() -> None:
    code = (
        "import django, hashlib; django.setup()\n"
        "from tests.billing.documents.samples import invoice\n"
        "from billing.documents.rendering import render\n"
        "print(hashlib.sha256(render(invoice()).pdf).hexdigest())"
    )
    assert len({run_python(code).stdout for _time in range(2)}) == 1


def test_documents_made_at_once_are_those_made_one_by_one() -> None:
    documents = [invoice(case, language=language) for case in ("S at home", "AE") for language in LANGUAGES]
    alone = [render(one) for one in documents]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(render, documents)) == alone


def run_python(code: str, path: str = "") -> "subprocess.CompletedProcess[str]":
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "/usr/bin:/bin", "PYTHONPATH": f"{path}:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_the_shop_starts_without_what_only_documents_and_payouts_in_tokens_need() -> None:
    code = (
        "import django, sys; django.setup()\n"
        "import decentcloud.urls, billing.documents.rendering, billing.tasks, payouts.tasks, payouts.rail_tasks\n"
        "heavy = ('weasyprint', 'facturx', 'pypdf', 'lxml.etree', 'icp_agent', 'icp_candid', 'pyblst')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert run_python(code).stdout.strip() == "[]"


def test_without_pango_documents_are_unavailable_and_say_what_to_install(tmp_path: Path) -> None:
    # What WeasyPrint does on such a machine when it is imported.
    (tmp_path / "weasyprint.py").write_text("raise OSError(\"cannot load library 'libpango-1.0-0'\")")
    code = (
        "import django; django.setup()\n"
        "from tests.billing.documents.samples import invoice\n"
        "from billing.documents.rendering import RenderingUnavailable, render\n"
        "for _time in range(2):\n"
        "    try: render(invoice())\n"
        "    except RenderingUnavailable as error: print(error)"
    )
    assert run_python(code, str(tmp_path)).stdout.splitlines() == ["Pango is missing: scripts/system pango fonts"] * 2


def test_no_address_in_a_text_makes_the_server_call_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        there = f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
        odd = f"<img src='{there}'> url({there}) <link rel=stylesheet href={there}> file:///etc/passwd @import '{there}';"
        bill = invoice()
        seller = replace(bill.seller, name=odd)
        pdf = render(replace(bill, seller=seller, buyer=replace(bill.buyer, name=odd, street=odd), operator=odd)).pdf
        with pytest.raises(TimeoutError):
            server.accept()
    assert there in text_of(pdf).replace(" ", "")


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/logo.svg",
        "https://example.com/static/logo.svg",
        "file:///etc/passwd",
        (ROOT / "static/../manage.py").as_uri(),
        "data:text/plain,x",
        "ftp://example.com/x",
        "logo.svg",
        f"file://evil{ROOT}/static/logo.svg",
    ],
)
def test_only_our_own_static_files_are_opened(address: str) -> None:
    with pytest.raises(ForeignAddress):
        OwnFilesOnly().fetch(address)


# --- What is read on it -------------------------------------------------------------------------------------------------------


def assert_paper_xml_and_content_agree(one: DocumentContent) -> None:
    done = render(one)
    read = text_of(done.pdf)
    assert done.cii is not None
    root = etree.fromstring(done.cii)
    words = Words(one.language)
    figures = {
        "TaxBasisTotalAmount": one.net_minor,
        "GrandTotalAmount": one.gross_minor,
        "CalculatedAmount": one.tax_minor,
        "TotalPrepaidAmount": one.gross_minor,
    }
    for name, minor in figures.items():
        assert {node.text for node in root.iter(f"{{*}}{name}")} == {amount(minor, one.currency)}
    for minor in [*figures.values(), *(line.net_minor for line in one.lines)]:
        assert words.money(minor, one.currency).replace("\u00a0", " ").replace("\u202f", " ") in read


@pytest.mark.parametrize(("place", "code"), list(enumerate(CURRENCIES)))
def test_paper_and_xml_and_content_agree_to_the_last_cent(place: int, code: str) -> None:
    bill = invoice(list(CASES)[place % len(CASES)], code, LANGUAGES[place % len(LANGUAGES)], hours=168)
    assert_paper_xml_and_content_agree(bill)
    assert_paper_xml_and_content_agree(credit_notes(bill)[1])


@pytest.mark.soak
@pytest.mark.parametrize("code", CURRENCIES)
@pytest.mark.parametrize("case", CASES)
def test_paper_and_xml_and_content_agree_for_every_vat_currency_and_language(case: str, code: str) -> None:
    for language in LANGUAGES:
        bill = invoice(case, code, language, hours=168)
        for one in (bill, *credit_notes(bill)):
            assert_paper_xml_and_content_agree(one)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_vat_says_its_note_in_the_language(case: str, language: str) -> None:
    bill = invoice(case, language=language)
    read = text_of(render(bill).pdf)
    words = Words(language)
    assert words.law(bill.category, "DE") in read
    assert words.say("delivered_by", name="Quietstack") in read
    assert f"INV-2026-000418, {words.say('page')} 1 {words.say('of_pages')} 1" in read


def test_companies_read_net_first_and_private_buyers_gross() -> None:
    company, person = (text_of(render(invoice(case)).pdf) for case in ("S at home", "S person"))
    assert company.index("VAT 19 % of € 120.20") < company.index("Total EUR")
    assert person.index("Total EUR, VAT included") < person.index("Includes VAT 19 % of € 120.20")


def test_vat_of_another_country_names_it_and_vat_in_the_sellers_currency_its_rate() -> None:
    read = text_of(render(invoice("S abroad", "USD")).pdf)
    assert "(France)" in read
    assert "VAT in EUR: € " in read
    assert "(EUR 1 = USD 1.0853, ECB, 16 October 2026)." in read


def test_a_credit_note_tells_what_was_used_and_that_the_fee_is_kept() -> None:
    read = text_of(render(credit_notes(invoice())[0]).pdf)
    assert "Used 432.5 h of 2,160 h; the unused part is refunded. The set-up fee is kept." in read
    assert "invoice INV-2026-000418 of 18 October 2026" in read
    assert "Still to refund € 0.00" in read


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_says_so_on_every_page(language: str) -> None:
    bill = invoice(language=language)
    many = replace(bill, is_draft=True, lines=bill.lines * 20)
    pages = PdfReader(BytesIO(render(many).pdf)).pages
    assert len(pages) > 1
    words = Words(language)
    for number, page in enumerate(pages, start=1):
        read = page.extract_text()
        assert words.say("draft_short") in read
        assert f"{words.say('page')} {number} {words.say('of_pages')} {len(pages)}" in read
    assert words.say("draft_short") not in text_of(render(bill).pdf)


def test_names_of_two_hundred_letters_are_printed_in_full_and_on_the_page() -> None:
    unbroken, words = "W" * 200, ("Zweigniederlassung " * 12)[:200].strip()
    bill = invoice()
    for name in (unbroken, words):
        one = replace(bill, buyer=replace(bill.buyer, name=name, street=name, city=name, contact=name), operator=name)
        pages = PdfReader(BytesIO(render(one).pdf)).pages
        assert len(pages) <= 3
        read = "".join(page.extract_text() for page in pages)
        assert "".join(read.split()).count("".join(name.split())) >= 5


@pytest.mark.parametrize(
    "name",
    [
        "株式会社日本クラウド",
        "서울특별시 중구",
        "Достоевский и сыновья",
        "Ἀριστοτέλης Ὀνάσης",
        "กรุงเทพมหานคร",
        "मुंबई क्लाउड",
        "Łódź Ştefan Ðorđe Nguyễn",
        "👍 ☁ Cloud",
    ],
)
def test_a_name_of_any_script_is_printed_with_signs_that_exist(name: str, caplog: pytest.LogCaptureFixture) -> None:
    bill = invoice("S person")
    pdf = render(replace(bill, buyer=replace(bill.buyer, name=name))).pdf
    assert [record.message for record in caplog.records if "notdef" in record.message] == []
    assert "Invoice" in text_of(pdf)


@pytest.mark.parametrize("name", ["شركة النور للخدمات السحابية", "בית ספר 12"])
def test_a_name_that_reads_from_right_to_left_turns_nothing_else(name: str, caplog: pytest.LogCaptureFixture) -> None:
    bill = invoice("S person")
    read = text_of(render(replace(bill, buyer=replace(bill.buyer, name=f"\u202e{name}"))).pdf)
    assert [record.message for record in caplog.records if "notdef" in record.message] == []
    assert "Am Alten Fährhaus 12" in read
    assert "€ 143.04" in read


def test_what_people_write_is_text_on_paper_and_nothing_more() -> None:
    odd = "<script>alert(1)</script><b>bold</b> {{ page.iban }} {% debug %} &amp; \x00\x07"
    bill = invoice()
    one = replace(
        bill, buyer=replace(bill.buyer, name=odd), operator=odd, lines=(replace(bill.lines[0], name=odd, description=odd),)
    )
    read = text_of(render(one).pdf)
    assert read.count("<script>alert(1)</script><b>bold</b> {{ page.iban }} {% debug %} &amp;") >= 2


@pytest.mark.parametrize("kind", ["invoice", "receipt"])
def test_a_draft_of_a_seller_that_is_not_there_is_printed_all_the_same(kind: str) -> None:
    nobody = Party("", "", "", "", "DE")
    one = replace(invoice("O"), kind=kind, seller=nobody, is_draft=True)
    assert "DRAFT – seller not configured" in text_of(render(one).pdf)


def test_a_sellers_long_name_leaves_room_for_the_page_number() -> None:
    bill = invoice()
    name = "Außerordentlich lange Firma für dezentrale Rechenleistung " * 3
    read = text_of(render(replace(bill, seller=replace(bill.seller, name=name))).pdf)
    assert "INV-2026-000418, page 1 of 1" in read
