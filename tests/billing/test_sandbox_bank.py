"""The pretend bank: what it can be told, what it answers, and that asking twice changes nothing."""

from datetime import timedelta
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.gateway_facts import DisputeStatus, GatewayError, PaymentStatus, RefundStatus
from billing.gateways import gateway, offered_gateways
from billing.models import (
    Charge,
    Dispute,
    Payment,
    Refund,
    SandboxDispute,
    SandboxMessage,
    SandboxPayment,
    SandboxRefund,
    StaffTask,
)
from billing.proof import find_differences
from billing.sandbox_messages import MessageKind
from billing.sandbox_outcomes import AFTERWARDS, AT_CHECKOUT, Decision, Outcome, possible_decisions, possible_outcomes
from billing.states import Anomaly, DisputeState, PaymentState, RefundState
from contracts import services as contracts
from contracts.actors import Actor
from contracts.states import ActorKind, State
from core import clock
from core.errors import Refused
from tests.billing.conftest import Says, post

pytestmark = pytest.mark.django_db


def kinds() -> list[str]:
    return list(SandboxMessage.objects.order_by("pk").values_list("kind", flat=True))


# --- Starting -----------------------------------------------------------------------------------------------------------------


def test_starting_twice_opens_one_page(charge: Charge, payment: Payment, bank_page: SandboxPayment) -> None:
    started = gateway("sandbox").start(payment)
    assert started.external_id == bank_page.external_id == payment.external_id
    assert started.url == payment.checkout_url == f"/sandbox/{payment.public_id}"
    assert SandboxPayment.objects.count() == 1


def test_a_key_that_stood_for_another_amount_is_refused(payment: Payment, bank_page: SandboxPayment) -> None:
    payment.amount_minor += 1
    with pytest.raises(GatewayError) as error:
        gateway("sandbox").start(payment)
    assert error.value.permanent
    bank_page.refresh_from_db()
    assert bank_page.amount_minor == 13709


@pytest.mark.parametrize("off", [{"SANDBOX_ENABLED": False}, {"SANDBOX_WEBHOOK_SECRETS": []}])
def test_where_it_is_switched_off_nothing_can_be_paid_with_it(off: dict[str, object], charge: Charge, settings: Settings) -> None:
    for name, value in off.items():
        setattr(settings, name, value)
    assert offered_gateways() == []
    with pytest.raises(Refused):
        services.start_payment(charge, "sandbox")
    with pytest.raises(GatewayError):
        gateway("sandbox").read("sbx_pay_1")
    assert not SandboxPayment.objects.exists()
    assert sandbox_bank.tick() == 0


@pytest.mark.parametrize("call", ["read", "expire", "read_refund", "read_dispute"])
def test_what_it_does_not_know_is_a_permanent_error(call: str) -> None:
    with pytest.raises(GatewayError) as error:
        getattr(gateway("sandbox"), call)("nobody")
    assert error.value.permanent


# --- What it says at the checkout ---------------------------------------------------------------------------------------------


def test_paid_is_booked_once_and_sums_up(bank_says: Says, charge: Charge, payment: Payment) -> None:
    bank_says(Outcome.PAID)
    payment.refresh_from_db()
    charge.refresh_from_db()
    assert (payment.state, payment.received_minor, payment.anomaly) == (PaymentState.SUCCEEDED, 13709, "")
    assert charge.paid_at is not None
    assert find_differences() == []


def test_declined_leaves_the_page_open_for_another_try(bank_says: Says, payment: Payment, bank_page: SandboxPayment) -> None:
    bank_says(Outcome.DECLINED)
    payment.refresh_from_db()
    assert payment.state == PaymentState.FAILED
    bank_page.refresh_from_db()
    assert possible_outcomes(bank_page, clock.now()) == AT_CHECKOUT
    bank_says(Outcome.PAID)
    payment.refresh_from_db()
    assert payment.state == PaymentState.SUCCEEDED


def test_one_unit_too_little_is_never_paid(bank_says: Says, charge: Charge, payment: Payment) -> None:
    bank_says(Outcome.WRONG_AMOUNT)
    payment.refresh_from_db()
    charge.refresh_from_db()
    assert (payment.state, payment.received_minor, payment.anomaly) == (PaymentState.MISMATCHED, 13708, Anomaly.WRONG_AMOUNT)
    assert charge.paid_at is None
    assert find_differences() == []


def test_the_smallest_difference_of_a_currency_is_its_step(payment: Payment) -> None:
    kwd = sandbox_bank.open_page(
        key=uuid4(),
        charge_id=payment.charge.public_id,
        amount_minor=5_000,
        currency_code="KWD",
        subject="KWD moves in steps of 10",
        deadline_at=clock.now() + timedelta(hours=1),
        expires_at=clock.now() + timedelta(hours=1),
    )
    assert sandbox_bank.choose(kwd.external_id, Outcome.WRONG_AMOUNT).received_minor == 4_990


