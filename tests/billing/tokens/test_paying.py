"""What comes on a page for tokens, right and wrong in every way: paid is only what was asked for, and all else is told apart."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from billing import services
from billing.models import Charge, Document, Payment, Refund, StaffTask
from billing.proof import find_differences
from billing.states import Anomaly, PaymentState, TaskKind
from contracts import actors
from contracts import services as contracts
from contracts.states import State
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from tests.billing.tokens.conftest import booked, both_at, bring, fresh, send_again
from tests.icpay_standin import Standin

pytestmark = pytest.mark.django_db


def told(charge: Charge) -> list[str]:
    names = ("payment.succeeded", "payment.mismatched", "payment.unallocated", "payment.failed")
    events = DomainEvent.objects.filter(subject=f"contract:{charge.contract_id}", name__in=names)
    return list(events.order_by("id").values_list("name", flat=True))


def anomalies(charge: Charge) -> list[tuple[str, str]]:
    return list(charge.payments.order_by("id").values_list("state", "anomaly"))


def task_of(payment: Payment) -> StaffTask:
    return StaffTask.objects.get(payment=payment, kind=TaskKind.PAYMENT_ANOMALY, closed_at=None)


def test_what_was_asked_for_pays_the_rental(icpay: Standin, payment: Payment) -> None:
    at_icpay = icpay.account.pay(payment.external_id, "ic_icp")
    bring(icpay)
    now = fresh(payment)
    assert (now.state, now.anomaly, now.received_minor) == (PaymentState.SUCCEEDED, "", 4570)
    assert (now.external_charge_id, now.charge.contract.paid_at is not None) == (at_icpay["id"], True)
    row = now.token
    due = int(at_icpay["requestedAmount"])
    assert (row.asset, row.network, row.decimals, int(row.due_units or 0), int(row.received_units)) == ("ICP", "ic", 8, due, due)
    assert (row.transaction_id, row.sender) == (at_icpay["ledgerTxId"], "2vxsx-fae")
    assert told(now.charge) == ["payment.succeeded"]


def test_the_report_clears_it_in_tokens_and_the_ledger_is_whole(icpay: Standin, payment: Payment) -> None:
    at_icpay = icpay.account.pay(payment.external_id, "ic_cketh")
    bring(icpay)
    services.read_reports()
    units = int(at_icpay["paidAmount"])
    fee = units * 50 // 10_000
    assert units > 10**15
    assert booked(payment) == {
        ("escrow", "EUR"): -3840,
        ("fx", "EUR"): 4570,
        ("fx", "ckETH"): -units,
        ("gateway_balance", "ckETH"): units - fee,
        ("gateway_fees", "ckETH"): fee,
        ("tax_pending", "EUR"): -730,
    }
    assert find_differences() == []
    assert services.read_reports() == 0
    with clock.at(clock.now() + timedelta(days=8)):
        assert [difference for difference in find_differences() if difference.check != "bytes"] == []


@pytest.mark.parametrize(("off", "worth"), [(-1, 4569), (1, 4570), (-(10**8), None)])
def test_another_amount_is_never_paid_and_counts_by_the_frozen_price(
    off: int, worth: int | None, icpay: Standin, payment: Payment
) -> None:
    at_icpay = icpay.account.pay(payment.external_id, "ic_icp", off=off)
    bring(icpay)
    now = fresh(payment)
    due = int(at_icpay["requestedAmount"])
    by_price = 4570 * (due + off) // due
    assert worth in {None, by_price}
    assert (now.state, now.anomaly, now.received_minor) == (PaymentState.MISMATCHED, Anomaly.WRONG_AMOUNT, by_price)
    assert now.charge.contract.paid_at is None
    assert "ICP" in task_of(payment).text
    assert told(now.charge) == ["payment.mismatched"]
    assert not Document.objects.exists()
    services.read_reports()
    assert find_differences() == []


def test_a_payment_that_calls_itself_completed_with_another_amount_is_not_paid(icpay: Standin, payment: Payment) -> None:
    icpay.account.pay(payment.external_id, "ic_icp", off=-5, status="completed")
    bring(icpay)
    assert anomalies(payment.charge) == [("mismatched", "wrong_amount")]


def test_a_payment_that_icpay_calls_mismatched_is_not_paid_even_by_the_right_amount(icpay: Standin, payment: Payment) -> None:
    icpay.account.pay(payment.external_id, "ic_icp", status="mismatched")
    bring(icpay)
    assert anomalies(payment.charge) == [("mismatched", "wrong_amount")]


def test_within_the_tolerance_it_is_paid_and_a_unit_beyond_it_is_not(icpay: Standin, payment: Payment, settings: Settings) -> None:
    settings.ICPAY_TOLERANCE_UNITS = 10
    icpay.account.pay(payment.external_id, "ic_icp", off=-10)
    bring(icpay)
    assert (fresh(payment).state, fresh(payment).received_minor) == (PaymentState.SUCCEEDED, 4570)
    services.read_reports()
    assert find_differences() == []


def test_beyond_the_tolerance_it_is_not_paid(icpay: Standin, payment: Payment, settings: Settings) -> None:
    settings.ICPAY_TOLERANCE_UNITS = 10
    icpay.account.pay(payment.external_id, "ic_icp", off=11)
    bring(icpay)
    assert anomalies(payment.charge) == [("mismatched", "wrong_amount")]


def test_another_token_is_never_paid_and_staff_cannot_take_it(icpay: Standin, payment: Payment, staff: User) -> None:
    at_icpay = icpay.account.pay(payment.external_id, "ic_icp", paid_in="ic_ckusdc")
    bring(icpay)
    now = fresh(payment)
    assert (now.state, now.anomaly, now.currency) == (PaymentState.MISMATCHED, Anomaly.WRONG_ASSET, "EUR")
    assert (now.token.asset, now.token.due_units, int(now.token.received_units)) == ("ckUSDC", None, int(at_icpay["paidAmount"]))
    assert "ckUSDC" in task_of(payment).text
    with pytest.raises(Refused) as refused:
        services.accept_mismatch(payment.pk, staff)
    assert refused.value.code == "wrong_asset"
    assert fresh(payment).state == PaymentState.MISMATCHED
    services.read_reports()
    assert find_differences() == []


def test_the_same_asset_on_another_network_is_another_token(icpay: Standin, payment: Payment) -> None:
    icpay.account.pay(payment.external_id, "ic_ckusdc", paid_in="base_usdc")
    bring(icpay)
    services.read_reports()
    assert anomalies(payment.charge) == [("mismatched", "wrong_asset")]
    assert ("gateway_balance", "USDC.base") in booked(payment)
    assert find_differences() == []


def test_staff_takes_less_and_the_rest_is_our_loss(icpay: Standin, payment: Payment, staff: User) -> None:
    icpay.account.pay(payment.external_id, "ic_ckusdc", off=-1_000_000)
    bring(icpay)
    services.read_reports()
    services.accept_mismatch(payment.pk, staff)
    now = fresh(payment)
    assert (now.state, now.anomaly) == (PaymentState.SUCCEEDED, "")
    assert booked(payment)["losses", "EUR"] == 4570 - now.received_minor
    assert now.charge.contract.paid_at is not None
    assert find_differences() == []


def test_staff_takes_too_much_and_the_surplus_is_owed_back(icpay: Standin, payment: Payment, staff: User) -> None:
    icpay.account.pay(payment.external_id, "ic_ckusdc", off=10_000_000)
    bring(icpay)
    services.accept_mismatch(payment.pk, staff)
    surplus = fresh(payment).received_minor - 4570
    assert surplus > 900
    assert Refund.objects.get().amount_minor == surplus


def test_what_comes_after_the_order_expired_is_late_and_goes_back(icpay: Standin, payment: Payment) -> None:
    later = clock.now() + timedelta(hours=2)
    with both_at(icpay, later):
        services.expire_unpaid_charges()
        assert fresh(payment).state == PaymentState.EXPIRED
        icpay.account.pay(payment.external_id, "ic_icp")
        bring(icpay)
        now = fresh(payment)
        assert (now.state, now.anomaly) == (PaymentState.SUCCEEDED, Anomaly.LATE)
        assert now.charge.contract.state == State.EXPIRED
        assert task_of(payment)
        assert told(now.charge) == ["payment.unallocated"]
        assert Refund.objects.get().amount_minor == 4570
        services.read_reports()
        assert find_differences() == []


def test_money_that_nobody_told_us_of_is_found_in_the_report_long_after_the_page_was_given_up(
    icpay: Standin, payment: Payment
) -> None:
    with both_at(icpay, clock.now() + timedelta(hours=2)):
        services.expire_unpaid_charges()
    with both_at(icpay, clock.now() + timedelta(days=20)):
        icpay.account.pay(payment.external_id, "ic_icp")
        services.reread_payments()
        assert fresh(payment).state == PaymentState.EXPIRED
        services.read_reports()
        assert fresh(payment).anomaly == Anomaly.LATE
        assert find_differences() == []


def test_what_comes_for_an_order_that_ended_another_way_is_not_paid(icpay: Standin, payment: Payment, customer: User) -> None:
    contracts.cancel(payment.charge.contract_id, actors.customer(customer.pk))
    icpay.account.pay(payment.external_id, "ic_icp")
    bring(icpay)
    assert fresh(payment).anomaly in {Anomaly.LATE, Anomaly.PAID_AFTER_EXPIRY}
    assert fresh(payment).charge.contract.paid_at is None
    assert Refund.objects.get().amount_minor == 4570


def test_a_second_payment_on_the_same_page_gets_a_row_of_its_own_and_goes_back(icpay: Standin, payment: Payment) -> None:
    first = icpay.account.pay(payment.external_id, "ic_icp")
    second = icpay.account.pay(payment.external_id, "ic_icp")
    bring(icpay)
    services.read_reports()
    besides = Payment.objects.exclude(pk=payment.pk).get()
    # Whichever is heard of first pays.
    assert {fresh(payment).external_charge_id, besides.external_charge_id} == {first["id"], second["id"]}
    assert (besides.external_id, besides.state) == (besides.external_charge_id, PaymentState.SUCCEEDED)
    assert besides.anomaly == Anomaly.PAID_TWICE
    assert task_of(besides)
    assert find_differences() == []
    for event in icpay.account.events:
        assert send_again(event)
    bring(icpay)
    assert Payment.objects.count() == 2


def test_an_amount_that_was_too_small_may_be_followed_by_the_right_one(icpay: Standin, payment: Payment) -> None:
    icpay.account.pay(payment.external_id, "ic_icp", off=-7)
    icpay.account.pay(payment.external_id, "ic_icp")
    bring(icpay)
    services.read_reports()
    assert sorted(anomalies(payment.charge)) == [("mismatched", "wrong_amount"), ("succeeded", "")]
    assert fresh(payment).charge.contract.paid_at is not None
    assert find_differences() == []


def test_a_try_that_failed_leaves_the_page_open_for_the_next(icpay: Standin, payment: Payment) -> None:
    icpay.account.fail(icpay.account.begin(payment.external_id)["id"])
    bring(icpay)
    assert fresh(payment).state == PaymentState.FAILED
    icpay.account.pay(payment.external_id)
    bring(icpay)
    assert anomalies(payment.charge) == [("succeeded", "")]


def test_news_of_a_failed_try_changes_nothing_of_what_is_paid(icpay: Standin, payment: Payment) -> None:
    failed = icpay.account.begin(payment.external_id)
    icpay.account.pay(payment.external_id)
    bring(icpay)
    icpay.account.fail(failed["id"])
    bring(icpay)
    assert anomalies(payment.charge) == [("succeeded", "")]
    assert fresh(payment).external_charge_id != failed["id"]


def test_a_transaction_on_its_way_holds_the_order_open(icpay: Standin, payment: Payment) -> None:
    sent = icpay.account.begin(payment.external_id)
    bring(icpay)
    assert fresh(payment).state == PaymentState.PROCESSING
    with both_at(icpay, clock.now() + timedelta(hours=2)):
        services.expire_unpaid_charges()
        assert fresh(payment).charge.contract.state == State.REQUESTED
        icpay.account.finish(sent["id"])
        bring(icpay)
    assert anomalies(payment.charge) == [("succeeded", "")]


def marks(page: Payment) -> dict[str, str]:
    charge = page.charge
    return {"contract_id": charge.contract.reference, "charge": str(charge.public_id), "payment": str(page.public_id)}


def test_an_intent_that_somebody_made_in_our_name_pays_for_nothing(icpay: Standin, payment: Payment) -> None:
    """With the publishable key, which everybody may know, and all that our own page shows."""
    forged = icpay.account.create_intent({"amount": "1", "tokenShortcode": "ic_icp", "metadata": marks(payment)})
    bring(icpay)
    assert Payment.objects.count() == 1
    icpay.account.pay(forged["id"])
    bring(icpay)
    services.read_reports()
    assert fresh(payment).state == PaymentState.PENDING
    odd = Payment.objects.exclude(pk=payment.pk).get()
    assert (odd.external_id, odd.state, odd.anomaly, odd.received_minor) == (forged["id"], "mismatched", Anomaly.UNMARKED, 1)
    assert fresh(payment).charge.contract.paid_at is None
    assert task_of(odd)
    assert find_differences() == []


@pytest.mark.parametrize("name", ["contract_id", "charge", "payment"])
def test_our_own_page_with_the_marks_of_another_order_is_not_paid(name: str, icpay: Standin, payment: Payment) -> None:
    others = "DC-OTHER" if name == "contract_id" else "9b7ad6b6-8d24-4b0c-a0a5-4ab0b3ef9a9d"
    icpay.account.intents[payment.external_id]["metadata"] = {**marks(payment), name: others}
    at_icpay = icpay.account.pay(payment.external_id)
    bring(icpay)
    services.apply_payment("icpay", at_icpay["id"])
    assert anomalies(payment.charge) == [("mismatched", "unmarked")]


def test_the_contract_may_be_named_in_icpay_s_other_way(icpay: Standin, payment: Payment) -> None:
    metadata = icpay.account.intents[payment.external_id]["metadata"]
    metadata["contractId"] = metadata.pop("contract_id")
    icpay.account.pay(payment.external_id)
    bring(icpay)
    assert anomalies(payment.charge) == [("succeeded", "")]


def test_a_payment_that_belongs_to_nobody_is_filed_and_books_nothing(icpay: Standin, payment: Payment) -> None:
    foreign = icpay.account.create_intent({"amount": "900", "tokenShortcode": "ic_icp", "metadata": {}})
    icpay.account.pay(foreign["id"])
    bring(icpay)
    assert StaffTask.objects.get(kind=TaskKind.UNKNOWN_PAYMENT).text.startswith("ICPay reports")
    assert Payment.objects.count() == 1
    assert booked(payment) == {}


def test_money_that_was_given_back_at_icpay_before_we_heard_of_it_is_booked_as_it_came(icpay: Standin, payment: Payment) -> None:
    at_icpay = icpay.account.pay(payment.external_id)
    icpay.account.refund(at_icpay["id"])
    services.apply_payment("icpay", payment.external_id)
    assert fresh(payment).received_minor == 4570
