"""Only what a customer's bank says: money withdrawn, given back, or kept. The one door of a dispute's states."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from billing import balance_postings, postings
from billing.gateway_facts import DisputeStatus, GatewayDispute, GatewayError
from billing.gateways import gateway
from billing.ledger import balance
from billing.models import Charge, Dispute, Payment, Refund
from billing.queries import given_back, is_allocated, paid_of, payments_told_of
from billing.released import NO_SOURCES, Sources, sources_of_loss
from billing.services.document import issue_credit_note_for_dispute, issue_credit_note_for_refund
from billing.services.payment import apply_payment
from billing.services.refund_news import cover
from billing.services.refund_sending import prove_unanswered
from billing.services.task import close_task, open_task, postpone_task
from billing.silence import waiting_when_silent
from billing.states import BOOKED, DisputeState, LedgerAccount, RefundState, TaskKind
from contracts.models import Contract
from contracts.services import close_dispute_lost, close_dispute_won, open_dispute
from contracts.services.move import lock as lock_contract
from core import clock
from core.formats import money
from core.money import Priced, split_gross
from core.outbox import emit
from core.sweeps import each

# How each end of a dispute reads at the gateway; anything else told of a closed one is news that we did not expect.
ENDS = {
    DisputeState.WON: DisputeStatus.WON,
    DisputeState.LOST: DisputeStatus.LOST,
    DisputeState.INQUIRY_CLOSED: DisputeStatus.INQUIRY_CLOSED,
}


def apply_dispute(gateway_name: str, external_id: str) -> None:
    """Read a dispute at its gateway and book what it says; first the payment, when its own news has not come yet.

    Before a loss is booked, refunds whose answer was lost are asked for: whether the customer has them decides what is lost.
    """
    facts = gateway(gateway_name).read_dispute(external_id)
    payments = payments_told_of(gateway_name, facts)
    if facts.payment_external_id and not payments.filter(state__in=BOOKED).exists():
        apply_payment(gateway_name, facts.payment_external_id)
    if facts.status == DisputeStatus.LOST:
        for payment in payments:
            prove_unanswered(payment)
    apply_dispute_facts(gateway_name, facts)


def apply_dispute_facts(gateway_name: str, facts: GatewayDispute) -> None:
    """Book freshly read facts of one dispute, once, whatever was missed before.

    An inquiry takes no money: a task for staff and nothing else. Emits ``dispute.opened``, ``dispute.closed``. Raises
    `GatewayError` when a loss cannot be booked yet, because a refund of ours is being sent at this moment.
    """
    with transaction.atomic():
        payment = _lock_payment(gateway_name, facts)
        if payment is None:
            open_task(
                f"unknown:{gateway_name}:{facts.external_id}"[:120],
                TaskKind.UNKNOWN_PAYMENT,
                _("%(gateway)s reports a dispute of a payment that we do not know: %(id)s.")
                % {"gateway": gateway_name, "id": facts.external_id},
            )
            return
        dispute = Dispute.objects.filter(payment=payment, external_id=facts.external_id).first() or _create(payment, facts)
        dispute.payment = payment
        _follow(dispute, payment, facts)
        _book_report(dispute, payment.charge.contract, facts)


def _lock_payment(gateway_name: str, facts: GatewayDispute) -> Payment | None:
    """The payment with its charge, both locked, the charge first; None for one that we do not know."""
    known = payments_told_of(gateway_name, facts)
    charge_id = known.values_list("charge_id", flat=True).first()
    if charge_id is None:
        return None
    charge = Charge.objects.select_for_update(of=("self",)).select_related("contract", "segment").get(pk=charge_id)
    payment = known.select_for_update(of=("self",)).get()
    payment.charge = charge
    return payment


def _create(payment: Payment, facts: GatewayDispute) -> Dispute:
    return Dispute.objects.create(
        payment=payment,
        external_id=facts.external_id,
        reason=facts.reason[:100],
        amount_minor=facts.amount_minor,
        currency=facts.currency,
        evidence_due_at=facts.evidence_due_at,
        opened_at=clock.now(),
    )


def _follow(dispute: Dispute, payment: Payment, facts: GatewayDispute) -> None:
    """Take the dispute, step by step, to where its bank says that it is."""
    if dispute.state in ENDS and facts.status == ENDS[DisputeState(dispute.state)]:
        return
    if dispute.state in {DisputeState.WON, DisputeState.LOST}:
        _file_reversal(dispute, payment, facts)
        return
    if facts.status in {DisputeStatus.INQUIRY, DisputeStatus.INQUIRY_CLOSED}:
        _ask(dispute, payment, facts)
        return
    if dispute.state != DisputeState.OPEN:
        _open(dispute, payment, facts)
    _keep_date(dispute, facts)
    if facts.status == DisputeStatus.WON:
        _win(dispute, payment)
    elif facts.status == DisputeStatus.LOST:
        _lose(dispute, payment)


def _book_report(dispute: Dispute, contract: Contract, facts: GatewayDispute) -> None:
    """What the gateway's balance report shows of it: money and fee taken, money and perhaps a part of the fee back."""
    if facts.withdrawn is not None:
        balance_postings.dispute_withdrawn(dispute, contract, facts.withdrawn)
    if facts.reinstated is not None:
        balance_postings.dispute_reinstated(dispute, contract, facts.reinstated)


