"""ICPay says that something came and not how much: no amount is guessed, staff looks, and once it is told it is booked as it is."""

from datetime import timedelta

import pytest

from accounts.models import User
from billing import services
from billing.gateways import gateway
from billing.models import LedgerEntry, Payment, StaffTask
from billing.proof import find_differences
from billing.states import Anomaly, PaymentState
from core import clock
from core.tasks import drain
from providers.models import Offering
from tests.billing.tokens.conftest import bring, fresh
from tests.billing.tokens.test_reports import lines
from tests.icpay_standin import Standin
from tests.walk import ordered

pytestmark = pytest.mark.django_db

SOON = timedelta(minutes=6)


def paid_somehow(icpay: Standin, page: str) -> dict[str, str | None]:
    """Something has come on a page, and ICPay keeps how much to itself."""
    row = icpay.account.pay(page, off=-7)
    row["paidAmount"] = None
    icpay.account.transactions[row["transactionId"]]["amount"] = None
    for event in icpay.account.events:
        if event["data"]["object"]["id"] == row["id"]:
            event["data"]["object"]["paidAmount"] = None
    return row


def test_nothing_is_booked_and_staff_is_told_once(icpay: Standin, payment: Payment) -> None:
    row = paid_somehow(icpay, payment.external_id)
    bring(icpay)
    for _time in range(3):
        services.apply_payment("icpay", payment.external_id)
        services.read_reports()
    now = fresh(payment)
    assert (now.state, now.anomaly, now.received_minor, int(now.token.received_units)) == (PaymentState.PROCESSING, "", 0, 0)
    assert not LedgerEntry.objects.exists()
    task = StaffTask.objects.get()
    assert str(row["id"]) in task.text
    assert (task.payment, task.closed_at) == (payment, None)
    assert find_differences() == []


def test_once_it_is_told_it_is_booked_as_it_is(icpay: Standin, payment: Payment) -> None:
    row = paid_somehow(icpay, payment.external_id)
    bring(icpay)
    row["paidAmount"] = "1000"
    with clock.at(clock.now() + SOON):
        services.reread_payments()
    now = fresh(payment)
    assert (now.state, now.anomaly, int(now.token.received_units)) == (PaymentState.MISMATCHED, Anomaly.WRONG_AMOUNT, 1000)
    assert StaffTask.objects.get(key=f"untold:icpay:{row['id']}").closed_at is not None
    assert StaffTask.objects.get(closed_at=None).key == f"payment:{payment.pk}"
    services.read_reports()
    assert find_differences() == []


def test_what_was_given_back_unsaid_leaves_nothing_and_the_order_can_be_paid(icpay: Standin, payment: Payment) -> None:
    row = paid_somehow(icpay, payment.external_id)
    bring(icpay)
    row["status"] = "refunded"
    services.apply_payment("icpay", payment.external_id)
    assert fresh(payment).state == PaymentState.FAILED
    assert not StaffTask.objects.filter(closed_at=None).exists()
    again = services.start_payment(payment.charge, "icpay")
    icpay.account.pay(again.external_id)
    bring(icpay)
    assert fresh(again).state == PaymentState.SUCCEEDED
    services.read_reports()
    assert find_differences() == []


def test_on_a_page_that_we_do_not_know_it_is_told_too_and_makes_no_row(icpay: Standin, payment: Payment) -> None:
    stranger = icpay.account.create_intent({"amount": "900", "tokenShortcode": "ic_icp", "metadata": {}})
    row = paid_somehow(icpay, stranger["id"])
    bring(icpay)
    assert str(row["id"]) in StaffTask.objects.get().text
    assert Payment.objects.get() == payment
    assert not LedgerEntry.objects.exists()


def test_in_the_history_the_transaction_says_it_and_one_that_does_not_holds_up_no_other(
    icpay: Standin, payment: Payment, customer: User, offering: Offering
) -> None:
    other = services.start_payment(ordered(customer, offering).charges.get(), "icpay")
    silent = paid_somehow(icpay, payment.external_id)
    icpay.account.pay(other.external_id)
    drain()
    assert [source for source, _units in lines(icpay)] == [icpay.account.history()[-1]["id"]]
    icpay.account.transactions[str(silent["transactionId"])]["amount"] = "990"
    assert (silent["id"], 990) in lines(icpay)
    assert gateway("icpay").read(str(silent["id"])).token is not None


def test_a_page_that_was_given_up_meanwhile_is_booked_as_late(icpay: Standin, payment: Payment) -> None:
    row = paid_somehow(icpay, payment.external_id)
    Payment.objects.filter(pk=payment.pk).update(state=PaymentState.EXPIRED)
    bring(icpay)
    assert (fresh(payment).state, StaffTask.objects.get().closed_at) == (PaymentState.EXPIRED, None)
    row["paidAmount"] = "1000"
    services.read_reports()
    assert (fresh(payment).state, fresh(payment).anomaly) == (PaymentState.MISMATCHED, Anomaly.WRONG_AMOUNT)
    assert find_differences() == []
