"""Stripe's balance report: what is not in it yet is read again until it is, and what it alone tells of is taken in."""

from datetime import timedelta
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts.models import User
from billing import services
from billing.gateways import gateway
from billing.ledger import balance
from billing.models import LedgerEntry, LedgerLine, Payment, Refund
from billing.proof import find_differences
from billing.states import LedgerAccount as A
from contracts import actors
from contracts import services as contracts
from core import clock
from tests.billing.cards.conftest import both_at, bring, charge_at_stripe, fresh
from tests.stripe_standin import Standin, objects

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(stripe: Standin, payment: Payment) -> Payment:
    """Paid, and in the report."""
    stripe.account.pay(payment.external_id)
    bring(stripe)
    return fresh(payment)


def clearing() -> int:
    return balance(A.GATEWAY_CLEARING, "stripe", "EUR")


def test_money_that_shows_later_is_read_again_until_it_does(stripe: Standin, payment: Payment) -> None:
    stripe.account.habits.reports_at_once = False
    stripe.account.pay(payment.external_id)
    bring(stripe)
    assert (fresh(payment).state, clearing()) == ("succeeded", 4570)
    services.reread_uncleared()
    assert clearing() == 4570
    stripe.account.report(charge_at_stripe(stripe, payment))
    assert services.reread_uncleared() == 1
    assert clearing() == 0
    assert services.reread_uncleared() == 0
    assert find_differences() == []


def test_silence_leaves_it_for_the_next_time(stripe: Standin, payment: Payment) -> None:
    stripe.account.habits.reports_at_once = False
    stripe.account.pay(payment.external_id)
    bring(stripe)
    stripe.api.secret_key = "sk_test_changed"
    assert (services.reread_uncleared(), services.read_reports()) == (0, 0)
    assert clearing() == 4570


def test_a_transfer_to_our_bank_and_a_fee_are_booked_from_the_report(stripe: Standin, paid: Payment) -> None:
    stripe.account.pay_out(4000, "eur")
    fee = objects.transaction(
        "txn_fee", int(clock.now().timestamp()), kind="stripe_fee", source=None, amount=-54, fee=0, currency="eur"
    )
    stripe.account.rows["txn_fee"] = fee
    with both_at(stripe, clock.now() + timedelta(minutes=1)):
        assert services.read_reports() == 2
        assert services.read_reports() == 0
    assert balance(A.BANK, "bank", "EUR") == 4000
    assert balance(A.GATEWAY_FEES, "stripe", "EUR") == 116 + 54
    assert balance(A.GATEWAY_BALANCE, "stripe", "EUR") == 4570 - 116 - 4000 - 54
    assert find_differences() == []


