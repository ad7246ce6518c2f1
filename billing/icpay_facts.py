"""Only what ICPay's objects mean in our words. They come as plain dictionaries; nothing is asked here, and nothing decided.

An *intent* is what a payment page asks for; a *payment* is one try to pay it, of which there may be several. Amounts are whole
numbers of the token's smallest unit, as strings. A token is known by the id of its ledger (a canister, a contract).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from billing.gateway_facts import BalanceLine, GatewayError, GatewayPayment, LineSubject, PaymentStatus, TokenFacts
from core.tokens import TokenAmount

IcpayObject = Mapping[str, Any]

# Our words in an intent's metadata. The contract's is ICPay's own habit, and is read in both ways that it is written there.
CHARGE, PAYMENT, CONTRACT = "charge", "payment", "contract_id"
CONTRACT_READ = (CONTRACT, "contractId")

COMPLETED, MISMATCHED, REFUNDED = "completed", "mismatched", "refunded"
# The money has come; a refund is told of by itself.
RECEIVED = frozenset({COMPLETED, MISMATCHED, REFUNDED})
_PAYMENT = {
    "pending": PaymentStatus.PENDING,
    "failed": PaymentStatus.FAILED,
    "canceled": PaymentStatus.FAILED,
    "cancelled": PaymentStatus.FAILED,
    **dict.fromkeys(RECEIVED, PaymentStatus.SUCCEEDED),
}
_INTENT = {
    "requires_payment": PaymentStatus.PENDING,
    "processing": PaymentStatus.PROCESSING,
    # Paid, while the payment itself is not to be seen yet.
    "succeeded": PaymentStatus.PROCESSING,
    "completed": PaymentStatus.PROCESSING,
    "failed": PaymentStatus.FAILED,
    "canceled": PaymentStatus.FAILED,
    "cancelled": PaymentStatus.FAILED,
}
# As many digits as our columns hold.
_DIGITS = 38


class Ledgers:
    """ICPay's list of the tokens that it takes, by the ids of their ledgers."""

    def __init__(self, rows: Iterable[IcpayObject]) -> None:
        self._rows = list(rows)

    def has(self, ledger_id: str) -> bool:
        """Whether a token of this id is in the list."""
        return any(row.get("canisterId") == ledger_id for row in self._rows)

    def amount(self, units: int, ledger_id: str, shortcode: str = "") -> TokenAmount:
        """So many units of the token of this id; where two networks have the same id, of the one with this short code.

        Raises `GatewayError` for a token that is not in the list or cannot be told from another.
        """
        rows = [row for row in self._rows if row.get("canisterId") == ledger_id]
        if len(rows) > 1:
            rows = [row for row in rows if row.get("shortcode") == shortcode]
        if len(rows) != 1:
            raise GatewayError(f"ICPay's list of tokens does not name {ledger_id!r} once")
        row = rows[0]
        network = str(row.get("chainShortcode") or (row.get("shortcode") or "").partition("_")[0] or row.get("chainType") or "")
        return TokenAmount(units, str(row["symbol"])[:12], network.lower()[:20], int(row["decimals"]))


def payment_facts(intent: IcpayObject, payment: IcpayObject, transaction: IcpayObject, ledgers: Ledgers) -> GatewayPayment:
    """An intent with one of its payments and the transaction on the token's ledger, as far as they are there."""
    marks = {**_marks(intent), **_marks(payment)}
    received = _received(payment, transaction, ledgers, _shortcode(intent))
    return GatewayPayment(
        external_id=str(intent["id"]),
        charge_id=_uuid(marks.get(CHARGE)),
        payment_id=_uuid(marks.get(PAYMENT)),
        status=_status(intent, payment, transaction),
        amount_minor=0,
        currency="",
        card_charge_id=_text(payment, "id"),
        token=TokenFacts(
            payment_id=_text(payment, "id"),
            due=_due(intent, ledgers),
            received=received,
            is_exact=_is_exact(payment, received),
            is_untold=is_untold(payment, transaction),
            contract=next((str(marks[name]) for name in CONTRACT_READ if marks.get(name)), ""),
            transaction_id=_text(payment, "ledgerTxId") or _text(payment, "transactionId") or _text(transaction, "id"),
            sender=_text(transaction, "senderPrincipalId"),
            usd_price=_price(transaction.get("tokenPrice")),
        ),
    )


def is_untold(payment: IcpayObject, transaction: IcpayObject) -> bool:
    """Whether something has come of a payment, and neither it nor its transaction says how much."""
    return payment.get("status") in RECEIVED and not _paid_units(payment, transaction)