def test_paid_twice_pays_once_and_sends_the_second_back(bank_says: Says, charge: Charge, payment: Payment) -> None:
    bank_says(Outcome.TWICE)
    first, second = Payment.objects.order_by("pk")
    assert (first.pk, first.state, first.anomaly) == (payment.pk, PaymentState.SUCCEEDED, "")
    assert (second.state, second.anomaly, second.received_minor) == (PaymentState.SUCCEEDED, Anomaly.PAID_TWICE, 13709)
    assert SandboxMessage.objects.get(object_id=first.external_id).delivered == 2
    (task,) = StaffTask.objects.filter(payment=second)
    assert task.closed_at is None
    services.send_refund(Refund.objects.get(payment=second).pk)
    sandbox_bank.tick()
    post()
    assert Refund.objects.get(payment=second).state == RefundState.SUCCEEDED
    task.refresh_from_db()
    # Nothing is left that a person could decide.
    assert (task.closed_at is not None, task.closed_by) == (True, None)
    assert find_differences() == []


def test_late_money_comes_although_the_page_was_closed_and_goes_back(bank_says: Says, charge: Charge, payment: Payment) -> None:
    bank_says(Outcome.LATE)
    payment.refresh_from_db()
    assert payment.state == PaymentState.PENDING
    charge.refresh_from_db()
    with clock.at(charge.expires_at):
        assert services.expire_unpaid_charges() == 1
        payment.refresh_from_db()
        assert payment.state == PaymentState.EXPIRED
    with clock.at(charge.expires_at + timedelta(seconds=59)):
        assert sandbox_bank.tick() == 0
    with clock.at(charge.expires_at + timedelta(seconds=61)):
        assert sandbox_bank.tick() == 1
        post()
        payment.refresh_from_db()
        assert (payment.state, payment.anomaly) == (PaymentState.SUCCEEDED, Anomaly.LATE)
        assert Refund.objects.get(payment=payment).amount_minor == 13709
        assert find_differences() == []


def test_a_slow_payment_is_on_its_way_first(bank_says: Says, charge: Charge, payment: Payment) -> None:
    bank_says(Outcome.SLOW)
    payment.refresh_from_db()
    assert payment.state == PaymentState.PROCESSING
    charge.contract.refresh_from_db()
    assert charge.contract.payment_processing
    with clock.at(clock.now() + timedelta(seconds=61)):
        sandbox_bank.tick()
        post()
    payment.refresh_from_db()
    assert payment.state == PaymentState.SUCCEEDED


@pytest.mark.parametrize("outcome", AFTERWARDS)
def test_what_is_not_paid_cannot_be_disputed(outcome: Outcome, bank_page: SandboxPayment) -> None:
    with pytest.raises(Refused):
        sandbox_bank.choose(bank_page.external_id, outcome)
    assert not SandboxDispute.objects.exists()
    assert kinds() == []


@pytest.mark.parametrize("outcome", AT_CHECKOUT)
def test_a_second_tab_cannot_pay_what_is_paid(outcome: Outcome, bank_page: SandboxPayment) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    with pytest.raises(Refused):
        sandbox_bank.choose(bank_page.external_id, outcome)
    bank_page.refresh_from_db()
    assert (bank_page.status, bank_page.received_minor, kinds()) == (
        PaymentStatus.SUCCEEDED,
        13709,
        [MessageKind.PAYMENT_SUCCEEDED],
    )


def test_nobody_can_pay_on_a_page_whose_time_is_over(bank_page: SandboxPayment) -> None:
    with clock.at(bank_page.expires_at), pytest.raises(Refused):
        sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    bank_page.refresh_from_db()
    assert bank_page.received_minor == 0


def test_the_tick_closes_pages_that_nobody_paid_on(bank_page: SandboxPayment, payment: Payment) -> None:
    with clock.at(bank_page.expires_at):
        assert sandbox_bank.tick() == 1
        assert sandbox_bank.tick() == 0
        post()
    payment.refresh_from_db()
    assert payment.state == PaymentState.EXPIRED


def test_closing_a_paid_page_leaves_it_paid(bank_page: SandboxPayment) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    assert gateway("sandbox").expire(bank_page.external_id).status == PaymentStatus.SUCCEEDED


def test_closing_twice_says_it_once(bank_page: SandboxPayment) -> None:
    assert gateway("sandbox").expire(bank_page.external_id).status == PaymentStatus.EXPIRED
    assert gateway("sandbox").expire(bank_page.external_id).status == PaymentStatus.EXPIRED
    assert kinds() == [MessageKind.PAYMENT_EXPIRED]


# --- Refunds ------------------------------------------------------------------------------------------------------------------


def test_a_refund_is_pending_first_and_done_on_the_next_tick(bank_page: SandboxPayment) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    key = uuid4()
    first = sandbox_bank.give_back(bank_page.external_id, key=key, amount_minor=1000)
    again = sandbox_bank.give_back(bank_page.external_id, key=key, amount_minor=1000)
    assert (first.pk, first.status) == (again.pk, RefundStatus.PENDING)
    assert sandbox_bank.tick() == 1
    assert sandbox_bank.tick() == 0
    assert sandbox_bank.read_refund(first.external_id).status == RefundStatus.SUCCEEDED


