"""What the shop itself freezes, from order to credit note, stands before the rules of EN 16931 and reads the same on paper."""

import pytest
from django.db import transaction
from pytest_django import Settings

from accounts.models import User
from billing.buyers import Buyer
from billing.documents.cii import write_cii
from billing.documents.content import DocumentContent
from billing.documents.rendering import render
from billing.documents.ubl import write_ubl
from billing.documents.words import Words
from billing.models import Document
from billing.services.document import correct_vat
from core import clock
from providers.models import Offering
from tests.billing.documents.rules import cii_faults, ubl_faults
from tests.billing.documents.test_rendering import text_of
from tests.walk import START, Walk, offered_by, rented

pytestmark = pytest.mark.django_db

GERMAN = Buyer("Cora Customer", "customer@example.com", "Weg 1", "Berlin", "DE", "10115", language="de")
FRENCH = Buyer("Zoé Lefèvre", "zoe@example.com", "3 rue de l’Été", "Paris", "FR", "75011", language="fr")
SPANISH_ISLANDS = Buyer("Ana Pérez", "ana@example.com", "Calle Mayor 1", "Las Palmas", "ES", "35001", language="es")
SWISS = Buyer("Ursula Zug", "u@example.com", "Bundesplatz 2", "Zug", "CH", "6300")


@pytest.fixture(autouse=True)
def seller(settings: Settings) -> None:
    """A seller whom every field names."""
    settings.INVOICE_SELLER_NAME, settings.INVOICE_SELLER_STREET = "Decent Cloud GmbH", "Musterkai 1"
    settings.INVOICE_SELLER_POSTCODE, settings.INVOICE_SELLER_CITY, settings.INVOICE_SELLER_COUNTRY = "20457", "Hamburg", "DE"
    settings.INVOICE_SELLER_VAT_ID, settings.INVOICE_SELLER_TAX_NO = "DE136695976", "27/123/45678"
    settings.INVOICE_SELLER_REG_ID, settings.INVOICE_SELLER_EMAIL = "HRB 123456", "billing@decent.example"
    settings.INVOICE_SELLER_OSS = True


def assert_in_order(documents: list[Document]) -> None:
    for document in documents:
        content = DocumentContent.from_json(document.content)
        if content.kind != "receipt":
            assert cii_faults(write_cii(content)) + ubl_faults(write_ubl(content)) == []
        read = text_of(render(content).pdf)
        for minor in (content.net_minor, content.tax_minor, content.gross_minor):
            assert Words(content.language).money(minor, content.currency).replace("\u00a0", " ").replace("\u202f", " ") in read


@pytest.mark.parametrize(("buyer", "code"), [(GERMAN, "EUR"), (FRENCH, "JPY"), (SPANISH_ISLANDS, "KWD"), (SWISS, "USD")])
def test_a_rental_that_ends_early_leaves_three_documents_in_order(
    buyer: Buyer, code: str, customer: User, provider_user: User
) -> None:
    offering = offered_by(provider_user, currency=code, monthly_minor=38400, setup_fee_minor=1990)
    contract = rented("cancelled", customer, offering, buyer=buyer)
    documents = list(contract.documents.order_by("id"))
    assert [document.kind for document in documents] == ["receipt", "invoice", "credit_note"]
    assert_in_order(documents)


def test_a_vat_id_that_is_confirmed_later_leaves_its_documents_in_order(customer: User, offering: Offering) -> None:
    firm = Buyer(
        "Claire Cliente", "c@example.com", "1 rue de la Paix", "Paris", "FR", "75002", "Papier SARL", "FR40303265045", True
    )
    contract = Walk(customer, offering, buyer=firm).running().fresh()
    with clock.at(START), transaction.atomic():
        correct_vat(contract.charges.get())
    documents = list(contract.documents.order_by("id"))
    assert {(document.kind, document.category) for document in documents[-2:]} == {("credit_note", "S"), ("invoice", "AE")}
    assert_in_order(documents)


def test_a_small_business_leaves_its_documents_in_order(customer: User, offering: Offering, settings: Settings) -> None:
    settings.INVOICE_SELLER_VAT_SCHEME = "small_business"
    contract = rented("cancelled", customer, offering, buyer=GERMAN)
    assert {document.category for document in contract.documents.all()} == {"E"}
    assert_in_order(list(contract.documents.all()))
