"""Refunds that somebody made in the gateway's dashboard: each gets its row once, and never takes more than is left."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from random import Random
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.gateway_facts import GatewayError, GatewayRefund, RefundStatus
from billing.ledger import balance
from billing.models import Payment, Refund, SandboxPayment, SandboxRefund, StaffTask
from billing.proof import Scope, find_differences
from billing.queries import left_gross
from billing.sandbox_messages import deliver_due
from billing.sandbox_outcomes import Decision, Outcome
from billing.states import LedgerAccount as A
from billing.states import RefundKind, RefundState, TaskKind
from billing.webhooks import accept
from contracts import actors
from contracts import services as contracts
from contracts.states import State
from core import clock
from core.models import DomainEvent
from tests.billing.conftest import post
from tests.walk import Walk, dispute, offered_by, ordered, pay, pay_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(customer: User, provider_user: User) -> Walk:
    """A running rental of € 38.40 net, € 45.70 gross."""
    return Walk(customer, offered_by(provider_user)).running()


def paid(walk: Walk) -> Payment:
    return Payment.objects.get(charge__contract=walk.contract)


def refunded(walk: Walk, gross: int) -> SandboxRefund:
    """Somebody refunds it at the bank, and the bank's first news of it are worked on."""
    row = sandbox_bank.refund_in_dashboard(paid(walk).external_id, gross)
    services.apply_refund("sandbox", row.external_id)
    return row


def confirmed(row: SandboxRefund) -> None:
    sandbox_bank.tick()
    services.apply_refund("sandbox", row.external_id)


def losses(walk: Walk) -> int:
    return balance(A.LOSSES, paid(walk), "EUR")


def test_it_gets_a_row_and_staff_is_asked_whether_the_rental_is_to_end(walk: Walk) -> None:
    with clock.at(walk.now):
        row = refunded(walk, 1190)
        refund = Refund.objects.get()
        assert (refund.kind, refund.state, refund.external_id) == (RefundKind.IMPORTED, RefundState.SUBMITTED, row.external_id)
        assert (refund.net_minor, refund.tax_minor) == (1000, 190)
        assert paid(walk).refunded_minor == 0
        confirmed(row)
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    assert (paid(walk).refunded_minor, losses(walk)) == (1190, 1000)
    assert walk.fresh().state == State.ACTIVE
    task = StaffTask.objects.get(kind=TaskKind.GATEWAY_REFUND)
    assert (task.closed_at, task.contract) == (None, walk.contract)
    assert "whether the rental is to be ended" in task.text
    assert find_differences() == []


def test_all_its_news_together_make_one_row(walk: Walk) -> None:
    with clock.at(walk.now):
        row = refunded(walk, 1190)
        for _news in range(3):
            services.apply_refund("sandbox", row.external_id)
            confirmed(row)
        post()
    assert Refund.objects.count() == StaffTask.objects.count() == 1
    assert DomainEvent.objects.filter(name__in=["refund.imported", "refund.succeeded"]).count() == 2
    assert paid(walk).refunded_minor == 1190


def test_it_is_told_by_the_banks_own_message(walk: Walk) -> None:
    with clock.at(walk.now):
        sandbox_bank.choose(paid(walk).external_id, Outcome.DASHBOARD_REFUND)
        deliver_due(accept)
        post()
    assert Refund.objects.get().amount_minor == 2285


def test_an_end_gives_back_what_is_left_after_it(walk: Walk) -> None:
    with clock.at(walk.now):
        confirmed(refunded(walk, 2000))
    walk.end(lambda: contracts.cancel(walk.contract.pk, actors.customer(walk.contract.ordered_by_id)), seconds=0)
    assert paid(walk).refunded_minor == 4570
    settlement = walk.fresh().segments.get().settlement
    assert losses(walk) == settlement.earned_minor
    assert find_differences() == []


def test_one_that_comes_back_is_owed_by_hand(walk: Walk, staff: User) -> None:
    SandboxPayment.objects.update(refunds_fail=True)
    with clock.at(walk.now):
        row = refunded(walk, 1190)
        confirmed(row)
    with clock.at(walk.now + timedelta(minutes=5)):
        confirmed(row)
        refund = Refund.objects.get()
        assert (refund.state, paid(walk).refunded_minor) == (RefundState.FAILED, 0)
        services.pay_refund_by_hand(refund.pk, staff, "SEPA 1")
        confirmed(row)
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    assert paid(walk).refunded_minor == 1190


def test_one_that_failed_before_anybody_heard_of_it_is_owed_as_if_we_had(walk: Walk) -> None:
    facts = GatewayRefund("sbx_ref_x", paid(walk).external_id, None, RefundStatus.FAILED, 100, "EUR")
    services.import_refund("sandbox", facts)
    assert (Refund.objects.get().state, paid(walk).refunded_minor) == (RefundState.FAILED, 0)
    assert StaffTask.objects.filter(kind=TaskKind.REFUND_FAILED, closed_at=None).exists()
    assert find_differences() == []


