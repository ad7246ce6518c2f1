"""Only the pretend bank: its pages, refunds and disputes, each changed under its page's row lock, each change told by a message."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing.gateway_facts import DisputeStatus, GatewayError, PaymentStatus, RefundStatus
from billing.models import SandboxDispute, SandboxPayment, SandboxRefund
from billing.sandbox_messages import BATCH, MessageKind, queue_message
from billing.sandbox_outcomes import (
    Decision,
    Outcome,
    left_minor,
    possible_decisions,
    possible_outcomes,
)
from core import clock, jobs
from core.errors import Refused
from core.money import currency, floor_to_step

# How long the slow things of this bank take: a late or slow payment, and a refund that comes back.
SOON = timedelta(minutes=1)
EVIDENCE = timedelta(days=7)
# In whole units of the payment's currency; given back when the dispute is won.
DISPUTE_FEE = 15


def is_enabled() -> bool:
    """Whether this installation has a pretend bank: play money must not be money anywhere by accident."""
    return bool(settings.SANDBOX_ENABLED and settings.SANDBOX_WEBHOOK_SECRETS)


# --- What the gateway asks of it ----------------------------------------------------------------------------------------------


def open_page(
    *, key: UUID, charge_id: UUID, amount_minor: int, currency_code: str, subject: str, deadline_at: datetime, expires_at: datetime
) -> SandboxPayment:
    """A payment page over minor units of `currency_code`, open until `expires_at` (UTC); the same `key` finds the first one.

    Raises GatewayError where the bank is switched off, or when the key stands for another amount.
    """
    _refuse_when_off()
    page, _is_new = SandboxPayment.objects.get_or_create(
        payment_public_id=key,
        defaults={
            "external_id": f"sbx_pay_{uuid4().hex}",
            "charge_public_id": charge_id,
            "amount_minor": amount_minor,
            "currency": currency_code,
            "subject": subject,
            "status": PaymentStatus.PENDING,
            "deadline_at": deadline_at,
            "expires_at": expires_at,
            "created_at": clock.now(),
        },
    )
    if (page.amount_minor, page.currency) != (amount_minor, currency_code):
        raise GatewayError("this idempotency key was used for another amount", permanent=True)
    return page


def read_page(external_id: str) -> SandboxPayment:
    """The page as it is now. Raises GatewayError for one that does not exist."""
    _refuse_when_off()
    page = SandboxPayment.objects.filter(external_id=external_id).first()
    if page is None:
        raise GatewayError(f"no such payment: {external_id}", permanent=True)
    return page


def close_page(external_id: str) -> SandboxPayment:
    """Close a page that nobody paid on; one that is paid or on its way stays as it is. A late payment comes all the same."""
    _refuse_when_off()
    with transaction.atomic():
        page = _locked(Q(external_id=external_id))
        now = clock.now()
        page.expires_at = min(page.expires_at, now)
        page.save(update_fields=["expires_at"])
        if page.status == PaymentStatus.PENDING:
            _expire(page)
    return page


def give_back(payment_external_id: str, *, key: UUID, amount_minor: int, attempt: int = 0) -> SandboxRefund:
    """Take a refund order over minor units: pending now, done a moment later. The same `key` finds the first one.

    One that failed is over: the same key then orders anew, as that `attempt`, for staff who send it once more. Raises
    GatewayError (permanent) for more than is left of the payment.
    """
    _refuse_when_off()
    with transaction.atomic():
        page = _locked(Q(external_id=payment_external_id))
        known = SandboxRefund.objects.filter(idempotency_key=key).exclude(status=RefundStatus.FAILED).first()
        if known is not None:
            return known
        if not 0 < amount_minor <= left_minor(page):
            raise GatewayError("the refund is larger than what is left of the payment", permanent=True)
        return _order_refund(page, amount_minor, key=key, attempt=attempt)


def refund_in_dashboard(payment_external_id: str, amount_minor: int) -> SandboxRefund:
    """What somebody of ours does at the bank itself, past the shop, over minor units. Raises GatewayError as `give_back`."""
    _refuse_when_off()
    with transaction.atomic():
        page = _locked(Q(external_id=payment_external_id))
        if not 0 < amount_minor <= left_minor(page):
            raise GatewayError("the refund is larger than what is left of the payment", permanent=True)
        refund = _order_refund(page, amount_minor)
        queue_message(MessageKind.REFUND_UPDATED, refund.external_id)
    return refund


def _order_refund(page: SandboxPayment, amount_minor: int, *, key: UUID | None = None, attempt: int = 0) -> SandboxRefund:
    now = clock.now()
    refund = SandboxRefund.objects.create(
        external_id=f"sbx_ref_{uuid4().hex}",
        idempotency_key=key,
        payment=page,
        amount_minor=amount_minor,
        status=RefundStatus.PENDING,
        settles_at=now,
        attempt=attempt,
        created_at=now,
    )
    jobs.enqueue("billing.sandbox_bank.tick", name=f"sandbox refund {refund.pk}")
    return refund


def read_refund(external_id: str) -> SandboxRefund:
    """The refund as it is now. Raises GatewayError for one that does not exist."""
    _refuse_when_off()
    refund = SandboxRefund.objects.select_related("payment").filter(external_id=external_id).first()
    if refund is None:
        raise GatewayError(f"no such refund: {external_id}", permanent=True)
    return refund


def read_dispute(external_id: str) -> SandboxDispute:
    """The dispute as it is now. Raises GatewayError for one that does not exist."""
    _refuse_when_off()
    dispute = SandboxDispute.objects.select_related("payment").filter(external_id=external_id).first()
    if dispute is None:
        raise GatewayError(f"no such dispute: {external_id}", permanent=True)
    return dispute


# --- What a person chooses on its page ----------------------------------------------------------------------------------------


def choose(external_id: str, outcome: Outcome) -> SandboxPayment:
    """Let the bank say this of a payment. Raises Refused(not_now) for what the page's state no longer allows (a second tab)."""
    _refuse_when_off()
    with transaction.atomic():
        page = _locked(Q(external_id=external_id))
        if outcome not in possible_outcomes(page, clock.now()):
            raise Refused(_("The bank has answered already. This is what it says now."), code="not_now")
        _ACTIONS[outcome](page)
    return page


