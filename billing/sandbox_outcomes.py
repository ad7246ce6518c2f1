"""Only what the pretend bank can be told to do, and when each of it makes sense."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.gateway_facts import DisputeStatus, PaymentStatus, RefundStatus
from billing.models import SandboxDispute, SandboxPayment


class Outcome(models.TextChoices):
    """What happens to a payment, chosen by a person on the bank's page."""

    PAID = "paid", _("Paid")
    DECLINED = "declined", _("Declined")
    WRONG_AMOUNT = "wrong_amount", _("Wrong amount")
    TWICE = "twice", _("Paid twice")
    LATE = "late", _("Late")
    SLOW = "slow", _("Slow")
    REFUND_FAILS = "refund_fails", _("Refund fails later")
    DISPUTE = "dispute", _("Dispute in full")
    DISPUTE_PART = "dispute_part", _("Dispute a part")
    INQUIRY = "inquiry", _("Inquiry")
    DASHBOARD_REFUND = "dashboard_refund", _("Refund in the dashboard")


class Decision(models.TextChoices):
    """How the bank goes on with a dispute or an inquiry; each is the status that follows."""

    WON = DisputeStatus.WON.value, _("Dispute won")
    LOST = DisputeStatus.LOST.value, _("Dispute lost")
    INQUIRY_CLOSED = DisputeStatus.INQUIRY_CLOSED.value, _("Inquiry closed")
    DISPUTED = DisputeStatus.OPEN.value, _("Becomes a dispute")


AT_CHECKOUT = (
    Outcome.PAID,
    Outcome.DECLINED,
    Outcome.WRONG_AMOUNT,
    Outcome.TWICE,
    Outcome.LATE,
    Outcome.SLOW,
    Outcome.REFUND_FAILS,
)
AFTERWARDS = (Outcome.DISPUTE, Outcome.DISPUTE_PART, Outcome.INQUIRY, Outcome.DASHBOARD_REFUND)


def is_open(page: SandboxPayment, now: datetime) -> bool:
    """Whether the customer can still pay on this page; after a decline they may try again."""
    waits = page.status in (PaymentStatus.PENDING, PaymentStatus.FAILED) and page.settles_at is None
    return waits and now < page.expires_at


def left_minor(page: SandboxPayment) -> int:
    """What is left at the bank to give back or to dispute: received, less refunds, open and lost disputes. Two queries."""
    refunds = page.refunds.exclude(status=RefundStatus.FAILED)
    disputes = page.disputes.filter(status__in=[DisputeStatus.OPEN, DisputeStatus.LOST])
    gone = [*refunds.values_list("amount_minor", flat=True), *disputes.values_list("amount_minor", flat=True)]
    return int(page.received_minor) - sum(int(amount) for amount in gone)


def possible_outcomes(page: SandboxPayment, now: datetime) -> tuple[Outcome, ...]:
    """What makes sense in the state that the bank's page is in."""
    if is_open(page, now):
        return AT_CHECKOUT
    if page.status != PaymentStatus.SUCCEEDED or left_minor(page) <= 0:
        return ()
    asks_already = any(dispute.status == DisputeStatus.INQUIRY for dispute in page.disputes.all())
    return tuple(outcome for outcome in AFTERWARDS if outcome != Outcome.INQUIRY or not asks_already)


def possible_decisions(dispute: SandboxDispute) -> tuple[Decision, ...]:
    """How this dispute can go on; nothing once it has ended."""
    if dispute.status == DisputeStatus.OPEN:
        return (Decision.WON, Decision.LOST)
    if dispute.status == DisputeStatus.INQUIRY:
        more = (Decision.DISPUTED,) if left_minor(dispute.payment) >= dispute.amount_minor else ()
        return (Decision.INQUIRY_CLOSED, *more)
    return ()
