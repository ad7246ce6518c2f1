"""Money when things happen in an order that nobody planned: short payments, late news, decisions while a bank holds the money."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.ledger import balance
from billing.models import Dispute, Document, Payment, Refund, SandboxPayment, SandboxRefund, StaffTask
from billing.proof import find_differences
from billing.queries import money_of, refund_preview
from billing.sandbox_outcomes import Decision, Outcome
from billing.states import DisputeState, DocumentKind, LedgerAccount, PaymentState, RefundState
from contracts import actors
from contracts import services as contracts
from contracts.models import Contract
from contracts.states import Fault
from core import clock
from core.errors import Refused
from providers.models import Offering
from tests.billing.conftest import post
from tests.cast import browser_of
from tests.walk import START, Walk, dispute, give_back, ordered, pay_order, rented

Refuses = Callable[[], object]


@pytest.fixture
def failed(customer: User, offering: Offering) -> Refund:
    """A refund of everything that the customer's bank has sent back; the last news of it is still on its way."""
    walk = Walk(customer, offering)
    walk._then(lambda: pay_order(walk.contract, Outcome.REFUND_FAILS), minutes=2)
    walk.end(lambda: contracts.reject(walk.contract.pk, walk.provider, "Out of stock"), minutes=5)
    walk._then(sandbox_bank.tick, minutes=3)
    refund = walk.contract.refunds.get()
    walk._then(lambda: services.apply_refund("sandbox", refund.external_id), minutes=1)
    refund = walk.contract.refunds.get()
    assert refund.state == RefundState.FAILED
    return refund


def accepted_short(customer: User, offering: Offering, staff: User) -> Walk:
    """A rental of € 45.70 gross that staff took for a cent less."""
    walk = Walk(customer, offering)
    walk._then(lambda: pay_order(walk.contract, Outcome.WRONG_AMOUNT), minutes=2)
    payment = Payment.objects.get()
    assert payment.received_minor == payment.amount_minor - 1
    walk._then(lambda: services.accept_mismatch(payment.pk, staff), minutes=2)
    return walk


def code_of(call: Refuses) -> str:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


def owed(payment: Payment) -> int:
    return -balance(LedgerAccount.REFUND_PAYABLE, payment, payment.currency)


# A payment taken for less -------------------------------------------------------------------------------------------------------


def test_nobody_gets_back_more_than_came_in(customer: User, offering: Offering, staff: User) -> None:
    walk = accepted_short(customer, offering, staff)
    shown = refund_preview(walk.fresh(), walk.now)
    walk.end(lambda: contracts.reject(walk.contract.pk, walk.provider, "Out of stock"), minutes=5)
    refund, payment = Refund.objects.get(), Payment.objects.get()
    assert refund.amount_minor == payment.received_minor == shown.priced.gross.minor
    assert (refund.state, payment.refunded_minor) == (RefundState.SUCCEEDED, payment.received_minor)
    assert money_of(walk.fresh()).escrow == 0
    for account in (LedgerAccount.TAX_PENDING, LedgerAccount.LOSSES, LedgerAccount.REFUND_PAYABLE):
        assert balance(account, payment, payment.currency) == 0
    assert find_differences() == []


def test_a_short_payment_is_told_as_what_came(customer: User, offering: Offering, staff: User) -> None:
    walk = accepted_short(customer, offering, staff)
    receipt = Document.objects.get(kind=DocumentKind.RECEIPT)
    assert (receipt.net_minor, receipt.tax_minor, receipt.gross_minor) == (3839, 730, 4569)
    assert [line["net_minor"] for line in receipt.content["lines"]] == [3839]
    charge = walk.contract.charges.get()
    with clock.at(walk.now):
        browser = browser_of(customer)
        paid = browser.get(f"/checkout/{charge.public_id}/return").content.decode()
        rental = browser.get(f"/dashboard/rentals/{walk.contract.reference}").content.decode()
        assert find_differences() == []
    assert "€\u00a045.69 has arrived." in paid
    assert "it is €\u00a045.70; €\u00a045.69 came on 2 Mar" in rental