def decide(dispute_external_id: str, decision: Decision) -> SandboxDispute:
    """End a dispute or an inquiry. Raises Refused(not_now) when it has ended, or cannot end like this."""
    _refuse_when_off()
    with transaction.atomic():
        _locked(Q(disputes__external_id=dispute_external_id))
        dispute = SandboxDispute.objects.get(external_id=dispute_external_id)
        if decision not in possible_decisions(dispute):
            raise Refused(_("The bank has decided already. This is what it says now."), code="not_now")
        now = clock.now()
        dispute.status = decision.value
        if decision == Decision.DISPUTED:
            # From now on it takes money.
            dispute.created_at = now
            dispute.fee_minor = _fee(dispute.payment.currency)
        else:
            dispute.fee_returned_minor = dispute.fee_minor if decision == Decision.WON else 0
            dispute.decided_at = now
        dispute.save()
        queue_message(MessageKind.DISPUTE_UPDATED, dispute.external_id)
    return dispute


def _pay(page: SandboxPayment) -> None:
    _receive(page, page.amount_minor)


def _decline(page: SandboxPayment) -> None:
    page.status = PaymentStatus.FAILED
    page.save(update_fields=["status"])
    queue_message(MessageKind.PAYMENT_FAILED, page.external_id)


def _pay_wrong_amount(page: SandboxPayment) -> None:
    """The smallest difference that the currency knows, because that is the one to be found."""
    _receive(page, page.amount_minor - currency(page.currency).step)


def _pay_twice(page: SandboxPayment) -> None:
    """The same message twice, and a second payment for the same charge, as from a second tab."""
    _receive(page, page.amount_minor, copies=2)
    now = clock.now()
    second = SandboxPayment.objects.create(
        external_id=f"sbx_pay_{uuid4().hex}",
        charge_public_id=page.charge_public_id,
        amount_minor=page.amount_minor,
        received_minor=page.amount_minor,
        currency=page.currency,
        subject=page.subject,
        status=PaymentStatus.SUCCEEDED,
        deadline_at=page.deadline_at,
        expires_at=page.expires_at,
        created_at=now,
        received_at=now,
    )
    queue_message(MessageKind.PAYMENT_SUCCEEDED, second.external_id)


def _pay_late(page: SandboxPayment) -> None:
    """Nothing is said until the order's deadline is over."""
    page.settles_at = max(page.deadline_at, page.expires_at, clock.now()) + SOON
    page.status = PaymentStatus.PENDING
    page.save(update_fields=["settles_at", "status"])


def _pay_slowly(page: SandboxPayment) -> None:
    page.status = PaymentStatus.PROCESSING
    page.settles_at = clock.now() + SOON
    page.save(update_fields=["status", "settles_at"])
    queue_message(MessageKind.PAYMENT_PROCESSING, page.external_id)


def _pay_with_failing_refunds(page: SandboxPayment) -> None:
    page.refunds_fail = True
    page.save(update_fields=["refunds_fail"])
    _receive(page, page.amount_minor)


def _dispute_all(page: SandboxPayment) -> None:
    _open_dispute(page, DisputeStatus.OPEN, left_minor(page))


