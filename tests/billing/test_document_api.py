"""Documents by machine: listed by filters, their files as they were stored, and only for the account's own tokens."""

from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.states import Scope
from billing import services
from billing.models import Document
from billing.services.document_bytes import read_document
from billing.states import DocumentForm
from providers.models import Offering
from tests.machines import all_but, machine, problem
from tests.walk import rented

pytestmark = pytest.mark.django_db
DOCUMENTS = "/api/v1/documents"


@pytest.fixture
def invoice(customer: User, offering: Offering) -> Document:
    """Of an accepted order, with its files."""
    rented("accepted", customer, offering)
    services.store_waiting_documents()
    return Document.objects.get(kind="invoice")


def test_a_list_says_all_figures_and_where_the_files_are(invoice: Document, customer_api: APIClient) -> None:
    first, second = customer_api.get(DOCUMENTS).json()["results"]
    assert first == {
        "id": str(invoice.public_id),
        "kind": "invoice",
        "number": "INV-2026-000001",
        "issued_at": "2026-03-02T09:40:00Z",
        "issued_on": "2026-03-02",
        "contract": invoice.contract.reference,
        "corrects": None,
        "language": "en",
        "currency": "EUR",
        "category": "S",
        "tax_country": "DE",
        "tax_rate": "0.1900",
        "net_minor": 3840,
        "tax_minor": 730,
        "gross_minor": 4570,
        "files": {form: f"{DOCUMENTS}/{invoice.public_id}/{form}" for form in ("pdf", "cii", "ubl")},
    }
    assert (second["kind"], list(second["files"])) == ("receipt", ["pdf"])


def test_a_note_names_its_invoice_and_files_that_are_being_made_are_not_there(
    customer: User, offering: Offering, customer_api: APIClient
) -> None:
    rented("cancelled", customer, offering)
    (note,) = customer_api.get(f"{DOCUMENTS}?kind=credit_note").json()["results"]
    assert (note["corrects"], note["files"]) == ("INV-2026-000001", {})
    refused = customer_api.get(f"{DOCUMENTS}/{note['id']}/pdf")
    assert refused["Retry-After"] == "60"
    problem(refused, 503, "being_made")


def test_filters_choose_and_nonsense_is_refused(invoice: Document, customer_api: APIClient) -> None:
    def numbers(query: str) -> list[str]:
        return [row["number"] for row in customer_api.get(f"{DOCUMENTS}?{query}").json()["results"]]

    assert numbers("kind=invoice") == ["INV-2026-000001"]
    assert numbers("year=2025") == []
    assert numbers(f"year=2026&contract={invoice.contract.reference.lower()}") == ["INV-2026-000001", "RCP-2026-000001"]
    assert numbers("contract=NO-SUCH") == []
    for query in ("kind=bill", "year=26", "year=abcd", "year=²²²²"):
        problem(customer_api.get(f"{DOCUMENTS}?{query}"), 422)


@pytest.mark.parametrize("form", list(DocumentForm))
def test_a_file_is_the_one_that_was_stored_whatever_is_accepted(
    form: DocumentForm, invoice: Document, customer_api: APIClient
) -> None:
    for accepted in ("*/*", form.media_type, "application/json"):
        answer = customer_api.get(f"{DOCUMENTS}/{invoice.public_id}/{form.value}", headers={"Accept": accepted})
        assert (answer.status_code, answer["Content-Type"]) == (200, form.media_type)
        assert answer.content == read_document(invoice, form)


def test_only_the_accounts_own_token_with_the_scope_reads_them(
    invoice: Document, customer: User, provider_user: User, stranger: User, staff: User, api: APIClient, client: Client
) -> None:
    file = f"{DOCUMENTS}/{invoice.public_id}/pdf"
    for path in (DOCUMENTS, file):
        problem(api.get(path), 401)
        problem(all_but(customer, Scope.BILLING_READ).get(path), 403)
        assert machine(customer, Scope.BILLING_READ).get(path).status_code == 200
    for user in (provider_user, stranger, staff):
        assert machine(user).get(DOCUMENTS).json()["results"] == []
        problem(machine(user).get(file), 404)
    problem(machine(customer).get(f"{DOCUMENTS}/{uuid4()}/pdf"), 404)
    problem(machine(customer).get(f"{DOCUMENTS}/{invoice.public_id}/docx"), 404)


def test_staff_finds_documents_in_the_admin_with_their_files_and_changes_none(
    invoice: Document, staff_client: Client, customer_client: Client
) -> None:
    listing = staff_client.get("/admin/billing/document/").content.decode()
    assert "INV-2026-000001" in listing
    assert f'href="/documents/{invoice.public_id}.pdf"' in listing
    assert "INV-2026-000001" in staff_client.get("/admin/billing/document/?q=INV-2026-000001").content.decode()
    page = f"/admin/billing/document/{invoice.pk}/change/"
    assert f'href="/documents/{invoice.public_id}.ubl.xml"' in staff_client.get(page).content.decode()
    assert staff_client.post(page, {"number": "INV-1"}).status_code == 403
    assert customer_client.get(page).status_code in {302, 404}
    assert Document.objects.get(pk=invoice.pk).number == "INV-2026-000001"