def test_of_a_payment_that_nobody_knows_it_is_a_task(walk: Walk) -> None:
    facts = GatewayRefund("sbx_ref_x", "", None, RefundStatus.SUCCEEDED, 100, "EUR")
    services.import_refund("sandbox", facts)
    assert StaffTask.objects.get().kind == TaskKind.UNKNOWN_PAYMENT
    assert not Refund.objects.exists()


def test_its_news_may_come_before_those_of_its_payment(customer: User, provider_user: User) -> None:
    contract = ordered(customer, offered_by(provider_user))
    payment = services.start_payment(contract.charges.get(), "sandbox")
    sandbox_bank.choose(payment.external_id, Outcome.PAID)
    row = sandbox_bank.refund_in_dashboard(payment.external_id, 570)
    services.apply_refund("sandbox", row.external_id)
    confirmed(row)
    assert (Payment.objects.get().state, Payment.objects.get().refunded_minor) == ("succeeded", 570)
    assert find_differences() == []


def test_old_news_of_one_that_was_sent_again_change_nothing(walk: Walk, staff: User) -> None:
    SandboxPayment.objects.update(refunds_fail=True)
    with clock.at(walk.now):
        row = refunded(walk, 1190)
        confirmed(row)
    with clock.at(walk.now + timedelta(minutes=5)):
        confirmed(row)
        SandboxPayment.objects.update(refunds_fail=False)
        services.retry_refund(Refund.objects.get().pk, staff)
        services.apply_refund("sandbox", row.external_id)
        sandbox_bank.tick()
        services.apply_refund("sandbox", Refund.objects.get().external_id)
        services.apply_refund("sandbox", row.external_id)
        assert Refund.objects.get().state == RefundState.SUCCEEDED
        assert paid(walk).refunded_minor == 1190
        assert find_differences() == []


# Money that pays for nothing ----------------------------------------------------------------------------------------------------


def test_of_money_that_pays_for_nothing_it_takes_from_there(customer: User, provider_user: User, staff: User) -> None:
    walk = Walk(customer, offered_by(provider_user))
    with clock.at(walk.now + timedelta(minutes=1)):
        odd = pay_order(walk.contract, Outcome.WRONG_AMOUNT)
        confirmed(refunded(walk, 1000))
        assert (Refund.objects.get().net_minor, Refund.objects.get().tax_minor) == (1000, 0)
        assert left_gross(odd) == odd.received_minor - 1000
        services.return_mismatch(odd.pk, staff)
        returned = Refund.objects.get(kind=RefundKind.RETURN)
        assert returned.amount_minor == odd.received_minor - 1000
        services.send_refund(returned.pk)
        post()
        sandbox_bank.tick()
        post()
    assert Payment.objects.get().refunded_minor == odd.received_minor
    assert find_differences() == []


# What we owed anyhow ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(customer: User, provider_user: User) -> Refund:
    """All of a declined order, which the customer's bank has sent back."""
    walk = Walk(customer, offered_by(provider_user))
    walk._then(lambda: pay(walk.contract.charges.get(), Outcome.REFUND_FAILS), minutes=2)
    walk.end(lambda: contracts.reject(walk.contract.pk, walk.provider, "Out of stock"), minutes=5)
    walk._then(sandbox_bank.tick, minutes=3)
    refund = walk.contract.refunds.get()
    walk._then(lambda: services.apply_refund("sandbox", refund.external_id), minutes=1)
    return Refund.objects.get(state=RefundState.FAILED)


def test_what_is_owed_and_refunded_in_the_dashboard_is_one_refund(failed: Refund) -> None:
    SandboxPayment.objects.update(refunds_fail=False)
    old = failed.external_id
    row = sandbox_bank.refund_in_dashboard(failed.payment.external_id, failed.amount_minor)
    services.apply_refund("sandbox", row.external_id)
    confirmed(row)
    services.apply_refund("sandbox", old)
    refund = Refund.objects.get()
    assert (refund.state, refund.external_id, refund.kind) == (RefundState.SUCCEEDED, row.external_id, RefundKind.UNUSED)
    assert Payment.objects.get().refunded_minor == refund.amount_minor
    assert balance(A.LOSSES, failed.payment, "EUR") == 0
    assert not StaffTask.objects.filter(kind=TaskKind.REFUND_FAILED, closed_at=None).exists()
    assert find_differences(Scope(patience=timedelta(days=10_000))) == []


