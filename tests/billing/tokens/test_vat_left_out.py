"""VAT that is left out of payments by ICPay: the net is asked for, a receipt, no invoice, and a report of what it would be."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account, User
from billing import sandbox_bank, services
from billing.buyers import Buyer
from billing.documents.content import DocumentContent
from billing.documents.page import lay_out
from billing.models import Charge, Document, Payment, Refund
from billing.proof import find_differences
from billing.queries import refund_preview
from billing.reports.exposure import exposure, exposure_rows
from billing.sandbox_outcomes import Outcome
from billing.states import Anomaly, DocumentKind, PaymentState, RefundState, TaxCategory
from billing.untaxed import is_left_out, table_gross_minor
from contracts import actors
from contracts import services as contracts
from contracts.models import Contract
from core import clock
from core.tasks import drain
from decentcloud.icpay_checks import check_icpay_tax, check_icpay_tax_in_production
from providers.models import Offering
from tests.billing.test_refund_addresses import confirmed
from tests.billing.tokens.conftest import booked, bring, fresh, sent
from tests.icpay_standin import Standin
from tests.vies_standin import Vies, trouble, valid
from tests.walk import BUYER, ordered

pytestmark = pytest.mark.django_db

FIRM = Buyer("Aude", "aude@example.com", "1 rue de la Paix", "Paris", "FR", "75002", "Papierboot SARL", "FR40303265045", True)
ABROAD = replace(BUYER, country="CH", postcode="8001", city="Zürich")


@pytest.fixture(autouse=True)
def _left_out(icpay: Standin, settings: Settings, rates: None) -> None:
    settings.ICPAY_TAX = "none"


@pytest.fixture(autouse=True)
def agrees(_left_out: None) -> Iterator[None]:
    """Whatever a test did, the whole ledger agrees at its end."""
    yield
    assert whole() == []


def whole() -> list[object]:
    return [found for found in find_differences() if found.check != "bytes"]


def paid_in_tokens(icpay: Standin, charge: Charge) -> Payment:
    payment = services.start_payment(charge, "icpay")
    icpay.account.pay(payment.external_id, "ic_icp")
    bring(icpay)
    services.read_reports()
    return fresh(payment)


def accept(contract: Contract) -> None:
    owner = contract.provider.account.memberships.get(role="owner").user_id
    services.accept_contract(contract.pk, actors.provider(owner))
    drain()


def figures(charge: Charge) -> tuple[int, int, int, Decimal]:
    charge.refresh_from_db()
    return charge.net_minor, charge.tax_minor, charge.gross_minor, charge.tax_rate


def documents(contract: Contract) -> list[tuple[str, str, int, int]]:
    issued = Document.objects.filter(contract=contract).order_by("pk")
    return [(document.kind, document.category, document.net_minor, document.tax_minor) for document in issued]


def exposed() -> list[tuple[str, Decimal, str, int, int]]:
    today = clock.now().date()
    found = exposure(today - timedelta(days=2), today + timedelta(days=2))
    return [(one.country, one.rate, one.currency, one.kept.net.minor, one.kept.tax.minor) for one in found]


def test_the_net_is_asked_for_and_there_is_a_receipt_and_no_invoice(icpay: Standin, contract: Contract, charge: Charge) -> None:
    table = dict(charge.tax_decision)
    payment = paid_in_tokens(icpay, charge)
    assert (payment.state, payment.amount_minor, payment.token.usd_minor) == (PaymentState.SUCCEEDED, 3840, 4171)
    assert figures(charge) == (3840, 0, 3840, Decimal(0))
    assert charge.tax_decision["category"] == TaxCategory.LEFT_OUT
    assert charge.tax_evidence["vat_left_out"] == {"decision": table, "rate": "0.1900", "tax_minor": 730}
    accept(contract)
    assert documents(contract) == [("receipt", "N", 3840, 0)]
    assert booked(payment)[("escrow", "EUR")] == -3840
    assert ("tax_pending", "EUR") not in booked(payment)
    assert exposed() == [("DE", Decimal("0.19"), "EUR", 3840, 730)]
    assert whole() == []


def test_the_receipt_says_why_there_is_no_vat(icpay: Standin, contract: Contract, charge: Charge) -> None:
    paid_in_tokens(icpay, charge)
    document = Document.objects.get(kind=DocumentKind.RECEIPT)
    page = lay_out(DocumentContent.from_json(document.content))
    assert any("no invoice follows" in note for note in page.notes)
    assert page.law == ""
    assert [(line.label, line.amount) for line in page.sums][1] == ("No VAT", "€\u00a00.00")


def test_an_end_gives_back_what_its_preview_said_and_the_exposure_shrinks(
    icpay: Standin, contract: Contract, charge: Charge, customer_account: Account, customer: User, staff: User
) -> None:
    payment = paid_in_tokens(icpay, charge)
    confirmed(customer_account, customer)
    contract.refresh_from_db()
    preview = refund_preview(contract, clock.now())
    contracts.cancel(contract.pk, actors.customer(customer.pk))
    drain()
    refund = Refund.objects.get()
    assert (refund.net_minor, refund.tax_minor, refund.amount_minor) == (3840, 0, preview.priced.gross.minor)
    assert refund.token_units == payment.token.received_units
    assert exposed() == [("DE", Decimal("0.19"), "EUR", 0, 0)]
    sent(refund, staff, "block-1")
    drain()
    assert (Refund.objects.get().state, documents(contract)) == (RefundState.SUCCEEDED, [("receipt", "N", 3840, 0)])


def test_going_back_to_another_method_restores_the_table(icpay: Standin, charge: Charge, contract: Contract) -> None:
    before, decision, evidence = figures(charge), charge.tax_decision, charge.tax_evidence
    services.start_payment(charge, "icpay")
    assert figures(charge) == (3840, 0, 3840, Decimal(0))
    assert table_gross_minor(charge) == 4570
    page = services.start_payment(charge, "sandbox")
    assert (page.amount_minor, figures(charge)) == (4570, before)
    charge.refresh_from_db()
    assert (charge.tax_decision, charge.tax_evidence) == (decision, evidence)
    sandbox_bank.choose(page.external_id, Outcome.PAID)
    services.apply_payment("sandbox", page.external_id)
    accept(contract)
    assert documents(contract) == [("receipt", "S", 3840, 730), ("invoice", "S", 3840, 730)]
    assert exposed() == []


@pytest.mark.parametrize("chosen_last", ["icpay", "sandbox"])
@pytest.mark.parametrize("paid_by", ["icpay", "sandbox"])
def test_of_two_open_pages_the_one_that_is_paid_says_the_tax(
    paid_by: str, chosen_last: str, icpay: Standin, charge: Charge, contract: Contract
) -> None:
    pages = {}
    for method in sorted(("icpay", "sandbox"), key=lambda name: name == chosen_last):
        pages[method] = services.start_payment(charge, method)
    if paid_by == "icpay":
        icpay.account.pay(pages["icpay"].external_id, "ic_icp")
        bring(icpay)
    else:
        sandbox_bank.choose(pages["sandbox"].external_id, Outcome.PAID)
        services.apply_payment("sandbox", pages["sandbox"].external_id)
        drain()
    charge.refresh_from_db()
    assert is_left_out(charge) == (paid_by == "icpay")
    assert charge.gross_minor == Payment.objects.get(pk=pages[paid_by].pk).received_minor
    accept(contract)
    assert [kind for kind, *_rest in documents(contract)] == (["receipt"] if paid_by == "icpay" else ["receipt", "invoice"])


def test_the_second_of_two_pages_pays_for_nothing_and_changes_no_tax(icpay: Standin, charge: Charge) -> None:
    tokens, page = services.start_payment(charge, "icpay"), services.start_payment(charge, "sandbox")
    sandbox_bank.choose(page.external_id, Outcome.PAID)
    services.apply_payment("sandbox", page.external_id)
    icpay.account.pay(tokens.external_id, "ic_icp")
    bring(icpay)
    services.read_reports()
    assert figures(charge)[:3] == (3840, 730, 4570)
    second = fresh(tokens)
    assert (second.state, second.anomaly, second.received_minor) == (PaymentState.SUCCEEDED, Anomaly.PAID_TWICE, 3840)
    assert Refund.objects.get().amount_minor == 3840


def test_a_setting_that_changes_meanwhile_changes_no_open_page(
    icpay: Standin, charge: Charge, settings: Settings, contract: Contract
) -> None:
    payment = services.start_payment(charge, "icpay")
    settings.ICPAY_TAX = "table"
    icpay.account.pay(payment.external_id, "ic_icp")
    bring(icpay)
    assert (fresh(payment).state, figures(charge)[2]) == (PaymentState.SUCCEEDED, 3840)
    accept(contract)
    assert [kind for kind, *_rest in documents(contract)] == ["receipt"]


def test_by_the_table_tokens_are_taxed_as_all_else(icpay: Standin, charge: Charge, settings: Settings, contract: Contract) -> None:
    settings.ICPAY_TAX = "table"
    payment = paid_in_tokens(icpay, charge)
    assert payment.amount_minor == 4570
    accept(contract)
    assert documents(contract) == [("receipt", "S", 3840, 730), ("invoice", "S", 3840, 730)]
    assert exposed() == []


def test_where_the_table_charges_none_there_is_an_invoice(icpay: Standin, customer: User, offering: Offering) -> None:
    contract = ordered(customer, offering, buyer=ABROAD)
    charge = contract.charges.get()
    paid_in_tokens(icpay, charge)
    accept(contract)
    assert documents(contract) == [("receipt", "O", 3840, 0), ("invoice", "O", 3840, 0)]
    assert exposed() == []


@pytest.mark.parametrize("is_accepted_before", [True, False])
def test_a_late_yes_of_vies_ends_the_exposure_and_brings_the_invoice(
    is_accepted_before: bool, icpay: Standin, vies: Vies, customer: User, offering: Offering
) -> None:
    vies.says(trouble())
    services.with_check(FIRM.tax_facts, customer.memberships.get().account)
    contract = ordered(customer, offering, buyer=FIRM)
    charge = contract.charges.get()
    paid_in_tokens(icpay, charge)
    if is_accepted_before:
        accept(contract)
    assert len(exposed()) == 1
    vies.says(valid())
    with clock.at(clock.now() + timedelta(hours=1)):
        services.recheck_vat_ids()
        drain()
    if not is_accepted_before:
        accept(contract)
    assert documents(contract)[1:] == [("invoice", "AE", 3840, 0)]
    assert exposed() == []
    assert not Refund.objects.exists()
    charge.refresh_from_db()
    assert charge.vat_recheck_at is None


def test_an_extension_is_asked_for_once_whatever_was_chosen(
    icpay: Standin, contract: Contract, charge: Charge, customer: User
) -> None:
    paid_in_tokens(icpay, charge)
    accept(contract)
    owner = actors.provider(contract.provider.account.memberships.get(role="owner").user_id)
    contracts.start_provisioning(contract.pk, owner)
    contracts.deliver(contract.pk, owner, login="root", ipv4="203.0.113.48", ipv6="", port=22, host_key="SHA256:nA7cEXAMPLEk2Uo")
    contract.refresh_from_db()
    extension = services.open_extension_charge(contract, 24, customer)
    page = services.start_payment(extension, "icpay")
    assert services.open_extension_charge(contract, 24, customer).pk == extension.pk
    icpay.account.pay(page.external_id, "ic_icp")
    bring(icpay)
    assert fresh(page).charge.paid_at is not None
    assert [kind for kind, *_rest in documents(contract)] == ["receipt", "receipt"]


def test_the_checkout_says_what_each_method_asks_for(customer_client: Client, charge: Charge) -> None:
    page = customer_client.get(reverse("checkout", args=[charge.public_id])).content.decode()
    assert "no VAT is charged" in page
    assert "€\u00a038.40" in page
    assert "€\u00a045.70" in page
    assert "Pay the amount of the method" in page


def test_staff_reads_the_exposure_and_takes_it_along(icpay: Standin, charge: Charge, staff_client: Client) -> None:
    paid_in_tokens(icpay, charge)
    page = staff_client.get(reverse("admin:billing_exposure"))
    assert page.status_code == 200
    assert "€\u00a07.30" in page.content.decode()
    today = clock.now().date()
    sheet = staff_client.get(
        reverse("admin:billing_exposure_csv"), {"first": f"{today:%Y}-01-01", "last": f"{today + timedelta(days=1)}"}
    )
    text = sheet.getvalue().decode()
    assert "DE,local,0.19,EUR,1,38.40,7.30,0.00,0.00,38.40,7.30" in text
    assert staff_client.get(reverse("admin:billing_exposure"), {"first": "2026-02-01", "last": "2026-01-01"}).status_code == 400
    assert staff_client.get(reverse("admin:billing_exposure_csv"), {"first": "x"}).status_code == 400
    assert list(exposure_rows(date(2021, 1, 1), date(2021, 1, 2))) == []


def test_the_exposure_is_for_staff_alone(customer_client: Client) -> None:
    assert customer_client.get(reverse("admin:billing_exposure")).status_code in {302, 404}
    assert customer_client.get(reverse("admin:billing_exposure_csv")).status_code in {302, 404}


def test_the_proof_names_a_charge_that_leaves_out_vat_and_was_paid_otherwise(charge: Charge, contract: Contract) -> None:
    page = services.start_payment(charge, "sandbox")
    sandbox_bank.choose(page.external_id, Outcome.PAID)
    services.apply_payment("sandbox", page.external_id)
    evidence = Charge.objects.get(pk=charge.pk).tax_evidence
    Charge.objects.filter(pk=charge.pk).update(tax_evidence={**evidence, "vat_left_out": {}})
    assert "vat_left_out" in {found.check for found in find_differences()}
    Charge.objects.filter(pk=charge.pk).update(tax_evidence=evidence)


def test_production_hears_that_vat_is_left_out(settings: Settings) -> None:
    assert [found.id for found in check_icpay_tax_in_production()] == ["decentcloud.W030"]
    settings.ICPAY_TAX = "table"
    assert check_icpay_tax_in_production() == check_icpay_tax() == []
    settings.ICPAY_TAX = "sometimes"
    assert [found.id for found in check_icpay_tax()] == ["decentcloud.E030"]
    settings.ICPAY_TAX = "none"
    settings.ICPAY_SECRET_KEY = ""
    assert check_icpay_tax_in_production() == []
