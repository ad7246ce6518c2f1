"""Tokens that come back: how many, by whom, where to, once; and the ledger agrees after every step."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import Account, User
from billing import services
from billing.models import Document, Payment, Refund, StaffTask
from billing.proof import find_differences
from billing.states import Anomaly, DocumentKind, PaymentState, RefundKind, RefundState, TaskKind
from contracts import actors
from core import clock
from core.errors import Refused
from core.tasks import drain
from tests.billing.test_refund_addresses import ACCOUNT_ID, OTHER, PRINCIPAL, confirmed
from tests.billing.tokens.conftest import booked, both_at, bring, end, fresh, goodwill, read, sent
from tests.icpay_standin import Standin

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def agrees() -> Iterator[None]:
    """Whatever a test did, the whole ledger agrees at its end."""
    yield
    assert [found for found in find_differences() if found.check != "bytes"] == []


def test_without_a_token_a_refund_is_a_task_for_staff(paid: Payment, address: str, staff: User) -> None:
    refund = end(paid)
    assert (refund.state, refund.token_units) == (RefundState.MANUAL, paid.token.received_units)
    task = StaffTask.objects.get(kind=TaskKind.REFUND_IN_TOKENS, closed_at=None)
    assert "ICP" in task.text
    assert paid.charge.gross.minor == refund.amount_minor
    sent(refund, staff, " block-4711 ", "0.0001")
    drain()
    done = read(refund)
    assert (done.state, done.reference, done.paid_by, done.approved_by) == (RefundState.SUCCEEDED, "ICP:block-4711", staff, None)
    assert done.payment.refunded_minor == 4570
    task.refresh_from_db()
    assert task.closed_at is not None
    units = int(paid.token.received_units)
    fee_of_payment = units * 50 // 10_000
    assert booked(paid) == {
        ("gateway_balance", "ICP"): -fee_of_payment - 10_000,
        ("gateway_fees", "ICP"): fee_of_payment + 10_000,
    }
    assert any("ICP:block-4711" in str(letter.body) for letter in mail.outbox)


def test_parts_go_back_by_running_totals_and_the_last_one_brings_the_last_unit(paid: Payment, address: str, staff: User) -> None:
    units = int(paid.token.received_units)
    refunds = [goodwill(paid, gross, staff) for gross in (1, 999, 3_569, 1)]
    given, gross = 0, 0
    for number, refund in enumerate(refunds):
        gross += refund.amount_minor
        assert given + int(refund.token_units or 0) == units * gross // 4570
        given += int(refund.token_units or 0)
        sent(refund, staff, f"block-{number}")
        drain()
        assert [found for found in find_differences() if found.check != "bytes"] == []
    assert (gross, given) == (4570, units)
    assert fresh(paid).refunded_minor == 4570


def test_the_customer_is_asked_for_an_address_and_nothing_is_paid_before(
    paid: Payment, customer_account: Account, customer: User, staff: User
) -> None:
    refund = end(paid)
    asked = [letter for letter in mail.outbox if "Where is" in letter.subject]
    assert len(asked) == 1
    assert "/dashboard/refund-addresses?network=ic" in str(asked[0].body)
    before = booked(paid)
    with pytest.raises(Refused) as refused:
        sent(refund, staff, "block-1")
    assert refused.value.code == "no_address"
    assert (read(refund).state, booked(paid)) == (RefundState.MANUAL, before)
    confirmed(customer_account, customer)
    sent(refund, staff, "block-1")
    assert read(refund).state == RefundState.SUCCEEDED


def test_nothing_is_sent_within_a_day_of_a_change(
    paid: Payment, icpay: Standin, customer_account: Account, customer: User, address: str, staff: User
) -> None:
    refund = end(paid)
    confirmed(customer_account, customer, OTHER)
    with pytest.raises(Refused) as refused:
        sent(refund, staff, "block-1")
    assert refused.value.code == "address_held"
    assert read(refund).state == RefundState.MANUAL
    with both_at(icpay, clock.now() + timedelta(hours=24)):
        sent(refund, staff, "block-1")
    assert read(refund).state == RefundState.SUCCEEDED


def test_an_account_id_is_no_address_for_another_token(
    icpay: Standin, payment: Payment, customer_account: Account, customer: User, staff: User
) -> None:
    icpay.account.pay(payment.external_id, "ic_ckusdc")
    bring(icpay)
    confirmed(customer_account, customer, ACCOUNT_ID)
    refund = end(fresh(payment))
    with pytest.raises(Refused) as refused:
        sent(refund, staff, "block-1")
    assert refused.value.code == "no_address"
    confirmed(customer_account, customer, PRINCIPAL)
    assert read(refund).state == RefundState.MANUAL


def test_a_transaction_pays_one_refund(paid: Payment, address: str, staff: User) -> None:
    first, second = goodwill(paid, 100, staff), goodwill(paid, 200, staff)
    sent(first, staff, "block-1")
    before = booked(paid)
    with pytest.raises(Refused) as refused:
        sent(second, staff, "block-1")
    assert (refused.value.code, refused.value.field) == ("reference_used", "reference")
    assert (read(second).state, read(second).reference, booked(paid)) == (RefundState.MANUAL, "", before)
    with pytest.raises(Refused) as refused:
        sent(first, staff, "block-2")
    assert refused.value.code == "decided"
    assert read(first).reference == "ICP:block-1"


@pytest.mark.parametrize(
    ("reference", "fee", "code"),
    [
        ("", "", "required"),
        ("x" * 81, "", "too_long"),
        ("block", "a lot", "bad_amount"),
        ("block", "-1", "bad_amount"),
        ("block", "0.000000001", "bad_amount"),
        ("block", "NaN", "bad_amount"),
        ("block", "1e400", "bad_amount"),
        ("block", "1000000", "bad_amount"),
    ],
)
def test_what_cannot_be_is_refused(reference: str, fee: str, code: str, paid: Payment, address: str, staff: User) -> None:
    refund = end(paid)
    before = booked(paid)
    with pytest.raises(Refused) as refused:
        sent(refund, staff, reference, fee)
    assert refused.value.code == code
    assert (read(refund).state, booked(paid)) == (RefundState.MANUAL, before)


def test_tokens_are_not_paid_from_the_bank(paid: Payment, address: str, staff: User) -> None:
    refund = end(paid)
    with pytest.raises(Refused) as refused:
        services.pay_refund_by_hand(refund.pk, staff, "SEPA 1")
    assert refused.value.code == "decided"
    assert read(refund).state == RefundState.MANUAL


def test_a_full_refund_goes_back_by_itself_where_a_token_is_set(icpay: Standin, by_itself: None, paid: Payment) -> None:
    refund = end(paid)
    assert (refund.state, refund.external_id) == (RefundState.SUBMITTED, paid.external_charge_id)
    assert icpay.api.asked(f"POST /user/payments/{paid.external_charge_id}/refund") == 2
    services.sweep_refunds()
    assert read(refund).state == RefundState.SUBMITTED
    icpay.account.refund(paid.external_charge_id)
    bring(icpay)
    done = read(refund)
    assert (done.state, done.payment.refunded_minor, done.reference) == (RefundState.SUCCEEDED, 4570, "")
    units = int(paid.token.received_units)
    fee = units * 50 // 10_000
    assert booked(paid) == {("gateway_balance", "ICP"): -fee, ("gateway_fees", "ICP"): fee}
    with clock.at(clock.now() + timedelta(days=8)):
        assert [found for found in find_differences() if found.check != "bytes"] == []


def test_news_that_got_lost_is_read_again(icpay: Standin, by_itself: None, paid: Payment) -> None:
    refund = end(paid)
    icpay.account.refund(paid.external_charge_id)
    with both_at(icpay, clock.now() + timedelta(minutes=6)):
        services.sweep_refunds()
        assert read(refund).state == RefundState.SUCCEEDED
    bring(icpay)
    assert Refund.objects.count() == 1
    assert read(refund).payment.refunded_minor == 4570


@pytest.mark.parametrize("was_done_meanwhile", [True, False])
def test_a_lost_answer_asks_for_nothing_twice(was_done_meanwhile: bool, icpay: Standin, by_itself: None, paid: Payment) -> None:
    # The look before goes through, and the refund is taken; its answer is lost.
    icpay.api.drops[f"POST /user/payments/{paid.external_charge_id}/refund?"] = 1
    refund = end(paid)
    assert (refund.state, refund.attempts) == (RefundState.SUBMITTING, 1)
    assert icpay.account.refunding == [paid.external_charge_id]
    if was_done_meanwhile:
        icpay.account.refund(paid.external_charge_id)
    with both_at(icpay, clock.now() + timedelta(minutes=6)):
        services.sweep_refunds()
    assert icpay.account.refunding == [paid.external_charge_id]
    assert read(refund).state == (RefundState.SUCCEEDED if was_done_meanwhile else RefundState.SUBMITTED)
    icpay.account.refund(paid.external_charge_id)
    bring(icpay)
    assert (read(refund).state, Refund.objects.count()) == (RefundState.SUCCEEDED, 1)


def test_a_refusal_after_a_lost_answer_is_not_paid_by_a_person_as_well(
    icpay: Standin, by_itself: None, paid: Payment, address: str, staff: User
) -> None:
    path = f"POST /user/payments/{paid.external_charge_id}"
    icpay.api.drops[f"{path}/refund?"] = 1
    refund = end(paid)
    assert icpay.account.refunding == [paid.external_charge_id]
    # It is under way there, and only the second request itself is told so.
    icpay.api.failures[f"{path}/refund?"] = [400]
    icpay.account.refunding.clear()
    with both_at(icpay, clock.now() + timedelta(minutes=6)):
        services.sweep_refunds()
    assert read(refund).state == RefundState.SUBMITTED
    with pytest.raises(Refused):
        sent(refund, staff, "block-9")
    icpay.account.refund(paid.external_charge_id)
    bring(icpay)
    assert (read(refund).state, read(refund).payment.refunded_minor) == (RefundState.SUCCEEDED, 4570)


def test_a_question_that_never_arrived_is_asked_again(icpay: Standin, by_itself: None, paid: Payment) -> None:
    icpay.api.failures["POST /user/"] = [503]
    refund = end(paid)
    assert (refund.state, icpay.account.refunding) == (RefundState.SUBMITTING, [])
    with both_at(icpay, clock.now() + timedelta(minutes=6)):
        services.sweep_refunds()
    assert (read(refund).state, icpay.account.refunding) == (RefundState.SUBMITTED, [paid.external_charge_id])


def test_a_part_goes_by_hand_even_with_a_token(icpay: Standin, by_itself: None, paid: Payment, staff: User) -> None:
    refund = goodwill(paid, 1000, staff)
    assert refund.state == RefundState.MANUAL
    assert icpay.api.asked("POST /user/") == 0


def test_what_icpay_cannot_give_back_a_person_does(
    icpay: Standin, by_itself: None, paid: Payment, address: str, staff: User
) -> None:
    icpay.account.broke = True
    refund = end(paid)
    assert (refund.state, icpay.account.refunding) == (RefundState.FAILED, [])
    sent(refund, staff, "block-9")
    assert read(refund).state == RefundState.SUCCEEDED


def test_staff_may_send_a_failed_one_again(icpay: Standin, by_itself: None, paid: Payment, staff: User) -> None:
    icpay.account.broke = True
    refund = end(paid)
    icpay.account.broke = False
    services.retry_refund(refund.pk, staff)
    assert (read(refund).state, icpay.account.refunding) == (RefundState.SUBMITTED, [paid.external_charge_id])


def test_one_that_icpay_sits_on_is_a_task(icpay: Standin, by_itself: None, paid: Payment) -> None:
    refund = end(paid)
    with both_at(icpay, clock.now() + timedelta(hours=25)):
        services.sweep_refunds()
    task = StaffTask.objects.get(kind=TaskKind.REFUND_IN_TOKENS)
    assert "look there" in task.text
    icpay.account.refund(paid.external_charge_id)
    bring(icpay)
    task.refresh_from_db()
    assert (read(refund).state, task.closed_at is None) == (RefundState.SUCCEEDED, False)


def test_a_handed_over_refund_made_in_icpays_dashboard_is_that_one(icpay: Standin, paid: Payment) -> None:
    refund = end(paid)
    assert refund.state == RefundState.MANUAL
    icpay.account.refund(paid.external_charge_id)
    bring(icpay)
    done = read(refund)
    assert (done.state, done.external_id, Refund.objects.count()) == (RefundState.SUCCEEDED, paid.external_charge_id, 1)


def test_a_refund_in_the_dashboard_that_nobody_decided_is_imported(icpay: Standin, paid: Payment) -> None:
    icpay.account.refund(paid.external_charge_id)
    bring(icpay)
    refund = Refund.objects.get()
    assert (refund.kind, refund.state, refund.amount_minor) == (RefundKind.IMPORTED, RefundState.SUCCEEDED, 4570)
    assert refund.token_units == paid.token.received_units


def test_a_wrong_amount_goes_back_whole(icpay: Standin, payment: Payment, address: str, staff: User) -> None:
    icpay.account.pay(payment.external_id, "ic_icp", off=-12_345)
    bring(icpay)
    odd = fresh(payment)
    assert (odd.state, odd.anomaly) == (PaymentState.MISMATCHED, Anomaly.WRONG_AMOUNT)
    services.return_mismatch(odd.pk, staff)
    drain()
    services.read_reports()
    refund = Refund.objects.get()
    assert (refund.kind, refund.state, refund.token_units) == (RefundKind.RETURN, RefundState.MANUAL, odd.token.received_units)
    sent(refund, staff, "block-7")
    assert read(refund).state == RefundState.SUCCEEDED


def test_an_invoiced_rental_gets_its_credit_note(icpay: Standin, paid: Payment, address: str, staff: User) -> None:
    provider = actors.provider(paid.charge.contract.provider.account.memberships.get(role="owner").user_id)
    services.accept_contract(paid.charge.contract_id, provider)
    refund = end(paid)
    sent(refund, staff, "block-1")
    note = Document.objects.get(kind=DocumentKind.CREDIT_NOTE)
    assert (note.refund_id, note.gross_minor) == (refund.pk, 4570)


def test_a_large_one_waits_for_a_second_person_and_then_for_the_tokens(
    settings: Settings, paid: Payment, address: str, staff: User
) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 100}
    refund = end(paid)
    assert refund.state == RefundState.AWAITING_APPROVAL
    services.approve_refund(refund.pk, staff)
    assert read(refund).state == RefundState.MANUAL
    sent(refund, staff, "block-1")
    assert read(refund).state == RefundState.SUCCEEDED