def test_one_that_waits_for_a_second_person_is_done_when_the_dashboard_did_it(
    walk: Walk, staff: User, stranger: User, settings: Settings
) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 0}
    with clock.at(walk.now):
        services.request_goodwill_refund(paid(walk).pk, 1000, "A slow week", staff, uuid4())
        confirmed(refunded(walk, 1000))
    refund = Refund.objects.get()
    assert (refund.kind, refund.state) == (RefundKind.GOODWILL, RefundState.SUCCEEDED)


def test_more_than_is_left_is_a_task_that_names_the_excess(walk: Walk, staff: User) -> None:
    with clock.at(walk.now):
        # Paid from the bank: the gateway knows nothing of it, and has all of the payment to give.
        ours = services.request_goodwill_refund(paid(walk).pk, 4000, "A slow week", staff, uuid4())
        ours.submit(walk.now)
        ours.fail("card expired")
        ours.save()
        services.pay_refund_by_hand(ours.pk, staff, "SEPA 1")
        row = refunded(walk, 1000)
        refunded_again = row.external_id
        services.apply_refund("sandbox", refunded_again)
    imported = Refund.objects.get(kind=RefundKind.IMPORTED)
    assert imported.amount_minor == 570
    assert left_gross(paid(walk)) == 0
    texts = set(StaffTask.objects.filter(kind=TaskKind.GATEWAY_REFUND).values_list("text", flat=True))
    assert any("€\u00a04.30 more than was left" in text for text in texts)
    assert len(texts) == 2
    assert Payment.objects.get().refunded_minor <= Payment.objects.get().received_minor


def test_it_waits_while_a_refund_of_ours_may_be_the_one(walk: Walk, staff: User) -> None:
    with clock.at(walk.now):
        ours = services.request_goodwill_refund(paid(walk).pk, 4570, "All", staff, uuid4())
        ours.submit(walk.now)
        ours.save()
        row = sandbox_bank.refund_in_dashboard(paid(walk).external_id, 100)
        with pytest.raises(GatewayError) as waits:
            services.apply_refund("sandbox", row.external_id)
        assert not waits.value.permanent
        assert Refund.objects.count() == 1


# Any order ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_our_own_refund_and_a_strangers_do_not_mix_in_any_order(order: tuple[int, ...], walk: Walk, staff: User) -> None:
    with clock.at(walk.now):
        ours = services.request_goodwill_refund(paid(walk).pk, 900, "A slow week", staff, uuid4())
        row = sandbox_bank.refund_in_dashboard(paid(walk).external_id, 1190)
        acts: list[Callable[[], object]] = [
            lambda: services.send_refund(ours.pk),
            lambda: services.apply_refund("sandbox", row.external_id),
            sandbox_bank.tick,
        ]
        for act in order:
            acts[act]()
        for _again in range(2):
            sandbox_bank.tick()
            post()
            for known in SandboxRefund.objects.all():
                services.apply_refund("sandbox", known.external_id)
        assert find_differences() == []
    assert {(refund.kind, refund.amount_minor, refund.state) for refund in Refund.objects.all()} == {
        ("goodwill", 900, "succeeded"),
        ("imported", 1190, "succeeded"),
    }
    assert paid(walk).refunded_minor == 2090


@example_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.integers(1, 999), min_size=1, max_size=4), seed=st.integers(0, 10**6), lost=st.booleans())
def test_refunds_of_any_size_told_in_any_order_split_tax_on_totals(
    parts: list[int], seed: int, lost: bool, customer: User, provider_user: User
) -> None:
    walk = Walk(customer, offered_by(provider_user)).running()
    random = Random(seed)
    with clock.at(walk.now):
        rows: list[SandboxRefund] = []
        for part in parts:
            left = int(paid(walk).received_minor) - sum(row.amount_minor for row in rows)
            if amount := left * part // 1000:
                rows.append(sandbox_bank.refund_in_dashboard(paid(walk).external_id, amount))
        news = [row for row in rows for _repeat in range(2)]
        random.shuffle(news)
        for row in news:
            if random.random() < 0.5:
                sandbox_bank.tick()
            services.apply_refund("sandbox", row.external_id)
        sandbox_bank.tick()
        for row in rows:
            services.apply_refund("sandbox", row.external_id)
        if lost:
            opened = dispute(walk.contract)
            sandbox_bank.decide(opened.external_id, Decision.LOST)
            services.apply_dispute("sandbox", opened.external_id)
    payment = paid(walk)
    gross = sum(row.amount_minor for row in rows)
    assert payment.refunded_minor == gross
    refunds = Refund.objects.filter(payment=payment)
    tax = sum(refund.tax_minor for refund in refunds) + sum(one.lost_tax_minor for one in payment.disputes.all())
    assert tax == (730 if lost else (gross * 190 * 2 + 1190) // (2 * 1190))
    assert find_differences() == []