def test_what_a_bank_keeps_after_the_end_stands_on_the_statement(customer: User, offering: Offering) -> None:
    walk = Walk(customer, offering).running()
    walk._then(contracts.work_deadlines, days=30)
    assert walk.fresh().state == "completed"
    walk._then(lambda: sandbox_bank.decide(dispute(walk.contract).external_id, Decision.LOST), days=3)
    walk._then(lambda: services.apply_dispute("sandbox", Dispute.objects.get().external_id), minutes=1)
    with clock.at(walk.now):
        page = browser_of(customer).get(f"/dashboard/rentals/{walk.contract.reference}").content.decode()
    assert "€\u00a045.70 with VAT was taken back by your bank, and stays with you." in page


def test_a_short_payment_gives_back_its_unused_part_like_any_other(customer: User, offering: Offering, staff: User) -> None:
    walk = accepted_short(customer, offering, staff)
    walk._then(lambda: services.accept_contract(walk.contract.pk, walk.provider), minutes=5)
    walk._then(walk._deliver, minutes=5)
    walk.end(lambda: contracts.cancel(walk.contract.pk, actors.customer(customer.pk)), days=15)
    refund, payment = Refund.objects.get(), Payment.objects.get()
    assert (refund.net_minor, refund.tax_minor) == (1920, 365)
    assert balance(LedgerAccount.LOSSES, payment, payment.currency) == 1
    assert find_differences() == []


# Late news ----------------------------------------------------------------------------------------------------------------------


def test_old_news_of_a_failure_does_not_undo_what_was_paid_by_hand(failed: Refund, staff: User) -> None:
    came_from_the_bank = failed.external_id
    services.pay_refund_by_hand(failed.pk, staff, "SEPA 4711")
    services.apply_refund("sandbox", came_from_the_bank)
    paid, payment = Refund.objects.get(), Payment.objects.get()
    assert (paid.state, paid.reference) == (RefundState.SUCCEEDED, "SEPA 4711")
    assert payment.refunded_minor == payment.received_minor
    assert owed(payment) == 0
    assert find_differences() == []


def test_old_news_of_a_failure_does_not_touch_what_a_bank_has_paid(failed: Refund) -> None:
    opened = dispute(failed.contract)
    sandbox_bank.decide(opened.external_id, Decision.LOST)
    services.apply_dispute("sandbox", opened.external_id)
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    for row in SandboxRefund.objects.all():
        services.apply_refund("sandbox", row.external_id)
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    assert owed(failed.payment) == 0
    assert find_differences() == []


def test_news_of_a_dispute_may_overtake_news_of_the_payment(customer: User, offering: Offering) -> None:
    contract = ordered(customer, offering)
    payment = services.start_payment(contract.charges.get(), "sandbox")
    sandbox_bank.choose(payment.external_id, Outcome.PAID)
    opened = dispute(contract)
    assert Contract.objects.get().disputes_open == 1
    assert Payment.objects.get().state == PaymentState.SUCCEEDED
    sandbox_bank.decide(opened.external_id, Decision.WON)
    services.apply_dispute("sandbox", opened.external_id)
    post()
    assert Contract.objects.get().disputes_open == 0
    assert Dispute.objects.get().state == DisputeState.WON
    assert find_differences() == []


def test_news_of_a_dispute_may_be_the_first_of_a_second_payment(customer: User, offering: Offering) -> None:
    contract = ordered(customer, offering)
    payment = services.start_payment(contract.charges.get(), "sandbox")
    sandbox_bank.choose(payment.external_id, Outcome.TWICE)
    services.apply_payment("sandbox", payment.external_id)
    second = SandboxPayment.objects.get(payment_public_id=None)
    sandbox_bank.choose(second.external_id, Outcome.DISPUTE)
    services.apply_dispute("sandbox", second.disputes.get().external_id)
    post()
    assert Dispute.objects.get().payment.external_id == second.external_id
    assert Contract.objects.get().disputes_open == 0
    assert not StaffTask.objects.filter(key__startswith="unknown").exists()
    assert find_differences() == []


