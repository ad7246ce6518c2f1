"""Every order, repetition and delay of one payment's events ends in the same state, with one effect each, and a whole ledger."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import User
from billing import services
from billing.models import LedgerLine, Payment, StaffTask
from billing.proof import find_differences
from core import clock
from core.models import DomainEvent
from core.tasks import drain
from providers.models import Offering
from tests.billing.tokens.conftest import both_at, fresh, send_again
from tests.icpay_standin import Standin
from tests.walk import ordered

pytestmark = pytest.mark.django_db

Step = Callable[[Standin, Payment], object]
HOURS = timedelta(hours=1)


def _pay(**how: Any) -> Step:
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
LIVES: dict[str, list[tuple[int, Step]]] = {
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
    contract = now.charge.contract
    ledger: Counter[tuple[str, str]] = Counter()
    for line in LedgerLine.objects.filter(entry__payment=payment):
        ledger[line.account, line.currency] += int(line.amount)
    told = DomainEvent.objects.filter(subject=f"contract:{contract.pk}", name__in=ONCE).values_list("name", flat=True)
    row = now.token
    return {
        "payment": (now.state, now.anomaly, now.received_minor),
        "rows": now.charge.payments.count(),
        "token": (row.asset, row.network, row.due_units, row.received_units, bool(row.transaction_id)),
        "contract": (contract.state, contract.paid_at is not None),
        "ledger": {account: amount for account, amount in sorted(ledger.items()) if amount},
        "told": Counter(told),
        "filed": StaffTask.objects.filter(payment=payment, closed_at=None).count(),
    }


Deliver = Callable[[list[dict[str, Any]]], None]


def live(icpay: Standin, payment: Payment, steps: list[tuple[int, Step]], deliver: Deliver, at_last: Deliver) -> dict[str, Any]:
    """Let it all happen, with `deliver` bringing what it likes of the events so far, and `at_last` of all; then hours pass."""
    start, first = clock.now(), len(icpay.account.events)
    for minute, step in steps:
        with both_at(icpay, start + timedelta(minutes=minute)):
            if minute > 120:
                services.expire_unpaid_charges()
            step(icpay, payment)
            deliver(icpay.account.events[first:])
    with both_at(icpay, start + timedelta(minutes=steps[-1][0] + 1)):
        at_last(icpay.account.events[first:])
    for hours in (3, 5):
        with both_at(icpay, start + hours * HOURS):
            work()
    return outcome(payment)


def nothing(events: list[dict[str, Any]]) -> None:
    """The events get lost."""


def bring(events: list[dict[str, Any]]) -> None:
    """Each event as it comes, and what follows from it at once."""
    for event in events:
        assert send_again(event)
        drain()


def work() -> None:
    """What the schedules would do, and what the queue would."""
    for schedule in (
        services.reread_payments,
        services.expire_unpaid_charges,
        services.sweep_refunds,
        services.reread_uncleared,
        services.read_reports,
    ):
        drain()
        schedule()
    drain()


def a_payment(customer: User, offering: Offering) -> Payment:
    return services.start_payment(ordered(customer, offering).charges.get(), "icpay")


def check_any_order(life: str, seed: int, icpay: Standin, customer: User, offering: Offering) -> None:
    random = Random(seed)

    def anyhow(events: list[dict[str, Any]]) -> None:
        """Some of what has happened so far, perhaps twice, in any order; the queue works now or later."""
        for event in random.choices(events, k=random.randint(0, 2 * len(events))) if events else []:
            assert send_again(event)
            if random.random() < 0.5:
                drain()

    def all_anyhow(events: list[dict[str, Any]]) -> None:
        bring(random.sample(events, k=len(events)))

    steps = LIVES[life]
    expected = live(icpay, a_payment(customer, offering), steps, bring, nothing)
    assert live(icpay, a_payment(customer, offering), steps, anyhow, all_anyhow) == expected
    assert find_differences() == []


def examples(count: int) -> settings:
    return settings(
        max_examples=count, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
    )


@pytest.mark.parametrize("life", sorted(LIVES))
@examples(2)
@given(seed=st.integers(0, 2**32 - 1))
def test_events_in_any_order_end_the_same(
    life: str, seed: int, icpay: Standin, rates: None, customer: User, offering: Offering
) -> None:
    check_any_order(life, seed, icpay, customer, offering)


@pytest.mark.soak
@pytest.mark.parametrize("life", sorted(LIVES))
@examples(40)
@given(seed=st.integers(0, 2**32 - 1))
def test_events_in_many_orders_end_the_same(
    life: str, seed: int, icpay: Standin, rates: None, customer: User, offering: Offering
) -> None:
    check_any_order(life, seed, icpay, customer, offering)


@pytest.mark.parametrize("life", sorted(LIVES))
def test_events_that_all_get_lost_end_the_same(life: str, icpay: Standin, rates: None, customer: User, offering: Offering) -> None:
    steps = LIVES[life]
    expected = live(icpay, a_payment(customer, offering), steps, bring, nothing)
    assert live(icpay, a_payment(customer, offering), steps, nothing, nothing) == expected
    assert find_differences() == []
