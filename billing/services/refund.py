"""Only money going back: decided once, sent with a key, believed when confirmed."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from billing import postings
from billing.gateway_facts import GatewayError, GatewayRefund, RefundStatus
from billing.gateways import gateway
from billing.ledger import balance
from billing.models import LedgerEntry, Payment, Refund, StaffTask
from billing.queries import at_most_received, given_back, unused_of
from billing.services.task import close_task, open_task
from billing.silence import waiting_when_silent
from billing.states import Anomaly, LedgerAccount, PaymentState, RefundKind, RefundState, TaskKind
from contracts.models import Move, Segment, Settlement
from contracts.states import FINAL, ActorKind
from core import clock
from core.errors import Refused
from core.formats import money
from core.money import Priced
from core.outbox import emit
from core.sweeps import each


def refund_settlement(contract_id: int) -> list[Refund]:
    """Decide the refunds that a contract's settlement asks for, one per paid segment.

    Reads the settlement and computes only the tax. Waits while a dispute of the payment is open; called
    again when it closes. Safe to repeat: the segment is the key. Emits ``refund.requested`` for each.
    """
    decided = []
    settlements = Settlement.objects.filter(segment__contract=contract_id).select_related("segment")
    for settlement in settlements.order_by("segment__number"):
        with transaction.atomic():
            payment = (
                Payment.objects.select_for_update(of=("self",))
                .select_related("charge__contract")
                .filter(charge__segment=settlement.segment_id, state=PaymentState.SUCCEEDED, anomaly=Anomaly.NONE)
                .first()
            )
            if payment is None or payment.disputed_minor:
                continue
            refund = _decide_unused(payment, settlement)
            if refund is not None:
                decided.append(refund)
    return decided


def _decide_unused(payment: Payment, settlement: Settlement) -> Refund | None:
    key = f"settlement:{settlement.segment_id}"
    if Refund.objects.filter(key=key).exists():
        return None
    unused = unused_of(payment, settlement)
    priced = at_most_received(unused, payment, given_back(payment))
    if priced != unused:
        postings.shortfall_regained(payment, settlement.segment, unused - priced)
    if not priced.gross:
        return None
    refund = _create(
        key,
        RefundKind.UNUSED,
        payment,
        priced,
        segment=settlement.segment,
        reason=payment.charge.contract.end_reason,
    )
    postings.refund_decided(refund)
    _announce(refund)
    return refund


def request_return(payment: Payment, amount_minor: int | None = None) -> None:
    """Send back money that pays for nothing: what is left of an unallocated payment, or a surplus of `amount_minor`.

    The payment's row must be locked by the caller.
    """
    if amount_minor is None:
        left = -balance(LedgerAccount.UNALLOCATED, payment, payment.currency)
        if not left:
            # A lost dispute has given it back already.
            return
        priced = Priced.of(left, 0, payment.currency)
        refund = _create(f"return:{payment.pk}", RefundKind.RETURN, payment, priced)
        postings.return_decided(refund)
    else:
        # A surplus was posted as owed when staff accepted the payment.
        surplus = Priced.of(amount_minor, 0, payment.currency)
        refund = _create(f"surplus:{payment.pk}", RefundKind.RETURN, payment, surplus)
    _announce(refund)


def _create(
    key: str, kind: RefundKind, payment: Payment, priced: Priced, *, segment: Segment | None = None, reason: str = ""
) -> Refund:
    refund = Refund(
        key=key,
        kind=kind,
        payment=payment,
        contract=payment.charge.contract,
        segment=segment,
        net_minor=priced.net.minor,
        tax_minor=priced.tax.minor,
        amount_minor=priced.gross.minor,
        currency=payment.currency,
        reason=reason,
        created_at=clock.now(),
    )
    limit = settings.REFUND_APPROVAL_LIMIT_MINOR
    if limit is not None and refund.amount_minor > limit:
        refund.await_approval()
    refund.save()
    return refund


def _announce(refund: Refund) -> None:
    emit(
        "refund.requested",
        refund.contract,
        refund=refund.pk,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        kind=refund.kind,
    )


def approve_refund(refund_id: int, user: User) -> None:
    """A second person lets a large refund go.

    Raises `Refused`: decided (somebody did already), disputed (a bank holds the payment), second_person (who decided it).
    """
    with transaction.atomic():
        refund = _lock(refund_id)
        if refund.state != RefundState.AWAITING_APPROVAL:
            raise Refused(_("Somebody has decided this already."), code="decided")
        _refuse_while_disputed(refund)
        if _was_decided_by(refund, user):
            raise Refused(_("This refund follows from what you decided: a second person lets it go."), code="second_person")
        refund.approved_by = user
        refund.submit(clock.now())
        refund.save()
    send_refund(refund_id)


def send_refund(refund_id: int) -> None:
    """Send a decided refund to its gateway. Row first, then the call, then its answer.

    Does nothing when it is on its way or done, waits for approval or for the end of a dispute. A repeat after
    a crash carries the same key, so the gateway pays once. Raises `GatewayError` when it does not answer.
    """
    with transaction.atomic():
        refund = _lock(refund_id)
        if refund.state not in {RefundState.REQUESTED, RefundState.SUBMITTING}:
            return
        if refund.payment.disputed_minor:
            return
        refund.submit(clock.now())
        refund.save()
    try:
        facts = gateway(refund.payment.gateway).refund(refund)
    except GatewayError as error:
        Refund.objects.filter(pk=refund.pk).update(last_error=str(error)[:500])
        if not error.permanent:
            raise
        _give_to_staff(refund.pk, str(error))
        return
    apply_refund_facts(refund.payment.gateway, facts)


def send_waiting_refunds(contract_id: int) -> None:
    """Send what was decided for a contract and could not go while a bank held the money."""
    for refund in Refund.objects.filter(contract=contract_id, state=RefundState.REQUESTED).order_by("id"):
        send_refund(refund.pk)


def apply_refund(gateway_name: str, external_id: str) -> None:
    """Read a refund at its gateway and book what it says."""
    apply_refund_facts(gateway_name, gateway(gateway_name).read_refund(external_id))


def apply_refund_facts(gateway_name: str, facts: GatewayRefund) -> None:
    """Book freshly read facts of one refund, once. Confirmed is only what the gateway calls succeeded.

    Emits ``refund.succeeded`` or ``refund.failed``. A refund that we did not decide opens a staff task.
    """
    with transaction.atomic():
        refund = _find(gateway_name, facts)
        if refund is None:
            open_task(
                f"refund:{gateway_name}:{facts.external_id}",
                TaskKind.UNKNOWN_PAYMENT,
                _("%(gateway)s reports a refund that we did not decide: %(id)s.")
                % {"gateway": gateway_name, "id": facts.external_id},
            )
            return
        if refund.state == RefundState.SUBMITTING and not _is_of_earlier_attempt(refund, facts):
            refund.acknowledge(facts.external_id)
            refund.save()
            postings.refund_reported(refund)
        if refund.external_id != facts.external_id:
            return
        if facts.status == RefundStatus.SUCCEEDED and refund.state == RefundState.SUBMITTED:
            _confirm(refund)
            postings.refund_confirmed(refund)
        elif facts.status == RefundStatus.FAILED and not _is_known_to_have_failed(refund):
            _fail(refund, facts.error)


def _find(gateway_name: str, facts: GatewayRefund) -> Refund | None:
    refunds = Refund.objects.filter(payment__gateway=gateway_name)
    if facts.refund_id is not None:
        found = refunds.filter(public_id=facts.refund_id)
    else:
        found = refunds.filter(external_id=facts.external_id)
    refund_id = found.values_list("pk", flat=True).first()
    return None if refund_id is None else _lock(refund_id)


def _is_of_earlier_attempt(refund: Refund, facts: GatewayRefund) -> bool:
    """News of a refund that failed before this attempt: it stands in the ledger already."""
    return LedgerEntry.objects.filter(key=postings.reported_key(refund.payment, facts.external_id)).exists()


def _is_known_to_have_failed(refund: Refund) -> bool:
    """Old news: it failed before, and has been paid by hand or by a bank since."""
    return LedgerEntry.objects.filter(key=postings.money_back_key(refund)).exists()


def _confirm(refund: Refund) -> None:
    refund.succeed(clock.now())
    refund.save()
    payment = refund.payment
    payment.refunded_minor += refund.amount_minor
    payment.save(update_fields=["refunded_minor"])
    close_task(f"refund:{refund.pk}", None)
    emit(
        "refund.succeeded",
        refund.contract,
        refund=refund.pk,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
    )


def _fail(refund: Refund, error: str) -> None:
    if refund.state not in {RefundState.SUBMITTED, RefundState.SUCCEEDED}:
        return
    was_confirmed = refund.state == RefundState.SUCCEEDED
    refund.fail(error or "failed at the gateway")
    refund.save()
    if was_confirmed:
        payment = refund.payment
        payment.refunded_minor -= refund.amount_minor
        payment.save(update_fields=["refunded_minor"])
        postings.refund_undone(refund)
    postings.refund_money_back(refund)
    _file_failed(refund)


def _file_failed(refund: Refund) -> None:
    open_task(
        f"refund:{refund.pk}",
        TaskKind.REFUND_FAILED,
        _("A refund of %(amount)s did not arrive: pay it by hand.") % {"amount": money(refund.amount)},
        contract=refund.contract,
        payment=refund.payment,
    )
    emit("refund.failed", refund.contract, refund=refund.pk, amount_minor=refund.amount_minor, currency=refund.currency)


def _give_to_staff(refund_id: int, error: str) -> None:
    with transaction.atomic():
        refund = _lock(refund_id)
        if refund.state == RefundState.SUBMITTING:
            refund.fail(error)
            refund.save()
            _file_failed(refund)


def retry_refund(refund_id: int) -> None:
    """Staff sends a failed refund once more, as a new attempt. Raises `Refused` unless it failed, and while a bank decides."""
    with transaction.atomic():
        refund = _lock(refund_id)
        if refund.state != RefundState.FAILED:
            raise Refused(_("This refund has not failed, or somebody is at it already."), code="decided")
        _refuse_while_disputed(refund)
        refund.external_id = ""
        refund.submit(clock.now())
        refund.save()
    send_refund(refund_id)


def pay_refund_by_hand(refund_id: int, user: User, reference: str) -> None:
    """Staff has paid a failed refund from the bank; `reference` is the bank's. Raises `Refused`, also while a dispute is open."""
    reference = reference.strip()
    if not reference:
        raise Refused(_("Give the bank's reference."), code="required", field="reference")
    with transaction.atomic():
        refund = _lock(refund_id)
        if refund.state != RefundState.FAILED:
            raise Refused(_("This refund is not waiting to be paid by hand."), code="decided")
        _refuse_while_disputed(refund)
        refund.hand_over()
        refund.reference = reference[:120]
        refund.approved_by = user
        refund.save()
        _confirm(refund)
        postings.refund_paid_by_hand(refund)