def test_a_line_that_cannot_be_taken_in_holds_up_none_of_those_behind_it(
    stripe: Standin, paid: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.services.balance_report.BATCH", 1)
    now = int(clock.now().timestamp())
    for place, (name, kind, source, amount) in enumerate(
        (("txn_fee", "stripe_fee", None, -54), ("txn_odd", "refund", "re_gone", -1), ("txn_other_fee", "stripe_fee", None, -6))
    ):
        stripe.account.rows[name] = objects.transaction(
            name, now + place, kind=kind, source=source, amount=amount, fee=0, currency="eur"
        )
    with both_at(stripe, clock.now() + timedelta(minutes=1)), pytest.raises(ExceptionGroup):
        services.read_reports()
    assert balance(A.GATEWAY_FEES, "stripe", "EUR") == 116 + 54 + 6


def test_the_report_is_read_page_by_page_and_within_its_time(stripe: Standin, paid: Payment) -> None:
    start = clock.now()
    for hour in range(230):
        with both_at(stripe, start + timedelta(hours=hour)):
            stripe.account.pay_out(1, "eur")
    since, until = start + timedelta(hours=10), start + timedelta(hours=220)
    lines = list(gateway("stripe").balance_lines(since, until))
    assert len(lines) == len({line.external_id for line in lines}) == 210
    assert all(since <= line.created_at < until for line in lines)


def test_a_refund_of_ours_is_pending_then_arrives(stripe: Standin, paid: Payment, customer: User) -> None:
    contracts.cancel(paid.charge.contract_id, actors.customer(customer.pk))
    bring(stripe)
    (there,) = stripe.account.all("re")
    assert there["metadata"] == {"refund": str(Refund.objects.get().public_id), "attempt": "0"}
    assert (Refund.objects.get().state, fresh(paid).refunded_minor) == ("submitted", 0)
    stripe.account.settle_refund(there["id"], well=True)
    bring(stripe)
    assert (Refund.objects.get().state, fresh(paid).refunded_minor) == ("succeeded", 4570)
    assert clearing() == 0
    assert find_differences() == []


@pytest.mark.parametrize("first_arrives", [True, False])
def test_a_refund_that_fails_is_sent_once_more_as_another(
    first_arrives: bool, stripe: Standin, paid: Payment, customer: User, staff: User
) -> None:
    contracts.cancel(paid.charge.contract_id, actors.customer(customer.pk))
    bring(stripe)
    (first,) = stripe.account.all("re")
    if first_arrives:
        stripe.account.settle_refund(first["id"], well=True)
        bring(stripe)
    stripe.account.settle_refund(first["id"], well=False)
    bring(stripe)
    assert (Refund.objects.get().state, fresh(paid).refunded_minor) == ("failed", 0)
    services.retry_refund(Refund.objects.get().pk, staff)
    second, _first = stripe.account.all("re")
    assert second["metadata"]["attempt"] == "1"
    services.apply_refund("stripe", first["id"])
    assert (Refund.objects.get().state, Refund.objects.get().external_id) == ("submitted", second["id"])
    stripe.account.settle_refund(second["id"], well=True)
    bring(stripe)
    services.apply_refund("stripe", first["id"])
    assert (Refund.objects.get().state, fresh(paid).refunded_minor, clearing()) == ("succeeded", 4570, 0)
    assert find_differences() == []


def test_a_dispute_s_fee_is_what_the_report_says(stripe: Standin, paid: Payment) -> None:
    dispute = stripe.account.dispute(charge_at_stripe(stripe, paid), amount=2000)
    bring(stripe)
    assert balance(A.DISPUTE_FEES, "stripe", "EUR") == 2000
    assert balance(A.DISPUTE_HOLD, paid, "EUR") == 2000
    assert fresh(paid).disputes.get().evidence_due_at is not None
    stripe.account.decide(dispute["id"], "won")
    bring(stripe)
    assert balance(A.DISPUTE_HOLD, paid, "EUR") == 0
    assert balance(A.DISPUTE_FEES, "stripe", "EUR") == 2000
    assert find_differences() == []


def test_an_inquiry_takes_nothing_until_it_becomes_a_dispute(stripe: Standin, paid: Payment) -> None:
    before = LedgerEntry.objects.count()
    inquiry = stripe.account.dispute(charge_at_stripe(stripe, paid), inquiry=True)
    bring(stripe)
    assert (fresh(paid).disputes.get().state, LedgerEntry.objects.count()) == ("inquiry", before)
    stripe.account.escalate(inquiry["id"])
    bring(stripe)
    assert (fresh(paid).disputes.get().state, fresh(paid).disputed_minor) == ("open", 4570)
    assert find_differences() == []


def test_refunds_and_disputes_settled_in_another_currency_pass_the_bridge(stripe: Standin, payment: Payment) -> None:
    stripe.account.habits.settled_in = "usd"
    stripe.account.pay(payment.external_id)
    stripe.account.create_refund({"charge": charge_at_stripe(stripe, payment), "amount": 570})
    stripe.account.settle_refund(stripe.account.all("re")[0]["id"], well=True)
    dispute = stripe.account.dispute(charge_at_stripe(stripe, payment), amount=1000)
    bring(stripe)
    assert fresh(payment).disputed_minor == 1000
    stripe.account.decide(dispute["id"], "won")
    bring(stripe)
    reported = sum(row["net"] for row in stripe.account.all("txn"))
    assert balance(A.GATEWAY_BALANCE, "stripe", "USD") == reported
    assert not LedgerLine.objects.filter(account=A.GATEWAY_BALANCE, currency="EUR").exists()
    assert clearing() == 0
    assert find_differences() == []


def test_a_payment_of_another_shop_on_the_same_account_is_left_alone(stripe: Standin, paid: Payment) -> None:
    strange = stripe.account.rows[charge_at_stripe(stripe, paid)] | {"id": "ch_strange", "payment_intent": None}
    stripe.account.rows["ch_strange"] = strange
    stripe.account.create_refund({"charge": "ch_strange", "amount": 10})
    bring(stripe)
    assert not Refund.objects.exists()
    assert fresh(paid).refunded_minor == 0


@pytest.mark.parametrize("told_before_the_retry", [True, False])
def test_money_of_a_failed_dashboard_refund_that_comes_back_late_is_booked(
    told_before_the_retry: bool, stripe: Standin, paid: Payment, staff: User
) -> None:
    stripe.account.create_refund({"charge": charge_at_stripe(stripe, paid), "amount": 1190})
    bring(stripe)
    (first,) = stripe.account.all("re")
    stripe.account.settle_refund(first["id"], well=False)
    line = stripe.account.rows.pop(first["failure_balance_transaction"])
    first["failure_balance_transaction"] = None
    bring(stripe)
    assert (Refund.objects.get().state, clearing()) == ("failed", 1190)

    def comes_back() -> None:
        stripe.account.rows[line["id"]] = line
        first["failure_balance_transaction"] = line["id"]

    acts = [comes_back, lambda: services.retry_refund(Refund.objects.get().pk, staff)]
    for act in acts if told_before_the_retry else reversed(acts):
        act()
    with both_at(stripe, clock.now() + timedelta(minutes=1)):
        services.read_reports()
        second = next(row for row in stripe.account.all("re") if row["id"] != first["id"])
        stripe.account.settle_refund(second["id"], well=True)
        bring(stripe)
        services.read_reports()
        services.apply_refund("stripe", first["id"])
    assert (Refund.objects.get().state, Refund.objects.get().external_id) == ("succeeded", second["id"])
    assert (clearing(), fresh(paid).refunded_minor) == (0, 1190)
    assert find_differences() == []


def test_a_dashboard_refund_that_failed_unheard_and_has_no_room_is_two_lines_of_the_report(
    stripe: Standin, paid: Payment, staff: User, settings: Settings
) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 0}
    services.request_goodwill_refund(paid.pk, 4000, "Waits for a second person", staff, uuid4())
    refund = stripe.account.create_refund({"charge": charge_at_stripe(stripe, paid), "amount": 1190})
    stripe.account.settle_refund(refund["id"], well=False)
    bring(stripe)
    with both_at(stripe, clock.now() + timedelta(minutes=1)):
        services.read_reports()
    assert (Refund.objects.get().amount_minor, clearing()) == (4000, 0)
    assert find_differences() == []