def _dispute_part(page: SandboxPayment) -> None:
    """Half of what could be disputed, at least the smallest amount there is."""
    half = floor_to_step(left_minor(page) // 2, page.currency)
    _open_dispute(page, DisputeStatus.OPEN, half or left_minor(page))


def _inquire(page: SandboxPayment) -> None:
    _open_dispute(page, DisputeStatus.INQUIRY, left_minor(page))


def _refund_half(page: SandboxPayment) -> None:
    """Half of what is left, at least the smallest amount there is."""
    half = floor_to_step(left_minor(page) // 2, page.currency)
    refund_in_dashboard(page.external_id, half or left_minor(page))


def _open_dispute(page: SandboxPayment, status: DisputeStatus, amount_minor: int) -> None:
    now = clock.now()
    takes_money = status == DisputeStatus.OPEN
    dispute = SandboxDispute.objects.create(
        external_id=f"sbx_dis_{uuid4().hex}",
        payment=page,
        amount_minor=amount_minor,
        fee_minor=_fee(page.currency) if takes_money else 0,
        status=status,
        evidence_due_at=now + EVIDENCE,
        created_at=now,
    )
    queue_message(MessageKind.DISPUTE_UPDATED, dispute.external_id)


def _fee(code: str) -> int:
    return DISPUTE_FEE * currency(code).scale


_ACTIONS: dict[Outcome, Callable[[SandboxPayment], None]] = {
    Outcome.PAID: _pay,
    Outcome.DECLINED: _decline,
    Outcome.WRONG_AMOUNT: _pay_wrong_amount,
    Outcome.TWICE: _pay_twice,
    Outcome.LATE: _pay_late,
    Outcome.SLOW: _pay_slowly,
    Outcome.REFUND_FAILS: _pay_with_failing_refunds,
    Outcome.DISPUTE: _dispute_all,
    Outcome.DISPUTE_PART: _dispute_part,
    Outcome.INQUIRY: _inquire,
    Outcome.DASHBOARD_REFUND: _refund_half,
}


# --- What time does -----------------------------------------------------------------------------------------------------------


def tick() -> int:
    """Work off what is due at the bank: late and slow payments, refunds, pages that nobody paid on. How many changed.

    Run every minute, and at once after a refund was ordered. Each row in its own transaction; safe beside itself.
    """
    if not is_enabled():
        return 0
    now = clock.now()
    payments = SandboxPayment.objects.filter(Q(settles_at__lte=now) | Q(status=PaymentStatus.PENDING, expires_at__lte=now))
    refunds = SandboxRefund.objects.filter(settles_at__lte=now)
    changed = sum(_tick_payment(pk) for pk in payments.order_by("pk").values_list("pk", flat=True)[:BATCH])
    return changed + sum(_tick_refund(pk) for pk in refunds.order_by("pk").values_list("pk", flat=True)[:BATCH])


def _tick_payment(pk: int) -> bool:
    with transaction.atomic():
        page = _locked(Q(pk=pk))
        now = clock.now()
        if page.settles_at is not None and page.settles_at <= now:
            page.settles_at = None
            page.save(update_fields=["settles_at"])
            _receive(page, page.amount_minor)
            return True
        if page.status == PaymentStatus.PENDING and page.expires_at <= now:
            _expire(page)
            return True
    return False


def _tick_refund(pk: int) -> bool:
    """Pending becomes succeeded; where the payer's bank was told to, succeeded becomes failed a minute later."""
    with transaction.atomic():
        page = _locked(Q(refunds__pk=pk))
        refund = SandboxRefund.objects.get(pk=pk)
        now = clock.now()
        if refund.settles_at is None or refund.settles_at > now:
            return False
        is_first = refund.status == RefundStatus.PENDING
        refund.status = RefundStatus.SUCCEEDED if is_first else RefundStatus.FAILED
        refund.settles_at = now + SOON if is_first and page.refunds_fail else None
        refund.returned_at = None if is_first else now
        refund.save(update_fields=["status", "settles_at", "returned_at"])
        queue_message(MessageKind.REFUND_UPDATED, refund.external_id)
    return True


def _receive(page: SandboxPayment, amount_minor: int, *, copies: int = 1) -> None:
    page.status = PaymentStatus.SUCCEEDED
    page.received_minor = amount_minor
    page.received_at = clock.now()
    page.save(update_fields=["status", "received_minor", "received_at"])
    queue_message(MessageKind.PAYMENT_SUCCEEDED, page.external_id, copies=copies)


def _expire(page: SandboxPayment) -> None:
    page.status = PaymentStatus.EXPIRED
    page.save(update_fields=["status"])
    queue_message(MessageKind.PAYMENT_EXPIRED, page.external_id)


def _locked(which: Q) -> SandboxPayment:
    """A page, locked until the transaction ends. Raises GatewayError when there is none."""
    page = SandboxPayment.objects.select_for_update(of=("self",)).filter(which).first()
    if page is None:
        raise GatewayError("no such payment", permanent=True)
    return page


def _refuse_when_off() -> None:
    if not is_enabled():
        raise GatewayError("the sandbox is switched off here", permanent=True)
