"""Disputes at every moment of a rental: what stops, what goes on, whose loss it is, and that nobody is paid twice."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing import sandbox_bank, services
from billing.gateway_facts import DisputeStatus, GatewayDispute, GatewayError
from billing.ledger import balance
from billing.models import Dispute, Document, LedgerEntry, Payment, Refund, SandboxDispute, SandboxPayment, StaffTask
from billing.proof import find_differences
from billing.queries import money_of
from billing.sandbox_outcomes import Decision, Outcome
from billing.states import DisputeState, DocumentKind, LedgerAccount, RefundState, TaskKind
from contracts import services as contracts
from contracts.models import Contract
from contracts.states import Fault, State
from core import clock
from core.models import DomainEvent
from tests.walk import Walk, dispute, offered_by, pay, rented

pytestmark = pytest.mark.django_db
ENDS = (Decision.WON, Decision.LOST)


@pytest.fixture
def walk(customer: User, provider_user: User) -> Walk:
    """A running rental of 30 days for € 38.40 net, € 45.70 gross."""
    return Walk(customer, offered_by(provider_user)).running()


def decided(opened: SandboxDispute, decision: Decision) -> None:
    sandbox_bank.decide(opened.external_id, decision)
    services.apply_dispute("sandbox", opened.external_id)
    services.apply_dispute("sandbox", opened.external_id)


def followed(contract: Contract) -> None:
    """What the reactions do when a dispute closes, and then the bank."""
    services.refund_settlement(contract.pk)
    services.send_waiting_refunds(contract.pk)
    sandbox_bank.tick()
    for refund in contract.refunds.exclude(external_id=""):
        services.apply_refund("sandbox", refund.external_id)


def losses(contract: Contract) -> int:
    return sum(
        balance(LedgerAccount.LOSSES, payment, payment.currency) for payment in Payment.objects.filter(charge__contract=contract)
    )


# What stops, and goes on --------------------------------------------------------------------------------------------------------


def test_the_time_of_the_pause_is_given_back_when_it_is_won(walk: Walk) -> None:
    ends = walk.fresh().ends_at
    assert ends is not None
    with clock.at(walk.now + timedelta(days=3)):
        opened = dispute(walk.contract)
        paused = walk.fresh()
        assert (paused.state, paused.ends_at) == (State.SUSPENDED, None)
    with clock.at(walk.now + timedelta(days=8)):
        assert walk.fresh().used_seconds(clock.now()) == walk.fresh().used_seconds(walk.now + timedelta(days=3))
        decided(opened, Decision.WON)
    resumed = walk.fresh()
    assert (resumed.state, resumed.ends_at) == (State.ACTIVE, ends + timedelta(days=5))
    assert find_differences() == []


def test_a_lost_one_ends_the_rental_and_gives_back_nothing_more(walk: Walk) -> None:
    with clock.at(walk.now + timedelta(days=3)):
        decided(dispute(walk.contract), Decision.LOST)
        followed(walk.contract)
        ended = walk.fresh()
        assert (ended.state, ended.fault) == (State.CANCELLED, Fault.LOST_DISPUTE)
        assert not Refund.objects.exists()
        assert (money_of(ended).escrow, money_of(ended).lost_gross, losses(ended)) == (0, 4570, 0)
        note = Document.objects.get(kind=DocumentKind.CREDIT_NOTE)
        assert (note.gross_minor, note.dispute) == (4570, Dispute.objects.get())
        assert find_differences() == []


def test_a_part_that_is_lost_takes_what_is_not_earned_first(walk: Walk) -> None:
    with clock.at(walk.now + timedelta(days=3)):
        opened = dispute(walk.contract, Outcome.DISPUTE_PART)
        decided(opened, Decision.LOST)
        followed(walk.contract)
        kept = Dispute.objects.get()
        assert (kept.lost_net_minor + kept.lost_tax_minor, kept.covered_minor, kept.beyond_minor) == (2285, 0, 0)
        settlement = walk.fresh().segments.get().settlement
        assert settlement.earned_minor + settlement.refund_minor + settlement.lost_minor == 3840
        assert settlement.lost_minor == kept.lost_net_minor
        refund = Refund.objects.get()
        assert refund.net_minor == settlement.refund_minor
        assert money_of(walk.fresh()).escrow == settlement.earned_minor
        assert losses(walk.contract) == 0
        assert find_differences() == []


def test_before_delivery_a_lost_part_ends_it_and_the_rest_comes_back(customer: User, provider_user: User) -> None:
    contract = rented("accepted", customer, offered_by(provider_user))
    opened = dispute(contract, Outcome.DISPUTE_PART)
    assert Contract.objects.get().deadline_at is None
    decided(opened, Decision.LOST)
    followed(contract)
    assert Contract.objects.get().state == State.CANCELLED
    assert Refund.objects.get().amount_minor == 4570 - 2285
    assert money_of(contract).escrow == 0
    assert find_differences() == []


def test_with_several_it_goes_on_when_none_is_open(walk: Walk) -> None:
    with clock.at(walk.now + timedelta(days=1)):
        first = dispute(walk.contract, Outcome.DISPUTE_PART)
        second = dispute(walk.contract, Outcome.DISPUTE_PART)
        decided(second, Decision.WON)
        assert (walk.fresh().state, walk.fresh().disputes_open) == (State.SUSPENDED, 1)
        decided(first, Decision.WON)
    assert (walk.fresh().state, walk.fresh().disputes_open) == (State.ACTIVE, 0)
    assert find_differences() == []


@pytest.mark.parametrize(
    "decisions", [(Decision.LOST, Decision.WON), (Decision.LOST, Decision.LOST), (Decision.WON, Decision.LOST)]
)
def test_of_several_the_lost_ones_are_divided_to_the_last_cent(decisions: tuple[Decision, Decision], walk: Walk) -> None:
    with clock.at(walk.now + timedelta(days=10)):
        opened = [dispute(walk.contract, Outcome.DISPUTE_PART), dispute(walk.contract)]
        for one, decision in zip(opened, decisions, strict=True):
            decided(one, decision)
            followed(walk.contract)
        assert walk.fresh().state == State.CANCELLED
        assert Payment.objects.get().disputed_minor == 0
        lost = sum(one.amount_minor for one, decision in zip(opened, decisions, strict=True) if decision == Decision.LOST)
        assert money_of(walk.fresh()).lost_gross == lost
        assert Payment.objects.get().refunded_minor + lost <= 4570
        assert find_differences() == []


def test_after_an_end_the_rental_keeps_its_state(customer: User, provider_user: User) -> None:
    contract = rented("completed", customer, offered_by(provider_user))
    assert contract.ended_at is not None
    with clock.at(contract.ended_at):
        opened = dispute(contract)
        assert Contract.objects.get().state == State.COMPLETED
        decided(opened, Decision.LOST)
        followed(contract)
    assert Contract.objects.get().state == State.COMPLETED
    # Nobody was paid out yet: what the provider had earned stood in escrow.
    assert (money_of(contract).escrow, losses(contract)) == (0, 0)
    assert find_differences() == []


# Inquiries and dates ------------------------------------------------------------------------------------------------------------


def test_an_inquiry_that_becomes_a_dispute_stops_the_rental_then(walk: Walk) -> None:
    with clock.at(walk.now):
        opened = dispute(walk.contract, Outcome.INQUIRY)
        assert walk.fresh().state == State.ACTIVE
        assert StaffTask.objects.get(closed_at=None).kind == TaskKind.INQUIRY
        decided(opened, Decision.DISPUTED)
        assert walk.fresh().state == State.SUSPENDED
        assert StaffTask.objects.get(closed_at=None).kind == TaskKind.DISPUTE
        assert (Dispute.objects.get().state, Payment.objects.get().disputed_minor) == (DisputeState.OPEN, 4570)
        decided(opened, Decision.WON)
    assert not StaffTask.objects.filter(closed_at=None).exists()
    assert find_differences() == []


def test_a_closed_inquiry_can_come_back_as_a_dispute(walk: Walk) -> None:
    with clock.at(walk.now):
        opened = dispute(walk.contract, Outcome.INQUIRY)
        decided(opened, Decision.INQUIRY_CLOSED)
        assert Dispute.objects.get().closed_at is not None
        SandboxDispute.objects.update(status=DisputeStatus.OPEN, decided_at=None)
        services.apply_dispute("sandbox", opened.external_id)
    assert (Dispute.objects.get().state, Dispute.objects.get().closed_at) == (DisputeState.OPEN, None)
    assert walk.fresh().state == State.SUSPENDED


def test_one_of_which_we_heard_nothing_until_it_was_over_is_booked_whole(walk: Walk) -> None:
    with clock.at(walk.now):
        page = SandboxPayment.objects.get()
        sandbox_bank.choose(page.external_id, Outcome.DISPUTE)
        decided(page.disputes.get(), Decision.LOST)
    assert Dispute.objects.get().state == DisputeState.LOST
    assert list(DomainEvent.objects.filter(name__startswith="dispute.").values_list("name", flat=True)) == [
        "dispute.opened",
        "dispute.closed",
    ]
    assert not StaffTask.objects.filter(closed_at=None).exists()
    assert find_differences() == []


def test_a_bank_that_moves_its_date_moves_the_task(walk: Walk) -> None:
    with clock.at(walk.now):
        opened = dispute(walk.contract)
        later = walk.now + timedelta(days=20)
        SandboxDispute.objects.update(evidence_due_at=later)
        services.apply_dispute("sandbox", opened.external_id)
    assert Dispute.objects.get().evidence_due_at == StaffTask.objects.get(closed_at=None).due_at == later


def test_news_that_got_lost_are_found_by_reading_again(walk: Walk) -> None:
    with clock.at(walk.now):
        opened = dispute(walk.contract)
        sandbox_bank.decide(opened.external_id, Decision.WON)
        assert services.reread_disputes() == 1
        assert services.reread_disputes() == 0
    assert walk.fresh().state == State.ACTIVE


def test_a_bank_that_takes_its_word_back_is_a_task_and_no_posting(walk: Walk) -> None:
    with clock.at(walk.now):
        opened = dispute(walk.contract)
        decided(opened, Decision.LOST)
        entries = LedgerEntry.objects.count()
        facts = GatewayDispute(opened.external_id, Payment.objects.get().external_id, DisputeStatus.WON, 4570, "EUR")
        for _news in range(2):
            services.apply_dispute_facts("sandbox", facts)
    assert (Dispute.objects.get().state, LedgerEntry.objects.count()) == (DisputeState.LOST, entries)
    assert "says won of it now" in StaffTask.objects.get(closed_at=None).text


def test_late_news_of_an_inquiry_change_no_dispute(walk: Walk) -> None:
    with clock.at(walk.now):
        opened = dispute(walk.contract)
        facts = GatewayDispute(opened.external_id, Payment.objects.get().external_id, DisputeStatus.INQUIRY, 4570, "EUR")
        services.apply_dispute_facts("sandbox", facts)
    assert Dispute.objects.get().state == DisputeState.OPEN


# Refunds whose answer was lost --------------------------------------------------------------------------------------------------


@pytest.fixture
def unanswered(customer: User, provider_user: User) -> Refund:
    """All of a declined order, as a worker leaves it that dies while it sends it."""
    walk = Walk(customer, offered_by(provider_user)).paid()
    with clock.at(walk.now):
        contracts.reject(walk.contract.pk, walk.provider, "Out of stock")
        (refund,) = services.refund_settlement(walk.contract.pk)
        refund.submit(walk.now)
        refund.save()
    return refund


def test_a_refund_that_never_reached_the_gateway_is_paid_by_the_bank_that_keeps_the_money(unanswered: Refund) -> None:
    opened = dispute(unanswered.contract)
    services.send_refund(unanswered.pk)
    assert Refund.objects.get().state == RefundState.SUBMITTING
    decided(opened, Decision.LOST)
    refund = Refund.objects.get()
    assert (refund.state, refund.reference) == (RefundState.SUCCEEDED, f"dispute {opened.external_id}")
    assert (Dispute.objects.get().covered_minor, losses(refund.contract)) == (4570, 0)
    assert not StaffTask.objects.filter(closed_at=None).exists()
    followed(refund.contract)
    services.sweep_refunds()
    assert not unanswered.payment.charge.contract.refunds.exclude(state=RefundState.SUCCEEDED).exists()
    assert find_differences() == []


def test_a_refund_that_had_reached_the_gateway_is_found_there_and_not_paid_again(walk: Walk, staff: User) -> None:
    payment = Payment.objects.get()
    with clock.at(walk.now):
        refund = services.request_goodwill_refund(payment.pk, 2000, "A slow week", staff, uuid4())
        refund.submit(walk.now)
        refund.save()
        # The bank has it, and its answer was lost.
        sandbox_bank.give_back(payment.external_id, key=refund.public_id, amount_minor=2000)
        opened = dispute(walk.contract)
        assert opened.amount_minor == 2570
        decided(opened, Decision.LOST)
        assert Refund.objects.get().state == RefundState.SUBMITTED
        assert (Dispute.objects.get().covered_minor, Dispute.objects.get().beyond_minor) == (0, 0)
        followed(walk.contract)
        assert (Payment.objects.get().refunded_minor, money_of(walk.fresh()).lost_gross) == (2000, 2570)
        assert find_differences() == []


def test_a_loss_waits_while_a_refund_is_being_sent(unanswered: Refund) -> None:
    opened = dispute(unanswered.contract)
    facts = GatewayDispute(opened.external_id, unanswered.payment.external_id, DisputeStatus.LOST, 4570, "EUR")
    entries = LedgerEntry.objects.count()
    with pytest.raises(GatewayError) as waits:
        services.apply_dispute_facts("sandbox", facts)
    assert not waits.value.permanent
    assert (Dispute.objects.get().state, Payment.objects.get().disputed_minor) == (DisputeState.OPEN, 4570)
    assert LedgerEntry.objects.count() == entries


def test_a_refund_that_comes_back_after_the_bank_kept_the_money_too_is_owed_no_more(walk: Walk, staff: User) -> None:
    walk = Walk(walk.customer, walk.offering)
    walk._then(lambda: pay(walk.contract.charges.get(), Outcome.REFUND_FAILS), minutes=2)
    walk.end(lambda: contracts.reject(walk.contract.pk, walk.provider, "Out of stock"), minutes=5)
    with clock.at(walk.now):
        refund = walk.contract.refunds.get()
        assert refund.state == RefundState.SUCCEEDED
        # A card bank may take money that went back already.
        taken = SandboxDispute.objects.create(
            external_id="sbx_dis_twice",
            payment=SandboxPayment.objects.get(external_id=refund.payment.external_id),
            amount_minor=refund.amount_minor,
            status=DisputeStatus.OPEN,
            created_at=clock.now(),
        )
        services.apply_dispute("sandbox", taken.external_id)
        decided(taken, Decision.LOST)
        assert losses(walk.contract) == refund.amount_minor
    with clock.at(walk.now + timedelta(minutes=3)):
        sandbox_bank.tick()
        services.apply_refund("sandbox", refund.external_id)
        services.apply_refund("sandbox", refund.external_id)
    covered = Refund.objects.get(pk=refund.pk)
    assert (covered.state, covered.reference) == (RefundState.SUCCEEDED, "dispute sbx_dis_twice")
    assert losses(walk.contract) == 0
    assert Payment.objects.get(pk=refund.payment_id).refunded_minor == 0
    assert not StaffTask.objects.filter(kind=TaskKind.REFUND_FAILED, closed_at=None).exists()
    assert find_differences() == []


# What staff sees ----------------------------------------------------------------------------------------------------------------


def test_what_is_due_first_stands_first(customer: User, provider_user: User, staff_client: Client) -> None:
    offering = offered_by(provider_user)
    opened = []
    for days in (9, 3, 6):
        contract = rented("active", customer, offering)
        one = dispute(contract)
        SandboxDispute.objects.filter(pk=one.pk).update(evidence_due_at=clock.now() + timedelta(days=days))
        services.apply_dispute("sandbox", one.external_id)
        opened.append((days, one.external_id))
    decided(SandboxDispute.objects.get(external_id=opened[1][1]), Decision.WON)
    for page in ("billing_dispute", "billing_stafftask"):
        rows = staff_client.get(reverse(f"admin:{page}_changelist")).context["cl"].result_list
        dates = [row.evidence_due_at if page == "billing_dispute" else row.due_at for row in rows]
        assert dates[0] < dates[1], "the more urgent one of the open ones comes first"
        assert rows[2].closed_at is not None


def test_staff_asks_the_bank_again(walk: Walk, staff_client: Client) -> None:
    with clock.at(walk.now):
        opened = dispute(walk.contract)
        sandbox_bank.decide(opened.external_id, Decision.WON)
        row = Dispute.objects.get()
        assert staff_client.post(reverse("admin:billing_dispute_ask", args=[row.pk])).status_code == 302
    assert walk.fresh().state == State.ACTIVE
    task = StaffTask.objects.get()
    assert (
        reverse("admin:billing_dispute_change", args=[row.pk])
        in staff_client.get(reverse("admin:billing_stafftask_change", args=[task.pk])).content.decode()
    )