def _ask(dispute: Dispute, payment: Payment, facts: GatewayDispute) -> None:
    """An inquiry: no money moves. Late news of one that has become a dispute changes nothing."""
    if dispute.state != DisputeState.INQUIRY:
        return
    open_task(
        f"inquiry:{dispute.pk}",
        TaskKind.INQUIRY,
        _("The customer’s bank asks about %(amount)s.") % {"amount": money(dispute.amount)},
        contract=payment.charge.contract,
        payment=payment,
        due_at=facts.evidence_due_at,
    )
    _keep_date(dispute, facts)
    if facts.status == DisputeStatus.INQUIRY_CLOSED:
        dispute.close_inquiry(clock.now())
        dispute.save()
        close_task(f"inquiry:{dispute.pk}", None)


def _keep_date(dispute: Dispute, facts: GatewayDispute) -> None:
    """A bank may give more time, or less."""
    if dispute.evidence_due_at == facts.evidence_due_at:
        return
    dispute.evidence_due_at = facts.evidence_due_at
    dispute.save()
    for key in (f"inquiry:{dispute.pk}", f"dispute:{dispute.pk}"):
        postpone_task(key, facts.evidence_due_at)


def _open(dispute: Dispute, payment: Payment, facts: GatewayDispute) -> None:
    contract = payment.charge.contract
    dispute.withdraw(facts.amount_minor, facts.fee_minor)
    dispute.save()
    payment.disputed_minor += dispute.amount_minor
    payment.save(update_fields=["disputed_minor"])
    close_task(f"inquiry:{dispute.pk}", None)
    open_task(
        f"dispute:{dispute.pk}",
        TaskKind.DISPUTE,
        _("%(amount)s is disputed; answer the bank.") % {"amount": money(dispute.amount)},
        contract=contract,
        payment=payment,
        due_at=facts.evidence_due_at,
    )
    postings.dispute_withdrawn(dispute, contract)
    if is_allocated(payment):
        open_dispute(contract.pk)
    emit("dispute.opened", contract, dispute=dispute.pk, amount_minor=dispute.amount_minor, currency=dispute.currency)


def _win(dispute: Dispute, payment: Payment) -> None:
    contract = payment.charge.contract
    payment.disputed_minor -= dispute.amount_minor
    payment.save(update_fields=["disputed_minor"])
    postings.dispute_won(dispute, contract)
    if is_allocated(payment):
        close_dispute_won(contract.pk)
    dispute.win(clock.now())
    dispute.save()
    _announce(dispute, contract, won=True)


@dataclass(frozen=True)
class _Loss:
    """Where the money that a bank keeps is taken from: `covered` are refunds that it has paid, `beyond` had gone back before."""

    priced: Priced
    sources: Sources
    unallocated: int
    covered: list[Refund]
    beyond: int

    @property
    def owed(self) -> int:
        """What the covered refunds come to."""
        return _total(self.covered)

    @property
    def of_contract(self) -> int:
        """What of it the contract's own money bears: what is not ours to bear."""
        return self.sources.escrow_minor + self.sources.taken.amount_minor


