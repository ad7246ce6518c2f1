"""Only refunds on their way: sent with a key, approved by a second person, tried again, paid by hand, swept."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from billing import postings
from billing.gateway_facts import GatewayError
from billing.gateways import gateway
from billing.models import Payment, Refund, StaffTask
from billing.services.refund import refuse_while_disputed, tell_of_refund
from billing.services.refund_dropping import gave_way_key
from billing.services.refund_news import apply_refund_facts, confirm, file_failed, lock_refund
from billing.services.task import close_task
from billing.services.token_refund import file_slow, goes_by_hand, hand_over
from billing.silence import waiting_when_silent
from billing.states import RefundKind, RefundState
from contracts.models import Move
from contracts.states import FINAL, ActorKind
from core import clock
from core.errors import Refused
from core.sweeps import each

UNPROVEN = (RefundState.REQUESTED, RefundState.SUBMITTING)


def approve_refund(refund_id: int, user: User) -> None:
    """A second person lets a large refund go. Emits ``refund.approved``.

    Raises `Refused`: decided (somebody did already), disputed (a bank holds the payment), second_person (who decided it).
    """
    with transaction.atomic():
        refund = lock_refund(refund_id)
        if refund.state != RefundState.AWAITING_APPROVAL:
            raise Refused(_("Somebody has decided this already."), code="decided")
        refuse_while_disputed(refund.payment)
        if _was_decided_by(refund, user):
            raise Refused(_("This refund follows from what you decided: a second person lets it go."), code="second_person")
        refund.approved_by = user
        close_task(gave_way_key(refund), user)
        tell_of_refund("refund.approved", refund, actor_kind="staff", actor=user.pk)
        if goes_by_hand(refund):
            hand_over(refund)
            return
        refund.submit(clock.now())
        refund.save()
    send_refund(refund_id)


def send_refund(refund_id: int) -> None:
    """Send a decided refund to its gateway. Row first, then the call, then its answer. What it does not send is given to staff.

    Does nothing when it is on its way or done, waits for approval or for the end of a dispute. A repeat after
    a crash carries the same key, so the gateway pays once. Raises `GatewayError` when it does not answer.
    """
    with transaction.atomic():
        refund = lock_refund(refund_id)
        if refund.state not in UNPROVEN or refund.payment.disputed_minor:
            return
        if refund.state == RefundState.REQUESTED and goes_by_hand(refund):
            hand_over(refund)
            return
        refund.submit(clock.now())
        refund.save()
    _ask_gateway(refund)


def prove_unanswered(payment: Payment) -> None:
    """Learn what became of refunds whose answer was lost, before a bank's last word about their payment is booked.

    The repeat carries the same key: a gateway that has paid says so; one that cannot pay any more refuses, and the refund is
    owed. Either way nobody pays it twice. Raises `GatewayError` when the gateway is silent: the bank's word waits, too.
    """
    for refund in Refund.objects.filter(payment=payment, state=RefundState.SUBMITTING).select_related("payment").order_by("id"):
        _ask_gateway(refund)


def _ask_gateway(refund: Refund) -> None:
    try:
        facts = gateway(refund.payment.gateway).refund(refund)
    except GatewayError as error:
        Refund.objects.filter(pk=refund.pk).update(last_error=str(error)[:500])
        if not error.permanent:
            raise
        _give_to_staff(refund.pk, str(error))
        return
    apply_refund_facts(refund.payment.gateway, facts)


def _give_to_staff(refund_id: int, error: str) -> None:
    with transaction.atomic():
        refund = lock_refund(refund_id)
        if refund.state == RefundState.SUBMITTING:
            refund.fail(error)
            refund.save()
            file_failed(refund)


def send_waiting_refunds(contract_id: int) -> None:
    """Send what was decided for a contract and could not go while a bank held the money."""
    for refund in Refund.objects.filter(contract=contract_id, state=RefundState.REQUESTED).order_by("id"):
        send_refund(refund.pk)


def retry_refund(refund_id: int, user: User) -> None:
    """Staff sends a failed refund once more, as a new attempt. Raises `Refused` unless it failed, and while a bank decides.

    Emits ``refund.retried``.
    """
    with transaction.atomic():
        refund = lock_refund(refund_id)
        if refund.state != RefundState.FAILED or refund.sent_to_id is not None:
            raise Refused(_("This refund has not failed, or somebody is at it already."), code="decided")
        refuse_while_disputed(refund.payment)
        if refund.external_id:
            refund.earlier_ids.append(refund.external_id)
        refund.external_id = ""
        refund.submit(clock.now())
        refund.save()
        tell_of_refund("refund.retried", refund, actor_kind="staff", actor=user.pk)
    send_refund(refund_id)


def pay_refund_by_hand(refund_id: int, user: User, reference: str) -> None:
    """Staff has paid a failed refund from the bank; `reference` is the bank's. Raises `Refused`, also while a dispute is open.

    Emits ``refund.succeeded``, with who paid it and the reference.
    """
    reference = reference.strip()
    if not reference:
        raise Refused(_("Give the bank’s reference."), code="required", field="reference")
    with transaction.atomic():
        refund = lock_refund(refund_id)
        if refund.state != RefundState.FAILED or refund.token_units is not None:
            raise Refused(_("This refund is not waiting to be paid from the bank."), code="decided")
        refuse_while_disputed(refund.payment)
        refund.hand_over()
        refund.reference = reference[:120]
        refund.paid_by = user
        refund.save()
        confirm(refund, actor_kind="staff", actor=user.pk, reference=refund.reference)
        postings.refund_paid_by_hand(refund)


def sweep_refunds() -> int:
    """Send again what a crash or a silent gateway left half done, and read again what is on its way.

    Runs every minute; returns how many were looked at.
    """
    now = clock.now()
    waiting = Refund.objects.filter(state=RefundState.REQUESTED, created_at__lte=now - timedelta(minutes=1))
    stuck = Refund.objects.filter(state=RefundState.SUBMITTING, submitted_at__lte=now - timedelta(minutes=5))
    under_way = Refund.objects.filter(state=RefundState.SUBMITTED, submitted_at__lte=now - timedelta(minutes=5))
    # Any hundred of those under way, not the oldest: a hundred that a bank sits on must not hide the others.
    half_done = [*waiting.order_by("id")[:100], *stuck.order_by("id")[:100]]
    return each([*half_done, *under_way.select_related("payment").order_by("?")[:100]], _move_on)


def _move_on(refund: Refund) -> None:
    with waiting_when_silent(refund):
        if refund.state == RefundState.SUBMITTED:
            apply_refund_facts(refund.payment.gateway, gateway(refund.payment.gateway).read_refund(refund.external_id))
            file_slow(refund)
        else:
            send_refund(refund.pk)


def _was_decided_by(refund: Refund, user: User) -> bool:
    """Whether this member of staff decided the refund, ended the rental, or decided about the odd payment, that it follows from."""
    if refund.decided_by_id == user.pk:
        return True
    if refund.kind == RefundKind.UNUSED:
        return Move.objects.filter(
            contract=refund.contract, to_state__in=sorted(FINAL), actor_kind=ActorKind.STAFF, actor=user
        ).exists()
    return StaffTask.objects.filter(key=f"payment:{refund.payment_id}", closed_by=user).exists()