# One broken row ----------------------------------------------------------------------------------------------------------------


def test_a_charge_that_cannot_be_given_up_holds_up_no_other(customer: User, offering: Offering) -> None:
    broken, sound = (rented("unpaid", customer, offering, at=START + timedelta(minutes=number)) for number in range(2))
    with clock.at(START + timedelta(minutes=2)):
        # Of a gateway that is not there any more.
        Payment.objects.filter(pk=services.start_payment(broken.charges.get(), "sandbox").pk).update(gateway="gone")
    with clock.at(START + timedelta(hours=3)), pytest.raises(ExceptionGroup) as raised:
        services.expire_unpaid_charges()
    assert [type(error) for error in raised.value.exceptions] == [KeyError]
    states = dict(Contract.objects.values_list("pk", "state"))
    assert (states[broken.pk], states[sound.pk]) == ("requested", "expired")


# While a bank holds the money ---------------------------------------------------------------------------------------------------


def test_a_failed_refund_waits_while_the_payment_is_disputed(failed: Refund, staff: User) -> None:
    opened = dispute(failed.contract)
    assert code_of(lambda: services.retry_refund(failed.pk, staff)) == "disputed"
    assert code_of(lambda: services.pay_refund_by_hand(failed.pk, staff, "SEPA 4711")) == "disputed"
    assert Refund.objects.get().state == RefundState.FAILED
    sandbox_bank.decide(opened.external_id, Decision.LOST)
    services.apply_dispute("sandbox", opened.external_id)
    # The bank has paid it: nothing is owed, and nothing was lost.
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    assert balance(LedgerAccount.LOSSES, failed.payment, failed.currency) == 0
    assert owed(failed.payment) == 0
    assert find_differences() == []


def test_a_large_refund_is_not_let_go_while_the_payment_is_disputed(
    customer: User, offering: Offering, staff: User, settings: Settings
) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 1}
    contract = rented("rejected", customer, offering)
    refund = contract.refunds.get()
    opened = dispute(contract)
    assert code_of(lambda: services.approve_refund(refund.pk, staff)) == "disputed"
    assert contract.refunds.get().state == RefundState.AWAITING_APPROVAL
    sandbox_bank.decide(opened.external_id, Decision.LOST)
    services.apply_dispute("sandbox", opened.external_id)
    assert balance(LedgerAccount.LOSSES, refund.payment, refund.currency) == 0
    assert code_of(lambda: services.approve_refund(refund.pk, staff)) == "decided"
    assert find_differences() == []


def test_refund_and_dispute_take_their_locks_in_one_order(failed: Refund, staff: User) -> None:
    with CaptureQueriesContext(connection) as captured:
        services.pay_refund_by_hand(failed.pk, staff, "SEPA 4711")
    locked = [query["sql"].split('FROM "')[1].split('"')[0] for query in captured if "FOR UPDATE" in query["sql"]]
    assert locked == ["billing_charge", "billing_payment", "billing_refund", "contracts_contract", "billing_document"]


# Four eyes ----------------------------------------------------------------------------------------------------------------------


def test_who_ended_the_rental_does_not_let_its_large_refund_go(
    customer: User, offering: Offering, staff: User, stranger: User, settings: Settings
) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 1}
    contract = rented("active", customer, offering)
    assert contract.active_at is not None
    with clock.at(contract.active_at):
        contracts.cancel_in_full(contract.pk, actors.staff(staff.pk), "A goodwill gesture")
        give_back(contract)
    refund = contract.refunds.get()
    assert Contract.objects.get().fault == Fault.GOODWILL
    assert code_of(lambda: services.approve_refund(refund.pk, staff)) == "second_person"
    assert contract.refunds.get().state == RefundState.AWAITING_APPROVAL
    services.approve_refund(refund.pk, stranger)
    assert contract.refunds.get().approved_by == stranger