@pytest.mark.parametrize("amount", [0, -1, 12_710, 10**12])
def test_more_than_is_left_is_never_refunded(amount: int, bank_page: SandboxPayment) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    sandbox_bank.give_back(bank_page.external_id, key=uuid4(), amount_minor=1000)
    with pytest.raises(GatewayError):
        sandbox_bank.give_back(bank_page.external_id, key=uuid4(), amount_minor=amount)
    assert SandboxRefund.objects.count() == 1


def test_disputed_money_is_not_refunded(bank_page: SandboxPayment) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    sandbox_bank.choose(bank_page.external_id, Outcome.DISPUTE)
    with pytest.raises(GatewayError):
        sandbox_bank.give_back(bank_page.external_id, key=uuid4(), amount_minor=1)
    assert not SandboxRefund.objects.exists()


def test_a_refund_that_comes_back_is_owed_again_and_can_be_sent_once_more(
    bank_says: Says, charge: Charge, payment: Payment, staff: User
) -> None:
    bank_says(Outcome.REFUND_FAILS)
    contracts.cancel(charge.contract_id, Actor(ActorKind.CUSTOMER, charge.contract.ordered_by_id))
    (refund,) = services.refund_settlement(charge.contract_id) or Refund.objects.all()
    services.send_refund(refund.pk)
    sandbox_bank.tick()
    post()
    refund = Refund.objects.get(pk=refund.pk)
    assert refund.state == RefundState.SUCCEEDED
    with clock.at(clock.now() + timedelta(seconds=61)):
        sandbox_bank.tick()
        post()
    refund = Refund.objects.get(pk=refund.pk)
    assert refund.state == RefundState.FAILED
    assert find_differences() == []
    services.retry_refund(refund.pk, staff)
    assert Refund.objects.get(pk=refund.pk).state == RefundState.SUBMITTED
    assert SandboxRefund.objects.count() == 2


# --- Disputes -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def paid_page(bank_page: SandboxPayment, bank_says: Says) -> SandboxPayment:
    bank_says(Outcome.PAID)
    bank_page.refresh_from_db()
    return bank_page


def test_a_dispute_in_full_takes_all_that_is_left(paid_page: SandboxPayment, bank_says: Says) -> None:
    bank_says(Outcome.DISPUTE)
    dispute = Dispute.objects.get()
    assert (dispute.state, dispute.amount_minor, dispute.fee_minor) == (DisputeState.OPEN, 13709, 1500)
    assert possible_outcomes(paid_page, clock.now()) == ()
    assert find_differences() == []


def test_two_partial_disputes_take_no_more_than_was_paid(paid_page: SandboxPayment, bank_says: Says) -> None:
    bank_says(Outcome.DISPUTE_PART)
    bank_says(Outcome.DISPUTE)
    assert list(SandboxDispute.objects.order_by("pk").values_list("amount_minor", flat=True)) == [6854, 6855]


@pytest.mark.parametrize(
    ("decision", "state", "contract_state"),
    [(Decision.WON, DisputeState.WON, State.REQUESTED), (Decision.LOST, DisputeState.LOST, State.CANCELLED)],
)
def test_the_bank_decides_a_dispute_once(
    decision: Decision, state: str, contract_state: str, paid_page: SandboxPayment, bank_says: Says, charge: Charge
) -> None:
    bank_says(Outcome.DISPUTE)
    dispute = SandboxDispute.objects.get()
    sandbox_bank.decide(dispute.external_id, decision)
    post()
    assert Dispute.objects.get().state == state
    charge.contract.refresh_from_db()
    assert find_differences() == []
    with pytest.raises(Refused):
        sandbox_bank.decide(dispute.external_id, Decision.WON)
    assert SandboxDispute.objects.get().status == decision.value


def test_an_inquiry_takes_nothing_and_is_closed(paid_page: SandboxPayment, bank_says: Says, payment: Payment) -> None:
    bank_says(Outcome.INQUIRY)
    dispute = SandboxDispute.objects.get()
    assert (dispute.status, dispute.fee_minor) == (DisputeStatus.INQUIRY, 0)
    assert possible_decisions(dispute) == (Decision.INQUIRY_CLOSED, Decision.DISPUTED)
    assert Outcome.INQUIRY not in possible_outcomes(paid_page, clock.now())
    payment.refresh_from_db()
    assert payment.disputed_minor == 0
    sandbox_bank.decide(dispute.external_id, Decision.INQUIRY_CLOSED)
    post()
    assert Dispute.objects.get().state == DisputeState.INQUIRY_CLOSED
    assert find_differences() == []


@pytest.mark.parametrize("decision", [Decision.WON, Decision.LOST])
def test_an_inquiry_is_neither_won_nor_lost(decision: Decision, paid_page: SandboxPayment, bank_says: Says) -> None:
    bank_says(Outcome.INQUIRY)
    with pytest.raises(Refused):
        sandbox_bank.decide(SandboxDispute.objects.get().external_id, decision)
    assert SandboxDispute.objects.get().status == DisputeStatus.INQUIRY
