"""Two of staff, two workers, a bank and a customer at once: money goes back once, and nobody waits in a circle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.gateway_facts import GatewayError
from billing.models import LedgerEntry, Payment, Refund, SandboxPayment, SandboxRefund, StaffTask
from billing.proof import find_differences
from billing.sandbox_outcomes import Decision, Outcome
from billing.states import RefundState, TaskKind
from contracts import actors
from contracts import services as contracts
from core import clock
from core.errors import Refused
from tests.walk import Walk, offered_by

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 6


@pytest.fixture
def walk(customer: User, provider_user: User) -> Walk:
    """A running rental of € 45.70 gross."""
    return Walk(customer, offered_by(provider_user)).running()


def at_once(walk: Walk, *acts: Callable[[], object]) -> list[str]:
    """What came of each, all begun at the same moment: "done", or the code of the refusal. Anything else is raised here."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        try:
            barrier.wait(timeout=20)
            with clock.at(walk.now):
                act()
        except Refused as refused:
            return refused.code
        except GatewayError as error:
            return "never" if error.permanent else "later"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(future.result(timeout=60) for future in [pool.submit(run, act) for act in acts])


def giving(payment: Payment, gross: int, user: User) -> Callable[[], object]:
    key = uuid4()
    return lambda: services.request_goodwill_refund(payment.pk, gross, "A slow week", user, key)


def test_six_clicks_on_one_form_give_back_once(walk: Walk, staff: User) -> None:
    click = giving(Payment.objects.get(), 4570, staff)
    assert at_once(walk, *[click] * TIMES) == ["done"] * TIMES
    assert Refund.objects.get().amount_minor == 4570


def test_two_of_staff_who_give_all_of_it_at_once_are_not_both_right(walk: Walk, staff: User, stranger: User) -> None:
    payment = Payment.objects.get()
    acts = [giving(payment, 4570, user) for user in (staff, stranger) for _tab in range(3)]
    assert at_once(walk, *acts) == ["done", *["too_much"] * 5]
    assert Refund.objects.get().amount_minor == 4570
    assert LedgerEntry.objects.filter(kind="refund_decided").count() == 1
    assert find_differences() == []


def test_equal_parts_at_once_are_all_paid_while_something_is_left(walk: Walk, staff: User) -> None:
    payment = Payment.objects.get()
    outcome = at_once(walk, *[giving(payment, 1000, staff) for _tab in range(TIMES)])
    assert outcome == ["done"] * 4 + ["too_much"] * 2
    with clock.at(walk.now):
        for refund in Refund.objects.all():
            services.send_refund(refund.pk)
    assert sum(row.amount_minor for row in SandboxRefund.objects.all()) == 4000
    assert find_differences() == []


def test_two_who_let_a_refund_go_send_it_once(walk: Walk, staff: User, stranger: User, customer: User, settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 0}
    giving(Payment.objects.get(), 1000, staff)()
    refund = Refund.objects.get()
    acts = [lambda user=user: services.approve_refund(refund.pk, user) for user in (staff, stranger, customer, stranger)]
    assert at_once(walk, *acts) == ["decided", "decided", "decided", "done"] or Refund.objects.get().approved_by != staff
    assert SandboxRefund.objects.count() == 1
    assert Refund.objects.get().state == RefundState.SUBMITTED


def test_a_retry_and_a_payment_by_hand_at_once_pay_once(walk: Walk, staff: User) -> None:
    payment = Payment.objects.get()
    giving(payment, 1000, staff)()
    SandboxPayment.objects.update(refunds_fail=True)
    refund = Refund.objects.get()
    with clock.at(walk.now):
        services.send_refund(refund.pk)
        sandbox_bank.tick()
    walk.now += 2 * sandbox_bank.SOON
    with clock.at(walk.now):
        sandbox_bank.tick()
        services.apply_refund("sandbox", Refund.objects.get().external_id)
    assert Refund.objects.get().state == RefundState.FAILED
    outcome = at_once(
        walk,
        lambda: services.retry_refund(refund.pk, staff),
        lambda: services.pay_refund_by_hand(refund.pk, staff, "SEPA 1"),
        lambda: services.pay_refund_by_hand(refund.pk, staff, "SEPA 2"),
    )
    assert outcome == ["decided", "decided", "done"]
    assert SandboxRefund.objects.exclude(status="failed").count() + bool(Refund.objects.get().reference) == 1


def test_six_workers_with_the_news_of_one_dashboard_refund_make_one_row(walk: Walk) -> None:
    row = sandbox_bank.refund_in_dashboard(Payment.objects.get().external_id, 1190)
    assert at_once(walk, *[lambda: services.apply_refund("sandbox", row.external_id)] * TIMES) == ["done"] * TIMES
    assert Refund.objects.get().amount_minor == 1190
    assert StaffTask.objects.filter(kind=TaskKind.GATEWAY_REFUND).count() == 1
    assert find_differences() == []


@pytest.mark.parametrize("decision", [Decision.WON, Decision.LOST])
def test_staff_customer_bank_and_worker_at_once_leave_every_cent_in_one_place(
    decision: Decision, walk: Walk, customer: User, staff: User
) -> None:
    payment = Payment.objects.get()
    giving(payment, 500, staff)()
    first = Refund.objects.get()
    row = sandbox_bank.refund_in_dashboard(payment.external_id, 700)
    page = SandboxPayment.objects.get()
    sandbox_bank.choose(page.external_id, Outcome.DISPUTE_PART)
    taken = page.disputes.get()
    at_once(
        walk,
        giving(payment, 300, staff),
        lambda: services.send_refund(first.pk),
        lambda: services.apply_refund("sandbox", row.external_id),
        lambda: services.apply_dispute("sandbox", taken.external_id),
        lambda: contracts.cancel(walk.contract.pk, actors.customer(customer.pk)),
        sandbox_bank.tick,
    )
    sandbox_bank.decide(taken.external_id, decision)
    at_once(
        walk,
        lambda: services.apply_dispute("sandbox", taken.external_id),
        lambda: services.apply_dispute("sandbox", taken.external_id),
        lambda: services.apply_refund("sandbox", row.external_id),
        lambda: services.refund_settlement(walk.contract.pk),
        lambda: services.send_waiting_refunds(walk.contract.pk),
        sandbox_bank.tick,
    )
    with clock.at(walk.now):
        for _round in range(3):
            services.apply_dispute("sandbox", taken.external_id)
            services.refund_settlement(walk.contract.pk)
            services.send_waiting_refunds(walk.contract.pk)
            sandbox_bank.tick()
            for known in SandboxRefund.objects.all():
                services.apply_refund("sandbox", known.external_id)
    assert find_differences() == []
    paid = Payment.objects.get()
    assert paid.disputed_minor == 0
    assert paid.refunded_minor == sum(one.amount_minor for one in SandboxRefund.objects.filter(status="succeeded"))