def _lose(dispute: Dispute, payment: Payment) -> None:
    if Refund.objects.filter(payment=payment, state=RefundState.SUBMITTING).exists():
        raise GatewayError("a refund of this payment is being sent: the loss is booked once its answer is there")
    contract = payment.charge.contract
    payment.disputed_minor -= dispute.amount_minor
    payment.save(update_fields=["disputed_minor"])
    loss = _loss(dispute, payment)
    postings.dispute_lost(
        dispute,
        contract,
        payment.charge.segment if is_allocated(payment) else None,
        sources=loss.sources,
        unallocated=loss.unallocated,
        refund_payable=loss.owed,
        beyond=loss.beyond,
        tax=loss.priced.tax.minor,
    )
    dispute.lose(clock.now(), loss.priced, loss.owed + loss.unallocated)
    dispute.save()
    if is_allocated(payment):
        assert payment.charge.segment_id is not None
        close_dispute_lost(contract.pk, {payment.charge.segment_id: loss.of_contract})
    _announce(dispute, contract, won=False)
    # Numbers are given out last, when everything else is locked.
    for refund in loss.covered:
        issue_credit_note_for_refund(refund)
    issue_credit_note_for_dispute(dispute)


def _loss(dispute: Dispute, payment: Payment) -> _Loss:
    """Net by its sources; then what we still owe the customer, who has it from the bank now; what had gone back is our loss."""
    amount, code = dispute.amount_minor, dispute.currency
    charge = payment.charge
    if not is_allocated(payment):
        unallocated = min(amount, -balance(LedgerAccount.UNALLOCATED, payment, code))
        covered = _cover(dispute, payment, amount - unallocated)
        return _Loss(Priced.zero(code), NO_SOURCES, unallocated, covered, amount - unallocated - _total(covered))
    paid, back = paid_of(charge), given_back(payment)
    part = min(amount, (paid - back).gross.minor)
    priced = split_gross(part, paid=paid, given_back=back, rate=charge.tax_rate)
    assert charge.segment is not None
    covered = _cover(dispute, payment, amount - part)
    charge.segment.contract = charge.contract = lock_contract(charge.contract_id)
    sources = sources_of_loss(charge.contract, charge.segment, priced.net.minor)
    return _Loss(priced, sources, 0, covered, amount - part - _total(covered))


def _cover(dispute: Dispute, payment: Payment, available: int) -> list[Refund]:
    """Refunds that we owed and had not sent: the bank has paid them now."""
    covered: list[Refund] = []
    waiting = [RefundState.REQUESTED, RefundState.AWAITING_APPROVAL, RefundState.FAILED]
    for refund in Refund.objects.select_for_update().filter(payment=payment, state__in=waiting).order_by("id"):
        if _total(covered) + refund.amount_minor <= available:
            refund.payment, refund.contract = payment, payment.charge.contract
            cover(refund, dispute)
            covered.append(refund)
    return covered


def _total(refunds: list[Refund]) -> int:
    return sum(refund.amount_minor for refund in refunds)


def _file_reversal(dispute: Dispute, payment: Payment, facts: GatewayDispute) -> None:
    """A bank that takes its last word back: nothing is booked without a person."""
    open_task(
        f"dispute:{dispute.pk}:{facts.status.value}",
        TaskKind.DISPUTE,
        _("A dispute of %(amount)s was decided, and the gateway says %(status)s of it now. Book by hand what moved.")
        % {"amount": money(dispute.amount), "status": facts.status.value},
        contract=payment.charge.contract,
        payment=payment,
    )


def _announce(dispute: Dispute, contract: Contract, *, won: bool) -> None:
    close_task(f"dispute:{dispute.pk}", None)
    emit(
        "dispute.closed",
        contract,
        dispute=dispute.pk,
        won=won,
        amount_minor=dispute.amount_minor,
        currency=dispute.currency,
    )


def reread_disputes() -> int:
    """Read again what no bank has decided: webhooks get lost, and dates move. Runs every hour; returns how many."""
    undecided = Dispute.objects.filter(closed_at=None).select_related("payment")
    return each(list(undecided.order_by("evidence_due_at", "id")[:500]), _read_again)


def _read_again(dispute: Dispute) -> None:
    with waiting_when_silent(dispute):
        apply_dispute(dispute.payment.gateway, dispute.external_id)