def sweep_refunds() -> int:
    """Send again what a crash or a silent gateway left half done, and read again what is on its way.

    Runs every minute; returns how many were looked at.
    """
    now = clock.now()
    waiting = Refund.objects.filter(state=RefundState.REQUESTED, created_at__lte=now - timedelta(minutes=1))
    stuck = Refund.objects.filter(state=RefundState.SUBMITTING, submitted_at__lte=now - timedelta(minutes=5))
    under_way = Refund.objects.filter(state=RefundState.SUBMITTED, submitted_at__lte=now - timedelta(minutes=5))
    half_done = [*waiting.order_by("id")[:100], *stuck.order_by("id")[:100]]
    return each([*half_done, *under_way.select_related("payment").order_by("submitted_at")[:100]], _move_on)


def _move_on(refund: Refund) -> None:
    with waiting_when_silent(refund):
        if refund.state == RefundState.SUBMITTED:
            apply_refund(refund.payment.gateway, refund.external_id)
        else:
            send_refund(refund.pk)


def _lock(refund_id: int) -> Refund:
    """The refund with its payment, both locked: the payment first, as a dispute does, so that nobody waits in a circle."""
    payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id)
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment_id)
    refund = Refund.objects.select_for_update(of=("self",)).select_related("contract", "segment").get(pk=refund_id)
    refund.payment = payment
    return refund


def _refuse_while_disputed(refund: Refund) -> None:
    """Should the bank keep the money, the customer has it from there: whoever pays now pays twice."""
    if refund.payment.disputed_minor:
        raise Refused(_("The customer's bank has not decided about this payment."), code="disputed")


def _was_decided_by(refund: Refund, user: User) -> bool:
    """Whether this member of staff ended the rental, or decided about the odd payment, that the refund follows from."""
    if refund.kind == RefundKind.UNUSED:
        return Move.objects.filter(
            contract=refund.contract, to_state__in=sorted(FINAL), actor_kind=ActorKind.STAFF, actor=user
        ).exists()
    return StaffTask.objects.filter(key=f"payment:{refund.payment_id}", closed_by=user).exists()
