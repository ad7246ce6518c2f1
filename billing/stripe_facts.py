"""Only what Stripe's objects mean in our words. They come as plain dictionaries; nothing is asked here, and nothing decided."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.gateway_facts import (
    BalanceLine,
    DisputeStatus,
    GatewayDispute,
    GatewayPayment,
    GatewayRefund,
    LineSubject,
    PaymentStatus,
    RefundStatus,
)

StripeObject = Mapping[str, Any]

_REFUND = {
    "pending": RefundStatus.PENDING,
    # The customer still has to say where to: not with them, and not failed.
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}

_DISPUTE = {
    "warning_needs_response": DisputeStatus.INQUIRY,
    "warning_under_review": DisputeStatus.INQUIRY,
    "warning_closed": DisputeStatus.INQUIRY_CLOSED,
    # Turned away by Stripe before any money moved.
    "prevented": DisputeStatus.INQUIRY_CLOSED,
    "needs_response": DisputeStatus.OPEN,
    "under_review": DisputeStatus.OPEN,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
}

# By what a balance transaction belongs to; an adjustment may be of anything.
_SUBJECTS = {
    "ch_": LineSubject.PAYMENT,
    "py_": LineSubject.PAYMENT,
    "re_": LineSubject.REFUND,
    "pyr_": LineSubject.REFUND,
    "dp_": LineSubject.DISPUTE,
    "du_": LineSubject.DISPUTE,
    "tr_": LineSubject.SHARE,
    "trr_": LineSubject.SHARE,
    "po_": LineSubject.PAYOUT,
}
_FEES = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee"})

# How a slow method stands, once its page is complete and not paid.
_SLOW = {
    "processing": PaymentStatus.PROCESSING,
    "requires_action": PaymentStatus.PROCESSING,
    "requires_payment_method": PaymentStatus.FAILED,
    "canceled": PaymentStatus.FAILED,
}


def payment_facts(session: StripeObject) -> GatewayPayment:
    """A Checkout Session, with its intent, charge and balance transaction as far as they are expanded and there."""
    intent = _expanded(session.get("payment_intent"))
    charge = _expanded(intent.get("latest_charge"))
    metadata = session.get("metadata") or {}
    return GatewayPayment(
        external_id=session["id"],
        charge_id=_uuid(metadata.get("charge")),
        payment_id=_uuid(metadata.get("payment")),
        status=_payment_status(session, intent),
        amount_minor=session.get("amount_total") or 0,
        currency=(session.get("currency") or "").upper(),
        reported=balance_line(charge.get("balance_transaction")),
        intent_id=_id(session.get("payment_intent")),
        card_charge_id=_id(intent.get("latest_charge")),
        card_country=_card_country(charge),
        tax_minor=_tax(session),
    )


def refund_facts(refund: StripeObject, payment_external_id: str) -> GatewayRefund:
    """A refund, with its balance transactions as far as they are expanded and there."""
    metadata = refund.get("metadata") or {}
    attempt = metadata.get("attempt") or ""
    return GatewayRefund(
        external_id=refund["id"],
        payment_external_id=payment_external_id,
        refund_id=_uuid(metadata.get("refund")),
        status=_REFUND[refund["status"]],
        amount_minor=refund["amount"],
        currency=refund["currency"].upper(),
        error=refund.get("failure_reason") or "",
        attempt=int(attempt) if attempt.isdecimal() else 0,
        intent_id=_id(refund.get("payment_intent")),
        card_charge_id=_id(refund.get("charge")),
        reported=balance_line(refund.get("balance_transaction")),
        returned=balance_line(refund.get("failure_balance_transaction")),
    )


def dispute_facts(dispute: StripeObject, payment_external_id: str) -> GatewayDispute:
    """A dispute. What was taken is what its balance transactions say, where they are in its currency."""
    lines = [line for line in map(balance_line, dispute.get("balance_transactions") or []) if line is not None]
    withdrawn = next((line for line in lines if line.amount_minor < 0), None)
    reinstated = next((line for line in lines if line.amount_minor > 0), None)
    code = dispute["currency"].upper()
    is_ours = withdrawn is not None and withdrawn.currency == code
    due_by = (dispute.get("evidence_details") or {}).get("due_by")
    return GatewayDispute(
        external_id=dispute["id"],
        payment_external_id=payment_external_id,
        status=_DISPUTE[dispute["status"]],
        amount_minor=-withdrawn.amount_minor if withdrawn is not None and is_ours else dispute["amount"],
        currency=code,
        fee_minor=withdrawn.fee_minor if withdrawn is not None and is_ours else 0,
        evidence_due_at=None if due_by is None else moment(due_by),
        reason=dispute.get("reason") or "",
        intent_id=_id(dispute.get("payment_intent")),
        card_charge_id=_id(dispute.get("charge")),
        withdrawn=withdrawn,
        reinstated=reinstated,
    )


def balance_line(transaction: object) -> BalanceLine | None:
    """A balance transaction; None where there is none yet."""
    row = _expanded(transaction)
    if not row:
        return None
    return BalanceLine(
        external_id=row["id"],
        kind=row["type"],
        source_id=_id(row.get("source")),
        amount_minor=row["amount"],
        fee_minor=row["fee"],
        currency=row["currency"].upper(),
        created_at=moment(row["created"]),
        subject=_subject(row),
    )


def _subject(row: StripeObject) -> LineSubject:
    if row["type"] in _FEES:
        return LineSubject.FEE
    source = _id(row.get("source"))
    return next((subject for prefix, subject in _SUBJECTS.items() if source.startswith(prefix)), LineSubject.OTHER)


def moment(seconds: int) -> datetime:
    """A time of Stripe's."""
    return datetime.fromtimestamp(seconds, UTC)


def _payment_status(session: StripeObject, intent: StripeObject) -> PaymentStatus:
    if session["payment_status"] == "paid":
        return PaymentStatus.SUCCEEDED
    if session["status"] == "expired":
        return PaymentStatus.EXPIRED
    if session["status"] == "complete":
        # Without an intent there was nothing to pay: that is no payment of ours.
        return _SLOW.get(intent.get("status") or "", PaymentStatus.FAILED)
    return PaymentStatus.PENDING


def _tax(session: StripeObject) -> int | None:
    """The VAT that Stripe sees in the amount; None where it was not asked, or could not tell."""
    if (session.get("automatic_tax") or {}).get("status") != "complete":
        return None
    amount = (session.get("total_details") or {}).get("amount_tax")
    return None if amount is None else int(amount)


def _card_country(charge: StripeObject) -> str:
    details = charge.get("payment_method_details") or {}
    return (details.get(details.get("type") or "") or {}).get("country") or ""


def _expanded(value: object) -> StripeObject:
    """The object behind a field, or nothing where only its id is there, or nothing at all."""
    return value if isinstance(value, Mapping) else {}


def _id(value: object) -> str:
    """The id behind a field, expanded or not."""
    if isinstance(value, Mapping):
        return str(value["id"])
    return str(value) if value else ""


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
