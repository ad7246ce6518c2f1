"""Every order, repetition and delay of one payment's events ends in the same state, with one effect each, and a whole ledger."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from billing import services
from billing.models import Dispute, Payment, Refund
from billing.proof import find_differences
from providers.models import Offering
from tests.billing.cards.conftest import charge_at_stripe, fresh, send_again
from tests.billing.orders_of_events import Lives, Step, examples, in_the_ledger, told_of
from tests.stripe_standin import Standin
from tests.walk import ordered

pytestmark = pytest.mark.django_db


def _refund(amount: int) -> Step[Standin]:
    def step(stripe: Standin, payment: Payment) -> object:
        return stripe.account.create_refund({"charge": charge_at_stripe(stripe, payment), "amount": amount})

    return step


def _settle(*, well: bool) -> Step[Standin]:
    return lambda stripe, _payment: stripe.account.settle_refund(stripe.account.all("re")[0]["id"], well=well)


def _dispute(**how: Any) -> Step[Standin]:
    return lambda stripe, payment: stripe.account.dispute(charge_at_stripe(stripe, payment), **how)


def _decide(outcome: str) -> Step[Standin]:
    return lambda stripe, _payment: stripe.account.decide(stripe.account.all("dp")[0]["id"], outcome)


def _pay(stripe: Standin, payment: Payment) -> object:
    return stripe.account.pay(payment.external_id)


def _pay_slowly(stripe: Standin, payment: Payment) -> object:
    return stripe.account.pay(payment.external_id, slowly=True)


def _arrive(stripe: Standin, payment: Payment) -> object:
    return stripe.account.finish(payment.external_id, well=True)


def _fail(stripe: Standin, payment: Payment) -> object:
    return stripe.account.finish(payment.external_id, well=False)


def _decline(stripe: Standin, payment: Payment) -> object:
    return stripe.account.decline(payment.external_id)


def _expire(stripe: Standin, payment: Payment) -> object:
    return stripe.account.expire_session(payment.external_id)


# What can happen to one payment at Stripe, in the order in which it happens there.
LIVES: dict[str, list[Step[Standin]]] = {
    "paid": [_decline, _pay],
    "expired": [_decline, _expire],
    "slowly": [_pay_slowly, _arrive],
    "slowly failed": [_pay_slowly, _fail],
    "refund": [_pay, _refund(1000), _settle(well=True)],
    "refund failed": [_pay, _refund(1000), _settle(well=False)],
    "refund came back": [_pay, _refund(1000), _settle(well=True), _settle(well=False)],
    "two equal refunds": [_pay, _refund(1000), _settle(well=True), _refund(1000), _settle(well=True)],
    "won": [_pay, _dispute(), _decide("won")],
    "lost": [_pay, _dispute(), _decide("lost")],
    "part lost": [_pay, _dispute(amount=2000), _decide("lost")],
    "inquiry": [_pay, _dispute(inquiry=True), _decide("warning_closed")],
    "refund, then won": [_pay, _refund(1000), _settle(well=True), _dispute(amount=2000), _decide("won")],
    "refund, then lost": [_pay, _refund(1000), _settle(well=True), _dispute(amount=2000), _decide("lost")],
}
# Told once each, whatever was overtaken; that a refund arrived is not told of one that has come back before anybody looked.
ONCE = ("payment.succeeded", "refund.imported", "dispute.opened", "dispute.closed")


def outcome(payment: Payment) -> dict[str, Any]:
    """All that a payment has come to: its row, its contract's, its refunds and disputes, its ledger, and what was told of it."""
    now = fresh(payment)
    contract = now.charge.contract
    return {
        "payment": (now.state, now.anomaly, now.received_minor, now.refunded_minor, now.disputed_minor),
        "contract": (contract.state, contract.paid_at is not None, contract.disputes_open),
        "refunds": sorted(Refund.objects.filter(payment=payment).values_list("kind", "state", "amount_minor")),
        "disputes": sorted(Dispute.objects.filter(payment=payment).values_list("state", "amount_minor", "fee_minor")),
        "ledger": in_the_ledger(payment),
        "told": told_of(now, ONCE),
    }


@pytest.fixture
def lives(stripe: Standin, customer: User, offering: Offering) -> Lives[Standin]:
    """Payments at Stripe."""

    def new() -> Payment:
        return services.start_payment(ordered(customer, offering).charges.get(), "stripe")

    return Lives(stripe, new, send_again, outcome, hours=(1, 2, 4))


def steps_of(life: str) -> list[tuple[int, Step[Standin]]]:
    """One a minute."""
    return list(enumerate(LIVES[life]))


@pytest.mark.parametrize("life", sorted(LIVES))
@examples(1)
@given(seed=st.integers(0, 2**32 - 1))
def test_events_in_any_order_and_events_that_all_get_lost_end_the_same(life: str, seed: int, lives: Lives[Standin]) -> None:
    """Whatever moves money is found by reading again; an inquiry moves none."""
    steps = steps_of(life)
    expected = lives.in_order(steps)
    assert lives.in_any_order(steps, seed) == expected
    assert life == "inquiry" or lives.lost(steps) == expected
    assert find_differences() == []


@pytest.mark.soak
@pytest.mark.parametrize("life", sorted(LIVES))
@examples(40)
@given(seed=st.integers(0, 2**32 - 1))
def test_events_in_many_orders_end_the_same(life: str, seed: int, lives: Lives[Standin]) -> None:
    steps = steps_of(life)
    assert lives.in_any_order(steps, seed) == lives.in_order(steps)
    assert find_differences() == []
