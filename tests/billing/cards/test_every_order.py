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
from billing.models import Dispute, LedgerLine, Payment, Refund
from billing.proof import find_differences
from core import clock
from core.models import DomainEvent
from core.tasks import drain
from providers.models import Offering
from tests.billing.cards.conftest import both_at, charge_at_stripe, fresh, send_again
from tests.stripe_standin import Standin
from tests.walk import ordered

pytestmark = pytest.mark.django_db

Step = Callable[[Standin, Payment], object]


def _refund(amount: int) -> Step:
    def step(stripe: Standin, payment: Payment) -> object:
        return stripe.account.create_refund({"charge": charge_at_stripe(stripe, payment), "amount": amount})

    return step


def _settle(*, well: bool) -> Step:
    return lambda stripe, _payment: stripe.account.settle_refund(stripe.account.all("re")[0]["id"], well=well)


def _dispute(**how: Any) -> Step:
    return lambda stripe, payment: stripe.account.dispute(charge_at_stripe(stripe, payment), **how)


def _decide(outcome: str) -> Step:
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
LIVES: dict[str, list[Step]] = {
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
    ledger: Counter[tuple[str, str]] = Counter()
    for line in LedgerLine.objects.filter(entry__payment=payment):
        ledger[line.account, line.currency] += int(line.amount)
    told = DomainEvent.objects.filter(subject=f"contract:{contract.pk}", name__in=ONCE).values_list("name", flat=True)
    return {
        "payment": (now.state, now.anomaly, now.received_minor, now.refunded_minor, now.disputed_minor),
        "contract": (contract.state, contract.paid_at is not None, contract.disputes_open),
        "refunds": sorted(Refund.objects.filter(payment=payment).values_list("kind", "state", "amount_minor")),
        "disputes": sorted(Dispute.objects.filter(payment=payment).values_list("state", "amount_minor", "fee_minor")),
        "ledger": {account: amount for account, amount in sorted(ledger.items()) if amount},
        "told": Counter(told),
    }


Deliver = Callable[[list[dict[str, Any]]], None]


def live(stripe: Standin, payment: Payment, steps: list[Step], deliver: Deliver, at_last: Deliver) -> dict[str, Any]:
    """Let it all happen, with `deliver` bringing what it likes of the events so far, and `at_last` of all; then hours pass."""
    start, first = clock.now(), len(stripe.account.events)
    for minute, step in enumerate(steps):
        with both_at(stripe, start + timedelta(minutes=minute)):
            step(stripe, payment)
            deliver(stripe.account.events[first:])
    with both_at(stripe, start + timedelta(minutes=len(steps))):
        at_last(stripe.account.events[first:])
    for hours in (1, 2, 4):
        with both_at(stripe, start + timedelta(hours=hours)):
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
        services.reread_disputes,
        services.reread_uncleared,
        services.read_reports,
    ):
        drain()
        schedule()
    drain()


def a_payment(customer: User, offering: Offering) -> Payment:
    return services.start_payment(ordered(customer, offering).charges.get(), "stripe")


def check_any_order(life: str, seed: int, stripe: Standin, customer: User, offering: Offering) -> None:
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
    expected = live(stripe, a_payment(customer, offering), steps, bring, nothing)
    assert live(stripe, a_payment(customer, offering), steps, anyhow, all_anyhow) == expected
    assert find_differences() == []


def examples(count: int) -> settings:
    return settings(
        max_examples=count, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
    )


@pytest.mark.parametrize("life", sorted(LIVES))
@examples(2)
@given(seed=st.integers(0, 2**32 - 1))
def test_events_in_any_order_end_the_same(life: str, seed: int, stripe: Standin, customer: User, offering: Offering) -> None:
    check_any_order(life, seed, stripe, customer, offering)


@pytest.mark.soak
@pytest.mark.parametrize("life", sorted(LIVES))
@examples(40)
@given(seed=st.integers(0, 2**32 - 1))
def test_events_in_many_orders_end_the_same(life: str, seed: int, stripe: Standin, customer: User, offering: Offering) -> None:
    check_any_order(life, seed, stripe, customer, offering)


@pytest.mark.parametrize("life", sorted(LIVES.keys() - {"inquiry"}))
def test_events_that_all_get_lost_end_the_same(life: str, stripe: Standin, customer: User, offering: Offering) -> None:
    """Whatever moves money is found by reading again; an inquiry moves none."""
    steps = LIVES[life]
    expected = live(stripe, a_payment(customer, offering), steps, bring, nothing)
    assert live(stripe, a_payment(customer, offering), steps, nothing, nothing) == expected
    assert find_differences() == []
