"""Only what gateways say of refunds: booked once, believed when confirmed; and the rows of refunds, locked in order."""

from django.db import transaction
from django.utils.translation import gettext as _

from billing import balance_postings, postings
from billing.gateway_facts import GatewayRefund, RefundStatus
from billing.models import Charge, Dispute, Payment, Refund
from billing.services.document import issue_credit_note_for_refund
from billing.services.refund import tell_of_refund
from billing.services.task import close_task, open_task
from billing.states import DisputeState, RefundState, TaskKind
from contracts.services.move import lock as lock_contract
from core import clock
from core.formats import money
from core.outbox import Json


def apply_refund_facts(gateway_name: str, facts: GatewayRefund) -> bool:
    """Book freshly read facts of one refund, once. Confirmed is only what the gateway calls succeeded.

    Returns whether the refund is one that we know. Emits ``refund.succeeded`` or ``refund.failed``.
    """
    with transaction.atomic():
        refund = _find(gateway_name, facts)
        if refund is None:
            return False
        book_report(refund, facts)
        if _is_old(refund, facts):
            return True
        if refund.state == RefundState.SUBMITTING:
            refund.acknowledge(facts.external_id)
            refund.save()
        if refund.external_id != facts.external_id:
            return True
        # One that was given to staff may have been sent in the gateway's dashboard.
        if facts.status == RefundStatus.SUCCEEDED and refund.state in {RefundState.SUBMITTED, RefundState.MANUAL}:
            confirm(refund)
            postings.refund_confirmed(refund)
        elif facts.status == RefundStatus.FAILED:
            _fail(refund, facts.error)
    return True


def book_report(refund: Refund, facts: GatewayRefund) -> None:
    """What the gateway's balance report shows of it, whichever attempt it belongs to: money left, and came back."""
    if facts.reported is not None:
        balance_postings.refund_reported(refund, facts.reported)
    if facts.returned is not None:
        balance_postings.refund_returned(refund, facts.returned)


def _is_old(refund: Refund, facts: GatewayRefund) -> bool:
    """News of an attempt that failed before the last one, or of a refund that was paid by hand or by a bank since."""
    return bool(refund.reference) or (facts.refund_id is not None and facts.attempt < refund.failures)


def lock_refund(refund_id: int) -> Refund:
    """The refund with charge, payment and contract, all locked in the one order, so that nobody waits in a circle."""
    charge_id, payment_id, contract_id = Refund.objects.values_list("payment__charge_id", "payment_id", "contract_id").get(
        pk=refund_id
    )
    charge = Charge.objects.select_for_update(of=("self",)).get(pk=charge_id)
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment_id)
    refund = Refund.objects.select_for_update(of=("self",)).select_related("segment").get(pk=refund_id)
    refund.payment, refund.payment.charge = payment, charge
    refund.contract = charge.contract = lock_contract(contract_id)
    return refund


def confirm(refund: Refund, **who: Json) -> None:
    """The money is with the customer. The caller posts where it came from."""
    refund.succeed(clock.now())
    refund.save()
    payment = refund.payment
    payment.refunded_minor += refund.amount_minor
    payment.save(update_fields=["refunded_minor"])
    close_task(f"refund:{refund.pk}", None)
    if payment.refunded_minor == payment.received_minor:
        # Whatever was odd about it: all of it is back.
        close_task(f"payment:{payment.pk}", None)
    tell_of_refund("refund.succeeded", refund, **who)
    issue_credit_note_for_refund(refund)


def cover(refund: Refund, dispute: Dispute) -> None:
    """A bank that keeps the money has paid what we owed: nothing is sent any more. The caller posts it, and issues its note."""
    refund.hand_over()
    refund.reference = f"dispute {dispute.external_id}"[:120]
    refund.succeed(clock.now())
    refund.save()
    close_task(f"refund:{refund.pk}", None)


def file_failed(refund: Refund) -> None:
    """It did not arrive: a task for staff, and word to the customer."""
    open_task(
        f"refund:{refund.pk}",
        TaskKind.REFUND_FAILED,
        _("A refund of %(amount)s did not arrive: pay it by hand.") % {"amount": money(refund.amount)},
        contract=refund.contract,
        payment=refund.payment,
    )
    tell_of_refund("refund.failed", refund)


def _find(gateway_name: str, facts: GatewayRefund) -> Refund | None:
    refunds = Refund.objects.filter(payment__gateway=gateway_name).values_list("pk", flat=True)
    found = refunds.filter(public_id=facts.refund_id).first() if facts.refund_id is not None else None
    if found is None:
        found = refunds.filter(external_id=facts.external_id).first()
    return None if found is None else lock_refund(found)


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
    if not _a_bank_has_paid(refund):
        file_failed(refund)


def _a_bank_has_paid(refund: Refund) -> bool:
    """Whether a lost dispute took more than was left to take: then the customer has this money from there already."""
    lost = Dispute.objects.select_for_update().filter(payment=refund.payment, state=DisputeState.LOST).order_by("id")
    for dispute in lost:
        if dispute.beyond_minor >= refund.amount_minor:
            cover(refund, dispute)
            postings.refund_covered(refund, dispute)
            dispute.covered_minor += refund.amount_minor
            dispute.save()
            issue_credit_note_for_refund(refund)
            return True
    return False
