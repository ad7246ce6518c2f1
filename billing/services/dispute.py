"""Only what a customer's bank says: money withdrawn, given back, or kept."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from billing import postings
from billing.gateway_facts import DisputeStatus, GatewayDispute
from billing.gateways import gateway
from billing.ledger import balance
from billing.models import Dispute, Payment, Refund
from billing.queries import given_back, paid_of
from billing.services.payment import BOOKED, apply_payment
from billing.services.task import close_task, open_task
from billing.states import DisputeState, LedgerAccount, PaymentState, RefundState, TaskKind
from contracts.models import Contract
from contracts.services import close_dispute_lost, close_dispute_won, open_dispute
from core import clock
from core.formats import money
from core.money import Money, Priced, split_gross
from core.outbox import emit

CLOSED = {DisputeState.WON, DisputeState.LOST, DisputeState.INQUIRY_CLOSED}


def apply_dispute(gateway_name: str, external_id: str) -> None:
    """Read a dispute at its gateway and book what it says; first the payment, when its own news has not come yet."""
    facts = gateway(gateway_name).read_dispute(external_id)
    booked = Payment.objects.filter(gateway=gateway_name, external_id=facts.payment_external_id, state__in=BOOKED)
    if not booked.exists():
        apply_payment(gateway_name, facts.payment_external_id)
    apply_dispute_facts(gateway_name, facts)


def apply_dispute_facts(gateway_name: str, facts: GatewayDispute) -> None:
    """Book freshly read facts of one dispute, once, whatever was missed before.

    An inquiry takes no money: a task for staff and nothing else. Emits ``dispute.opened``, ``dispute.closed``.
    """
    with transaction.atomic():
        payment = (
            Payment.objects.select_for_update(of=("self",))
            .select_related("charge__contract", "charge__segment")
            .filter(gateway=gateway_name, external_id=facts.payment_external_id)
            .first()
        )
        if payment is None:
            open_task(
                f"unknown:{gateway_name}:{facts.external_id}",
                TaskKind.UNKNOWN_PAYMENT,
                _("%(gateway)s reports a dispute of a payment that we do not know: %(id)s.")
                % {"gateway": gateway_name, "id": facts.external_id},
            )
            return
        dispute = Dispute.objects.filter(payment=payment, external_id=facts.external_id).first()
        if dispute is None:
            dispute = _create(payment, facts)
        if dispute.state in CLOSED:
            return
        if facts.status == DisputeStatus.INQUIRY_CLOSED and dispute.state == DisputeState.INQUIRY:
            _finish(dispute, DisputeState.INQUIRY_CLOSED)
            return
        if facts.status in {DisputeStatus.INQUIRY, DisputeStatus.INQUIRY_CLOSED}:
            return
        if dispute.state == DisputeState.INQUIRY:
            _open(dispute, payment, facts)
        if facts.status == DisputeStatus.WON:
            _win(dispute, payment, facts)
        elif facts.status == DisputeStatus.LOST:
            _lose(dispute, payment)


def _create(payment: Payment, facts: GatewayDispute) -> Dispute:
    """Every dispute begins as an inquiry here, so that one whose opening we missed is opened now."""
    contract = payment.charge.contract
    dispute = Dispute.objects.create(
        payment=payment,
        external_id=facts.external_id,
        state=DisputeState.INQUIRY,
        amount_minor=facts.amount_minor,
        currency=facts.currency,
        evidence_due_at=facts.evidence_due_at,
        opened_at=clock.now(),
    )
    amount = money(Money(facts.amount_minor, facts.currency))
    inquiry = facts.status in {DisputeStatus.INQUIRY, DisputeStatus.INQUIRY_CLOSED}
    open_task(
        f"dispute:{dispute.pk}",
        TaskKind.INQUIRY if inquiry else TaskKind.DISPUTE,
        (_("The customer's bank asks about %(amount)s.") if inquiry else _("%(amount)s is disputed; answer the bank."))
        % {"amount": amount},
        contract=contract,
        payment=payment,
        due_at=facts.evidence_due_at,
    )
    return dispute


def _open(dispute: Dispute, payment: Payment, facts: GatewayDispute) -> None:
    contract = payment.charge.contract
    dispute.state = DisputeState.OPEN
    dispute.amount_minor = facts.amount_minor
    dispute.fee_minor = facts.fee_minor
    dispute.evidence_due_at = facts.evidence_due_at
    dispute.save()
    payment.disputed_minor += dispute.amount_minor
    payment.save(update_fields=["disputed_minor"])
    postings.dispute_withdrawn(dispute, contract)
    if _pays_for_contract(payment):
        open_dispute(contract.pk)
    emit("dispute.opened", contract, dispute=dispute.pk, amount_minor=dispute.amount_minor, currency=dispute.currency)


def _win(dispute: Dispute, payment: Payment, facts: GatewayDispute) -> None:
    contract = payment.charge.contract
    payment.disputed_minor -= dispute.amount_minor
    payment.save(update_fields=["disputed_minor"])
    postings.dispute_won(dispute, contract, facts.fee_returned_minor)
    if _pays_for_contract(payment):
        close_dispute_won(contract.pk)
    _finish(dispute, DisputeState.WON)
    _announce(dispute, contract, won=True)


@dataclass(frozen=True)
class _Loss:
    """Where the money that a bank keeps is taken from."""

    priced: Priced
    escrow: int
    unallocated: int
    owed: int
    losses: int


def _lose(dispute: Dispute, payment: Payment) -> None:
    contract = payment.charge.contract
    payment.disputed_minor -= dispute.amount_minor
    payment.save(update_fields=["disputed_minor"])
    loss = _loss(dispute, payment)
    postings.dispute_lost(
        dispute,
        contract,
        payment.charge.segment,
        escrow=loss.escrow,
        unallocated=loss.unallocated,
        refund_payable=loss.owed,
        losses=loss.losses,
        tax=loss.priced.tax.minor,
    )
    dispute.lost_net_minor = loss.priced.net.minor
    dispute.lost_tax_minor = loss.priced.tax.minor
    if _pays_for_contract(payment):
        assert payment.charge.segment_id is not None
        close_dispute_lost(contract.pk, {payment.charge.segment_id: loss.priced.net.minor})
    _finish(dispute, DisputeState.LOST)
    _announce(dispute, contract, won=False)


def _loss(dispute: Dispute, payment: Payment) -> _Loss:
    """Net from escrow first; then what we still owe the customer, who has it from the bank now; then our loss."""
    amount, code = dispute.amount_minor, dispute.currency
    charge = payment.charge
    if not _pays_for_contract(payment):
        unallocated = min(amount, -balance(LedgerAccount.UNALLOCATED, payment, code))
        owed = _cover(dispute, payment, amount - unallocated)
        return _Loss(Priced.zero(code), 0, unallocated, owed, amount - unallocated - owed)
    paid, back = paid_of(charge), given_back(payment)
    part = min(amount, (paid - back).gross.minor)
    priced = split_gross(part, paid=paid, given_back=back, rate=charge.tax_rate)
    assert charge.segment is not None
    escrow = min(priced.net.minor, -balance(LedgerAccount.ESCROW, charge.segment, code))
    owed = _cover(dispute, payment, amount - part)
    return _Loss(priced, escrow, 0, owed, amount - part - owed + priced.net.minor - escrow)


def _cover(dispute: Dispute, payment: Payment, available: int) -> int:
    """Refunds that we owed and had not sent: the bank has paid them now. Returns how much that was."""
    covered = 0
    waiting = [RefundState.REQUESTED, RefundState.AWAITING_APPROVAL, RefundState.FAILED]
    for refund in Refund.objects.select_for_update().filter(payment=payment, state__in=waiting).order_by("id"):
        if covered + refund.amount_minor > available:
            continue
        refund.hand_over()
        refund.reference = f"dispute {dispute.external_id}"[:120]
        refund.succeed(clock.now())
        refund.save()
        close_task(f"refund:{refund.pk}", None)
        covered += refund.amount_minor
    return covered


def _pays_for_contract(payment: Payment) -> bool:
    return payment.state == PaymentState.SUCCEEDED and not payment.anomaly


def _finish(dispute: Dispute, state: DisputeState) -> None:
    dispute.state = state
    dispute.closed_at = clock.now()
    dispute.save()
    close_task(f"dispute:{dispute.pk}", None)


def _announce(dispute: Dispute, contract: Contract, *, won: bool) -> None:
    emit(
        "dispute.closed",
        contract,
        dispute=dispute.pk,
        won=won,
        amount_minor=dispute.amount_minor,
        currency=dispute.currency,
    )
