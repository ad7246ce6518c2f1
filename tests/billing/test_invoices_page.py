"""The page of documents, their files and the zip of a year: who may have what, once stored, exactly as it was stored."""

import io
from zipfile import ZipFile

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import Membership, User
from accounts.services import create_organisation
from accounts.states import Role
from billing import services
from billing.models import Document, StaffTask
from billing.services.document_bytes import Damaged, read_document
from billing.states import DocumentForm, DocumentKind
from core import clock
from providers.models import Offering
from providers.services import update_offering
from tests.cast import browser_of
from tests.walk import START, Walk, ordered, pay_order, rented

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/invoices"


def stored(kind: DocumentKind = DocumentKind.INVOICE) -> Document:
    document = Document.objects.filter(kind=kind).latest("pk")
    services.store_waiting_documents()
    return Document.objects.get(pk=document.pk)


def body(response: object) -> bytes:
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


# The list --------------------------------------------------------------------------------------------------------------------


def test_nobody_reads_it_without_signing_in(client: Client) -> None:
    assert client.get(PAGE)["Location"].startswith("/accounts/login")


def test_an_empty_list_says_what_will_stand_there(customer_client: Client) -> None:
    page = customer_client.get(PAGE).content.decode()
    assert "No documents yet" in page
    assert "Find a server" in page


def test_a_list_shows_what_was_issued_newest_first(customer_client: Client, customer: User, offering: Offering) -> None:
    contract = rented("cancelled", customer, offering)
    page = customer_client.get(PAGE).content.decode()
    places = [page.index(number) for number in ("CN-2026-000001", "INV-2026-000001", "RCP-2026-000001")]
    assert places == sorted(places)
    assert contract.reference in page
    assert "−€" in page
    assert page.count("Being made") == 3


def test_a_stored_document_has_its_links(customer_client: Client, customer: User, offering: Offering) -> None:
    rented("accepted", customer, offering)
    invoice = stored()
    page = customer_client.get(PAGE).content.decode()
    for ending in (".pdf", ".xml", ".ubl.xml"):
        assert f'href="/documents/{invoice.public_id}{ending}"' in page
    assert "Being made" not in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?kind=invoice", {"INV-2026-000001"}),
        ("?kind=receipt", {"RCP-2026-000001"}),
        ("?year=2026", {"INV-2026-000001", "RCP-2026-000001"}),
        ("?kind=nonsense&year=abc", {"INV-2026-000001", "RCP-2026-000001"}),
        ("?year=1999", {"INV-2026-000001", "RCP-2026-000001"}),
        ("?rental=NOSUCH-ONE", set()),
        ("?kind=credit_note", set()),
        ("?after=garbage", {"INV-2026-000001", "RCP-2026-000001"}),
    ],
)
def test_filters_choose_and_nonsense_chooses_nothing(
    query: str, shown: set[str], customer_client: Client, customer: User, offering: Offering
) -> None:
    rented("accepted", customer, offering)
    page = customer_client.get(PAGE + query).content.decode()
    assert {number for number in ("INV-2026-000001", "RCP-2026-000001") if number in page} == shown
    assert ("Nothing matches all of this" in page) == (not shown)


def test_a_rental_is_found_however_its_reference_is_typed(customer_client: Client, customer: User, offering: Offering) -> None:
    contract = rented("accepted", customer, offering)
    other = rented("accepted", customer, offering)
    lower = contract.reference.lower()
    for typed in (f"%20{lower}", lower.replace("-", ""), lower.replace("-", "%20")):
        page = customer_client.get(f"{PAGE}?rental={typed}").content.decode()
        assert contract.reference in page
        assert other.reference not in page