def balance_line(row: IcpayObject, transaction: IcpayObject, ledgers: Ledgers) -> BalanceLine | None:
    """A payment of ICPay's history as the line that it is in our balance there; None for one that brought nothing that is told.

    The amount is what was sent to us, the fee what ICPay keeps of it, both in the token.
    """
    if row.get("status") not in RECEIVED or is_untold(row, transaction):
        return None
    came = ledgers.amount(_paid_units(row, transaction), _text(row, "ledgerCanisterId"), _text(row, "tokenShortcode"))
    return BalanceLine(
        external_id=_text(row, "id"),
        kind="payment",
        source_id=_text(row, "id"),
        amount_minor=came.units,
        fee_minor=units(row.get("fee") or 0),
        currency=came.code,
        created_at=moment(row["createdAt"]),
        subject=LineSubject.TRANSFER,
    )


def refund_line(row: IcpayObject, transaction: IcpayObject, ledgers: Ledgers) -> BalanceLine | None:
    """What was given back of a payment as the line that it is in our balance there: all that had come; None while nothing was."""
    came = balance_line(row, transaction, ledgers) if row.get("status") == REFUNDED else None
    if came is None:
        return None
    at = moment(row.get("refundedAt") or row.get("updatedAt") or row["createdAt"])
    return BalanceLine(
        external_id=f"{came.external_id}:refund",
        kind="refund",
        source_id=came.source_id,
        amount_minor=-came.amount_minor,
        fee_minor=0,
        currency=came.currency,
        created_at=at,
        subject=LineSubject.REFUND,
    )


def best_of(payments: Iterable[IcpayObject]) -> IcpayObject:
    """The payment that tells how its intent stands: the first that brought something, else the last that was tried."""
    tried = sorted(payments, key=lambda payment: (_text(payment, "createdAt"), _text(payment, "id")))
    brought = [payment for payment in tried if payment.get("status") in RECEIVED]
    return brought[0] if brought else tried[-1] if tried else {}


def units(value: object) -> int:
    """A whole number of smallest units, not negative. Raises `GatewayError` for anything else."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise GatewayError("ICPay's answer has an amount that is none")
    return int(text)


def moment(text: object) -> datetime:
    """A time of ICPay's, in UTC. Raises `GatewayError` for a text that is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise GatewayError("ICPay's answer has a time that is none") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _status(intent: IcpayObject, payment: IcpayObject, transaction: IcpayObject) -> PaymentStatus:
    """A pending payment is on its way once there is a transaction of it: before that it is only a page that is open.

    So is one that has come while nobody says how much; given back, nothing is left of it.
    """
    if not payment:
        return _known(_INTENT, intent)
    status = _known(_PAYMENT, payment)
    if is_untold(payment, transaction):
        return PaymentStatus.FAILED if payment.get("status") == REFUNDED else PaymentStatus.PROCESSING
    is_moving = bool(transaction) or intent.get("status") == "processing"
    return PaymentStatus.PROCESSING if status == PaymentStatus.PENDING and is_moving else status


def _known(words: Mapping[str, PaymentStatus], row: IcpayObject) -> PaymentStatus:
    try:
        return words[str(row.get("status"))]
    except KeyError as error:
        raise GatewayError(f"ICPay has a state that nobody knows here: {str(row.get('status'))[:40]!r}") from error


def _due(intent: IcpayObject, ledgers: Ledgers) -> TokenAmount | None:
    ledger_id, due = _text(intent, "ledgerCanisterId"), units(intent.get("amount") or 0)
    return ledgers.amount(due, ledger_id, _shortcode(intent)) if ledger_id and due else None


def _received(payment: IcpayObject, transaction: IcpayObject, ledgers: Ledgers, shortcode: str) -> TokenAmount | None:
    if payment.get("status") not in RECEIVED or is_untold(payment, transaction):
        return None
    return ledgers.amount(_paid_units(payment, transaction), _text(payment, "ledgerCanisterId"), shortcode)


def _paid_units(payment: IcpayObject, transaction: IcpayObject) -> int:
    """What was paid; 0 where nobody says it. Only where ICPay itself calls a payment complete is it what was asked for."""
    asked = payment.get("amount") if payment.get("status") == COMPLETED else None
    return units(payment.get("paidAmount") or transaction.get("amount") or asked or 0)


def _is_exact(payment: IcpayObject, received: TokenAmount | None) -> bool:
    """A payment may be "completed" and yet carry two amounts that differ."""
    asked = payment.get("requestedAmount")
    return received is not None and payment.get("status") != MISMATCHED and (not asked or units(asked) == received.units)


def _marks(row: IcpayObject) -> Mapping[str, Any]:
    marks = row.get("metadata")
    return marks if isinstance(marks, Mapping) else {}


def _shortcode(intent: IcpayObject) -> str:
    return _text(intent, "tokenShortcode") or _text(intent, "shortcode")


def _text(row: IcpayObject, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _price(value: object) -> Decimal | None:
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    return price if price.is_finite() and price > 0 else None


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
