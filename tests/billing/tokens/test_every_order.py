"""Every order, repetition and delay of one payment's events ends in the same state, with one effect each, and a whole ledger."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from billing import services
from billing.models import Payment, StaffTask
from billing.proof import find_differences
from providers.models import Offering
from tests.billing.orders_of_events import Lives, Step, examples, in_the_ledger, told_of
from tests.billing.tokens.conftest import fresh, send_again
from tests.icpay_standin import Standin
from tests.walk import ordered

pytestmark = pytest.mark.django_db


def _pay(**how: Any) -> Step[Standin]:
    return lambda icpay, payment: icpay.account.pay(payment.external_id, **how)


def _begin(icpay: Standin, payment: Payment) -> object:
    return icpay.account.begin(payment.external_id)


def _the_last(icpay: Standin, payment: Payment) -> str:
    rows = [row for row in icpay.account.payments.values() if row["paymentIntentId"] == payment.external_id]
    return str(rows[-1]["id"])


def _finish(icpay: Standin, payment: Payment) -> object:
    return icpay.account.finish(_the_last(icpay, payment))


def _fail(icpay: Standin, payment: Payment) -> object:
    return icpay.account.fail(_the_last(icpay, payment))


def _cancel(icpay: Standin, payment: Payment) -> object:
    return icpay.account.fail(_the_last(icpay, payment), "canceled")


# What can happen to one page at ICPay: minutes after it was opened, and what.
LIVES: dict[str, list[tuple[int, Step[Standin]]]] = {
    "paid": [(1, _pay())],
    "slowly": [(1, _begin), (3, _finish)],
    "failed, then paid": [(1, _begin), (2, _fail), (3, _pay())],
    "given up, then paid": [(1, _begin), (2, _cancel), (3, _pay(shortcode="ic_cketh"))],
    "too little": [(1, _pay(off=-1))],
    "too much": [(1, _pay(off=1))],
    "half, called completed": [(1, _pay(units=1_000, status="completed"))],
    "wrong token": [(1, _pay(paid_in="base_usdc"))],
    "late": [(150, _pay())],
    "late and too little": [(150, _pay(off=-2))],
    "failed and never paid": [(1, _begin), (2, _fail)],
}
# Told once each, whatever was overtaken.
ONCE = ("payment.succeeded", "payment.mismatched", "payment.unallocated")


def outcome(payment: Payment) -> dict[str, Any]:
    """All that a payment has come to: rows, tokens, the contract's state, its ledger, what was told of it and filed."""
    now = fresh(payment)
    contract, row = now.charge.contract, now.token
    return {
        "payment": (now.state, now.anomaly, now.received_minor),
        "rows": now.charge.payments.count(),
        "token": (row.asset, row.network, row.due_units, row.received_units, bool(row.transaction_id)),
        "contract": (contract.state, contract.paid_at is not None),
        "ledger": in_the_ledger(payment),
        "told": told_of(now, ONCE),
        "filed": StaffTask.objects.filter(payment=payment, closed_at=None).count(),
    }


@pytest.fixture
def lives(icpay: Standin, rates: None, customer: User, offering: Offering) -> Lives[Standin]:
    """Payments at ICPay; the last step of a life is two and a half hours after its first."""

    def new() -> Payment:
        return services.start_payment(ordered(customer, offering).charges.get(), "icpay")

    return Lives(icpay, new, send_again, outcome, hours=(3, 5))


@pytest.mark.parametrize("life", sorted(LIVES))
@examples(1)
@given(seed=st.integers(0, 2**32 - 1))
def test_events_in_any_order_and_events_that_all_get_lost_end_the_same(life: str, seed: int, lives: Lives[Standin]) -> None:
    steps = LIVES[life]
    assert lives.in_any_order(steps, seed) == lives.in_order(steps) == lives.lost(steps)
    assert find_differences() == []


@pytest.mark.soak
@pytest.mark.parametrize("life", sorted(LIVES))
@examples(40)
@given(seed=st.integers(0, 2**32 - 1))
def test_events_in_many_orders_end_the_same(life: str, seed: int, lives: Lives[Standin]) -> None:
    steps = LIVES[life]
    assert lives.in_any_order(steps, seed) == lives.in_order(steps)
    assert find_differences() == []