def test_the_list_asks_the_same_however_long_it_is(
    customer_client: Client, customer: User, offering: Offering, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    update_offering(offering, stock=50)
    for _number in range(3):
        rented("accepted", customer, offering)
    customer_client.get(PAGE)
    with django_assert_num_queries(5) as few:
        customer_client.get(PAGE)
    for _number in range(14):
        rented("accepted", customer, offering)
    with django_assert_num_queries(len(few)):
        first = customer_client.get(PAGE)
    assert first.content.decode().count("Being made") == 25
    assert "after=" in first.content.decode()


def test_a_rental_lists_its_documents(customer_client: Client, customer: User, offering: Offering) -> None:
    contract = rented("accepted", customer, offering)
    invoice = stored()
    page = customer_client.get(f"/dashboard/rentals/{contract.reference}").content.decode()
    assert f'href="/documents/{invoice.public_id}.pdf"' in page
    assert "INV-2026-000001" in page


# One file -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "kind", "start"),
    [(".pdf", "application/pdf", b"%PDF-"), (".xml", "application/xml", b"<?xml"), (".ubl.xml", "application/xml", b"<?xml")],
)
def test_a_file_is_given_as_it_was_stored_as_often_as_asked(
    ending: str, kind: str, start: bytes, customer_client: Client, customer: User, offering: Offering
) -> None:
    rented("accepted", customer, offering)
    invoice = stored()
    first, second = (customer_client.get(f"/documents/{invoice.public_id}{ending}") for _time in range(2))
    assert first.content == second.content
    assert first.content.startswith(start)
    assert first["Content-Type"] == kind
    assert first["Content-Disposition"] == f'attachment; filename="INV-2026-000001{ending}"'
    assert first["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in first["Cache-Control"]
    assert customer_client.post(f"/documents/{invoice.public_id}{ending}").status_code == 405


def test_only_the_customers_side_and_staff_have_it(
    customer: User,
    offering: Offering,
    customer_client: Client,
    provider_client: Client,
    stranger_client: Client,
    staff_client: Client,
    staff: User,
    client: Client,
) -> None:
    rented("accepted", customer, offering)
    invoice = stored()
    for ending in (".pdf", ".xml", ".ubl.xml"):
        address = f"/documents/{invoice.public_id}{ending}"
        answers = [one.get(address).status_code for one in (customer_client, provider_client, stranger_client, staff_client)]
        assert answers == [200, 404, 404, 200]
        assert client.get(address).status_code == 302
        # Staff without a second factor in this session is nobody special.
        assert browser_of(staff).get(address).status_code == 404
    for one in (provider_client, stranger_client, staff_client):
        assert one.get(f"{PAGE}/2026.zip").status_code == 404
        assert "INV-2026" not in one.get(PAGE).content.decode()


@pytest.mark.parametrize("role", list(Role))
def test_every_member_of_the_customer_has_it_and_nobody_who_left(
    role: Role, customer: User, stranger: User, stranger_client: Client, offering: Offering
) -> None:
    team = create_organisation(customer, "Papierboot")
    with clock.at(START):
        contract = ordered(customer, offering, account=team)
        pay_order(contract)
    receipt = stored(DocumentKind.RECEIPT)
    address = f"/documents/{receipt.public_id}.pdf"
    assert stranger_client.get(address).status_code == 404
    member = Membership.objects.create(user=stranger, account=team, role=role)
    assert stranger_client.get(address).status_code == 200
    member.delete()
    assert stranger_client.get(address).status_code == 404


def test_a_receipt_has_no_xml(customer_client: Client, customer: User, offering: Offering) -> None:
    rented("requested", customer, offering)
    receipt = stored(DocumentKind.RECEIPT)
    assert customer_client.get(f"/documents/{receipt.public_id}.pdf").status_code == 200
    assert customer_client.get(f"/documents/{receipt.public_id}.xml").status_code == 404


def test_a_file_that_is_being_made_says_so(customer_client: Client, customer: User, offering: Offering) -> None:
    rented("accepted", customer, offering)
    answer = customer_client.get(f"/documents/{Document.objects.latest('pk').public_id}.pdf")
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "Its file is being made" in answer.content.decode()


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_file_that_was_tampered_with_is_given_to_nobody(
    harm: str, customer_client: Client, customer: User, offering: Offering
) -> None:
    rented("accepted", customer, offering)
    invoice = stored()
    storage = invoice.pdf.storage
    if harm == "changed":
        with storage.open(invoice.pdf.name, "wb") as file:
            file.write(b"%PDF-1.7 pay somebody else")
    else:
        storage.delete(invoice.pdf.name)
    with pytest.raises(Damaged):
        read_document(invoice, DocumentForm.PDF)
    for _time in range(2):
        answer = customer_client.get(f"/documents/{invoice.public_id}.pdf")
        assert answer.status_code == 503
        assert "not the one that was stored" in answer.content.decode()
    assert StaffTask.objects.get().text.startswith("The file of INV-2026-000001 is damaged")
    # Its other files are as they were, and a zip says what it lacks.
    assert customer_client.get(f"/documents/{invoice.public_id}.xml").status_code == 200
    with ZipFile(io.BytesIO(body(customer_client.get(f"{PAGE}/2026.zip")))) as archive:
        assert "INV-2026-000001.pdf" not in archive.namelist()
        assert b"INV-2026-000001.pdf" in archive.read("MISSING.txt")


# A year ---------------------------------------------------------------------------------------------------------------------


def test_a_zip_has_all_files_of_a_year(customer_client: Client, customer: User, offering: Offering) -> None:
    rented("cancelled", customer, offering)
    Walk(customer, offering, START.replace(year=2025)).paid()
    stored()
    answer = customer_client.get(f"{PAGE}/2026.zip")
    assert answer["Content-Disposition"] == 'attachment; filename="decent-cloud-2026.zip"'
    with ZipFile(io.BytesIO(body(answer))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            *("CN-2026-000001.pdf", "CN-2026-000001.xml", "CN-2026-000001.ubl.xml"),
            *("INV-2026-000001.pdf", "INV-2026-000001.xml", "INV-2026-000001.ubl.xml"),
            "RCP-2026-000001.pdf",
        ]
        invoice = Document.objects.get(number="INV-2026-000001")
        assert archive.read("INV-2026-000001.pdf") == read_document(invoice, DocumentForm.PDF)


def test_a_zip_names_what_has_no_file_yet(customer_client: Client, customer: User, offering: Offering) -> None:
    rented("requested", customer, offering)
    with ZipFile(io.BytesIO(body(customer_client.get(f"{PAGE}/2026.zip")))) as archive:
        assert archive.namelist() == ["MISSING.txt"]
    assert customer_client.get(f"{PAGE}/1999.zip").status_code == 404
    assert customer_client.get(f"{PAGE}/99999999999999999999.zip").status_code == 404
