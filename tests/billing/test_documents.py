"""What is issued when, and what stands on it: receipts, invoices, credit notes; numbers and days; what the database refuses."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.buyers import Buyer
from billing.documents.content import DocumentContent
from billing.ledger import balance
from billing.models import Charge, Dispute, Document, DocumentCounter, Payment, Refund, SandboxPayment
from billing.proof import find_differences
from billing.sandbox_outcomes import Decision, Outcome
from billing.services.document import correct_vat, issue_credit_note_for_refund
from billing.states import DocumentKind, LedgerAccount, RefundState
from contracts import actors
from contracts import services as contracts
from contracts.models import Contract
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from providers.models import Offering
from providers.services import update_offering
from tests.walk import START, Walk, dispute, pay, pay_order, rented

FRENCH_COMPANY = Buyer(
    "Claire Cliente", "customer@example.com", "1 rue de la Paix", "Paris", "FR", "75002", "Papier SARL", "FR40303265045", True, "fr"
)


def kinds(contract: Contract) -> list[str]:
    return list(contract.documents.order_by("id").values_list("kind", flat=True))


def said(document: Document) -> DocumentContent:
    return DocumentContent.from_json(document.content)


def only(kind: DocumentKind) -> Document:
    return Document.objects.get(kind=kind)


def pending_vat(contract: Contract) -> int:
    return sum(
        balance(LedgerAccount.TAX_PENDING, payment, payment.currency)
        for payment in Payment.objects.filter(charge__contract=contract)
    )


def give_goodwill(payment: Payment, gross_minor: int, staff: User) -> None:
    """Decided by staff, sent, and confirmed by the bank."""
    refund = services.request_goodwill_refund(payment.pk, gross_minor, "Slow answer", staff, uuid4())
    services.send_refund(refund.pk)
    sandbox_bank.tick()
    services.apply_refund("sandbox", Refund.objects.get(pk=refund.pk).external_id)


# What is issued when ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "issued"),
    [
        ("unpaid", []),
        ("requested", ["receipt"]),
        ("accepted", ["receipt", "invoice"]),
        ("rejected", ["receipt"]),
        ("expired_unpaid", []),
        ("expired_unanswered", ["receipt"]),
        ("cancelled_unpaid", []),
        ("cancelled_early", ["receipt", "invoice", "credit_note"]),
        ("provisioning_failed", ["receipt", "invoice", "credit_note"]),
        ("cancelled", ["receipt", "invoice", "credit_note"]),
        ("completed", ["receipt", "invoice"]),
    ],
)
def test_each_way_of_a_rental_has_its_documents(way: str, issued: list[str], customer: User, offering: Offering) -> None:
    contract = rented(way, customer, offering)
    assert kinds(contract) == issued
    assert find_differences() == []


def test_what_a_rule_accepts_is_invoiced_when_it_is_paid(customer: User, offering: Offering) -> None:
    update_offering(offering, auto_accept=True)
    contract = rented("requested", customer, Offering.objects.get())
    assert contract.state == "accepted"
    assert kinds(contract) == ["receipt", "invoice"]


def test_yes_and_invoice_are_one(customer: User, offering: Offering) -> None:
    walk = Walk(customer, offering).paid()
    with clock.at(walk.now), pytest.raises(Refused):
        services.accept_contract(walk.contract.pk, actors.customer(customer.pk))
    assert (walk.fresh().state, kinds(walk.contract)) == ("requested", ["receipt"])


def test_an_invoice_says_what_was_ordered_and_paid(customer: User, offering: Offering) -> None:
    update_offering(offering, setup_fee_minor=900)
    contract = rented("accepted", customer, Offering.objects.get(), hours=2160)
    invoice = only(DocumentKind.INVOICE)
    assert (invoice.number, invoice.year, invoice.sequence) == ("INV-2026-000001", 2026, 1)
    assert (invoice.net_minor, invoice.tax_minor, invoice.gross_minor) == (12_420, 2360, 14_780)
    assert (invoice.category, invoice.scheme, invoice.tax_country, invoice.tax_rate) == ("S", "local", "DE", Decimal("0.19"))
    assert (invoice.account_id, invoice.payment.charge_id) == (contract.customer_id, invoice.charge_id)
    content = said(invoice)
    rent, fee = content.lines
    assert (rent.name, rent.quantity, rent.unit, rent.price_minor, rent.base_quantity, rent.net_minor) == (
        "VPS 8 NVMe",
        2160,
        "HUR",
        3840,
        720,
        11_520,
    )
    assert (fee.name, fee.quantity, fee.unit, fee.net_minor) == ("Set-up fee", 1, "C62", 900)
    assert (content.number, content.issued_on, content.paid_on, content.paid_by) == (
        "INV-2026-000001",
        "2026-03-02",
        "2026-03-02",
        "Sandbox",
    )
    assert (content.contract, content.operator, content.tax_rate, content.language) == (
        contract.reference,
        "Quietstack",
        "0.19",
        "en",
    )
    assert (content.served_from, content.tax_in_sellers_currency, content.is_draft) == ("", None, True)
    assert content.buyer.name == "Cora Customer"


def test_a_company_is_addressed_by_its_name_in_its_language(customer: User, offering: Offering) -> None:
    update_offering(offering, setup_fee_minor=900)
    rented("accepted", customer, Offering.objects.get(), buyer=FRENCH_COMPANY)
    content = said(only(DocumentKind.INVOICE))
    assert (content.buyer.name, content.buyer.contact, content.buyer.vat_id) == ("Papier SARL", "Claire Cliente", "FR40303265045")
    assert (content.language, content.is_business, content.lines[1].name) == ("fr", True, "Frais de mise en service")


def test_documents_are_drafts_until_the_seller_is_there(customer: User, offering: Offering, settings: Settings) -> None:
    settings.INVOICE_SELLER_NAME = "Decent Cloud GmbH"
    settings.INVOICE_SELLER_STREET, settings.INVOICE_SELLER_POSTCODE = "Hafenweg 3", "20457"
    settings.INVOICE_SELLER_CITY, settings.INVOICE_SELLER_EMAIL = "Hamburg", "billing@decent.cloud"
    settings.INVOICE_SELLER_TAX_NO, settings.INVOICE_SELLER_IBAN = "22/815/08154", "DE02120300000000202051"
    settings.INVOICE_SELLER_REG_ID = "HRB 4711"
    rented("requested", customer, offering)
    content = said(only(DocumentKind.RECEIPT))
    assert not content.is_draft
    assert (content.seller.tax_no, content.seller.registration, content.seller.iban, content.seller.email) == (
        "22/815/08154",
        "HRB 4711",
        "DE02120300000000202051",
        "billing@decent.cloud",
    )


def test_an_extension_is_invoiced_when_paid_with_the_days_it_serves(customer: User, offering: Offering) -> None:
    walk = Walk(customer, offering).running()
    contract = walk.fresh()
    assert contract.ends_at is not None
    walk._then(lambda: pay(services.open_extension_charge(contract, 168, customer)), days=2)
    assert kinds(contract) == ["receipt", "invoice", "receipt", "invoice"]
    content = said(Document.objects.latest("pk"))
    assert content.served_from == contract.ends_at.date().isoformat()
    assert content.served_until == (contract.ends_at + timedelta(hours=168)).date().isoformat()
    assert find_differences() == []


def test_money_that_pays_for_nothing_has_no_documents(customer: User, offering: Offering) -> None:
    walk = Walk(customer, offering)

    def pay_twice() -> None:
        pay_order(walk.contract, Outcome.TWICE)
        services.apply_payment("sandbox", SandboxPayment.objects.get(payment_public_id=None).external_id)
        services.accept_contract(walk.contract.pk, walk.provider)
        refund = Refund.objects.get()
        services.send_refund(refund.pk)
        sandbox_bank.tick()
        services.apply_refund("sandbox", Refund.objects.get().external_id)

    walk._then(pay_twice, minutes=2)
    assert (Refund.objects.get().state, Payment.objects.latest("pk").anomaly) == (RefundState.SUCCEEDED, "paid_twice")
    assert kinds(walk.contract) == ["receipt", "invoice"]


# Credit notes -------------------------------------------------------------------------------------------------------------------


def test_a_credit_note_says_what_was_used_and_is_what_came_back(customer: User, offering: Offering) -> None:
    update_offering(offering, setup_fee_minor=900)
    contract = rented("cancelled", customer, Offering.objects.get())
    invoice, note, refund = only(DocumentKind.INVOICE), only(DocumentKind.CREDIT_NOTE), Refund.objects.get()
    assert (note.net_minor, note.tax_minor, note.gross_minor) == (refund.net_minor, refund.tax_minor, refund.amount_minor)
    assert (note.number, note.corrects, note.refund) == ("CN-2026-000001", invoice, refund)
    content = said(note)
    assert (content.corrects_number, content.corrects_issued_on, content.reason) == (invoice.number, "2026-03-02", "unused")
    assert (content.used_seconds, content.term_seconds, content.setup_fee_kept) == (
        contract.used_seconds(clock.now()),
        720 * 3600,
        True,
    )
    assert (content.served_from, content.served_until) == ("2026-03-02", "2026-03-07")
    assert [line.net_minor for line in content.lines] == [note.net_minor]
    invoice = only(DocumentKind.INVOICE)
    assert (invoice.credited_net_minor, invoice.credited_tax_minor) == (note.net_minor, note.tax_minor)
    assert pending_vat(contract) == 0


def test_what_was_never_served_is_taken_back_in_full(customer: User, offering: Offering) -> None:
    rented("cancelled_early", customer, offering)
    invoice, note = only(DocumentKind.INVOICE), only(DocumentKind.CREDIT_NOTE)
    assert (note.net_minor, note.tax_minor) == (invoice.net_minor, invoice.tax_minor)
    assert (said(note).reason, said(note).served_from) == ("full", "")


def test_a_refund_that_comes_back_keeps_its_note_and_has_no_second(customer: User, offering: Offering, staff: User) -> None:
    walk = Walk(customer, offering)
    walk._then(lambda: pay_order(walk.contract, Outcome.REFUND_FAILS), minutes=2)
    walk._then(lambda: services.accept_contract(walk.contract.pk, walk.provider), minutes=2)
    walk.end(lambda: contracts.cancel(walk.contract.pk, actors.customer(customer.pk)), minutes=5)
    walk._then(sandbox_bank.tick, minutes=3)
    refund = Refund.objects.get()
    walk._then(lambda: services.apply_refund("sandbox", refund.external_id), minutes=1)
    assert Refund.objects.get().state == RefundState.FAILED
    there = kinds(walk.contract)
    with clock.at(walk.now):
        services.pay_refund_by_hand(refund.pk, staff, "SEPA 4711")
    assert kinds(walk.contract) == ["receipt", "invoice", "credit_note"]
    assert len(there) in {2, 3}
    assert find_differences() == []


def test_a_note_names_the_way_that_the_money_went(customer: User, offering: Offering, staff: User) -> None:
    walk = Walk(customer, offering).running()
    payment = Payment.objects.get()
    with clock.at(walk.now):
        give_goodwill(payment, 1000, staff)
        SandboxPayment.objects.update(refunds_fail=True)
        second = services.request_goodwill_refund(payment.pk, 500, "Slow answer", staff, uuid4())
        services.send_refund(second.pk)
        sandbox_bank.tick()
    walk._then(sandbox_bank.tick, minutes=10)
    walk._then(lambda: services.apply_refund("sandbox", Refund.objects.get(pk=second.pk).external_id), minutes=1)
    walk._then(lambda: services.pay_refund_by_hand(second.pk, staff, "SEPA 4711"), minutes=1)
    walk._then(lambda: dispute(walk.contract), minutes=1)
    with clock.at(walk.now):
        lost = Dispute.objects.get()
        sandbox_bank.decide(lost.external_id, Decision.LOST)
        services.apply_dispute("sandbox", lost.external_id)
    notes = Document.objects.filter(kind=DocumentKind.CREDIT_NOTE).order_by("pk")
    assert [(note.gross_minor, said(note).paid_by) for note in notes] == [(1000, "Sandbox"), (500, ""), (3070, "")]


def test_a_lost_dispute_has_its_note(customer: User, offering: Offering) -> None:
    walk = Walk(customer, offering).running()
    with clock.at(walk.now + timedelta(days=3)):
        opened = dispute(walk.contract)
        sandbox_bank.decide(opened.external_id, Decision.LOST)
        services.apply_dispute("sandbox", opened.external_id)
    note = only(DocumentKind.CREDIT_NOTE)
    assert note.dispute is not None
    assert (note.net_minor, note.tax_minor) == (note.dispute.lost_net_minor, note.dispute.lost_tax_minor) == (3840, 730)
    assert said(note).reason == "dispute"
    assert pending_vat(walk.contract) == 0
    assert find_differences() == []


def test_what_never_came_in_is_taken_back_too(customer: User, offering: Offering, staff: User) -> None:
    walk = Walk(customer, offering)
    walk._then(lambda: pay_order(walk.contract, Outcome.WRONG_AMOUNT), minutes=2)
    assert kinds(walk.contract) == []
    walk._then(lambda: services.accept_mismatch(Payment.objects.get().pk, staff), minutes=2)
    assert kinds(walk.contract) == ["receipt"]
    walk._then(lambda: services.accept_contract(walk.contract.pk, walk.provider), minutes=2)
    walk.end(lambda: contracts.cancel(walk.contract.pk, actors.customer(customer.pk)), minutes=5)
    invoice = only(DocumentKind.INVOICE)
    notes = Document.objects.filter(kind=DocumentKind.CREDIT_NOTE)
    assert sorted(note.gross_minor for note in notes) == [1, invoice.gross_minor - 1]
    assert (invoice.credited_net_minor, invoice.credited_tax_minor) == (invoice.net_minor, invoice.tax_minor)
    assert pending_vat(walk.contract) == 0
    assert find_differences() == []


def test_goodwill_before_the_yes_is_taken_back_once_there_is_an_invoice(customer: User, offering: Offering, staff: User) -> None:
    walk = Walk(customer, offering).paid()
    payment = Payment.objects.get()

    walk._then(lambda: give_goodwill(payment, 1000, staff), minutes=5)
    assert kinds(walk.contract) == ["receipt"]
    walk._then(lambda: services.accept_contract(walk.contract.pk, walk.provider), minutes=2)
    assert kinds(walk.contract) == ["receipt", "invoice", "credit_note"]
    assert only(DocumentKind.CREDIT_NOTE).gross_minor == 1000
    assert pending_vat(walk.contract) == 0
    assert find_differences() == []


# VAT --------------------------------------------------------------------------------------------------------------------------


def test_vat_that_was_not_due_is_taken_back_and_the_rest_invoiced_anew(customer: User, offering: Offering) -> None:
    walk = Walk(customer, offering, buyer=FRENCH_COMPANY).running()
    charge = Charge.objects.get()

    def correct() -> None:
        with transaction.atomic():
            correct_vat(charge)
            services.request_vat_refund(Payment.objects.get())

    walk._then(correct, days=1)
    old, new = Document.objects.filter(kind=DocumentKind.INVOICE).order_by("id")
    note = only(DocumentKind.CREDIT_NOTE)
    assert (note.corrects, note.net_minor, note.tax_minor) == (old, old.net_minor, old.tax_minor)
    assert (new.net_minor, new.tax_minor, new.category, new.tax_country, new.tax_rate) == (old.net_minor, 0, "AE", "FR", 0)
    assert said(new).lines == said(old).lines
    with transaction.atomic():
        assert correct_vat(charge) == (note, new)
    # What is given back from now on is taken from the new invoice, without VAT.
    walk.end(lambda: contracts.cancel(walk.contract.pk, actors.customer(customer.pk)), days=4)
    last = Document.objects.latest("pk")
    assert (last.corrects, last.tax_minor, last.category) == (new, 0, "AE")
    assert last.net_minor == Refund.objects.get(kind="unused").net_minor
    assert pending_vat(walk.contract) == 0


def test_there_is_nothing_to_correct_without_an_invoice_or_after_all_went_back(customer: User, offering: Offering) -> None:
    rented("requested", customer, offering)
    with transaction.atomic(), pytest.raises(Refused) as early:
        correct_vat(Charge.objects.get())
    contract = rented("cancelled_early", customer, offering)
    before = Document.objects.count()
    with transaction.atomic(), pytest.raises(Refused) as late:
        correct_vat(contract.charges.get())
    assert (early.value.code, late.value.code) == ("not_invoiced", "nothing_left")
    assert Document.objects.count() == before


def test_vat_is_stated_in_the_sellers_currency_and_taken_back_at_the_same_rate(
    customer: User, offering: Offering, staff: User
) -> None:
    update_offering(offering, currency="USD", monthly_minor=3841)
    walk = Walk(customer, Offering.objects.get()).running()
    stated = said(only(DocumentKind.INVOICE)).tax_in_sellers_currency
    assert stated is not None
    assert (stated.currency, stated.rate, stated.rate_day) == ("EUR", "1.0705", "2024-06-28")
    assert stated.tax_minor == 682
    payment = Payment.objects.get()
    for number in range(3):
        walk._then(lambda: give_goodwill(payment, 333, staff), days=number)
    walk.end(lambda: contracts.cancel(walk.contract.pk, actors.customer(customer.pk), ""), hours=1)
    invoice = only(DocumentKind.INVOICE)
    taken = [said(note).tax_in_sellers_currency for note in invoice.credit_notes.all()]
    assert [one.rate for one in taken if one is not None] == ["1.0705"] * 4
    in_all = Decimal(invoice.credited_tax_minor) / Decimal("1.0705")
    assert abs(sum(one.tax_minor for one in taken if one is not None) - in_all) <= Decimal("0.5")


def test_in_euros_no_second_currency_is_stated(customer: User, offering: Offering) -> None:
    rented("accepted", customer, offering)
    assert said(only(DocumentKind.INVOICE)).tax_in_sellers_currency is None


# Days and what is told --------------------------------------------------------------------------------------------------------


def test_the_year_is_that_of_the_seller(customer: User, offering: Offering, settings: Settings) -> None:
    settings.INVOICE_SELLER_TIMEZONE = "Pacific/Auckland"
    eve = START.replace(month=12, day=31, hour=10, minute=50)
    walk = Walk(customer, offering, eve)
    walk._then(lambda: pay_order(walk.contract), minutes=2)
    walk._then(lambda: services.accept_contract(walk.contract.pk, walk.provider), minutes=8)
    receipt, invoice = only(DocumentKind.RECEIPT), only(DocumentKind.INVOICE)
    assert (receipt.number, receipt.issued_on.isoformat()) == ("RCP-2026-000001", "2026-12-31")
    assert (invoice.number, invoice.issued_on.isoformat()) == ("INV-2027-000001", "2027-01-01")
    assert said(invoice).paid_on == "2026-12-31"


def test_each_issue_is_told_with_its_number(customer: User, offering: Offering) -> None:
    contract = rented("accepted", customer, offering)
    events = DomainEvent.objects.filter(name="document.issued").order_by("id")
    assert [event.data["number"] for event in events] == ["RCP-2026-000001", "INV-2026-000001"]
    assert {event.subject for event in events} == {f"contract:{contract.pk}"}


# What the database refuses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM billing_document",
        "UPDATE billing_document SET net_minor = 1, gross_minor = tax_minor + 1",
        "UPDATE billing_document SET content = jsonb_set(content, '{number}', '\"INV-1\"')",
        "UPDATE billing_document SET number = 'X'",
        "UPDATE billing_document SET issued_on = '2020-01-01'",
        "UPDATE billing_document SET credited_net_minor = 0",
        "UPDATE billing_document SET credited_net_minor = net_minor + 1 WHERE kind = 'invoice'",
        "UPDATE billing_documentcounter SET last = last - 1",
        "UPDATE billing_documentcounter SET last = last + 2",
        "DELETE FROM billing_documentcounter",
    ],
)
def test_what_was_issued_cannot_be_changed(change: str, customer: User, offering: Offering) -> None:
    rented("cancelled", customer, offering)
    before = list(Document.objects.order_by("id").values()), list(DocumentCounter.objects.order_by("id").values())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert (list(Document.objects.order_by("id").values()), list(DocumentCounter.objects.order_by("id").values())) == before


def test_a_note_above_its_invoice_is_never_issued(customer: User, offering: Offering) -> None:
    rented("cancelled", customer, offering)
    refund = Refund.objects.select_related("payment__charge__contract").get()
    again = Refund(
        key="made:up",
        kind=refund.kind,
        payment=refund.payment,
        contract=refund.contract,
        net_minor=10**6,
        tax_minor=0,
        amount_minor=10**6,
        currency="EUR",
        created_at=clock.now(),
    )
    again.save()
    with transaction.atomic():
        note = issue_credit_note_for_refund(again)
    invoice = only(DocumentKind.INVOICE)
    assert note is not None
    assert (invoice.credited_net_minor, note.net_minor < 10**6) == (invoice.net_minor, True)
