"""Only what gateways answer, in our words: facts about one payment, refund or dispute, and the protocol."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from billing.models import Payment, Refund
from core.tokens import TokenAmount


class GatewayError(Exception):
    """The gateway did not answer, or not sensibly. Whatever was asked is asked again with the same key.

    `permanent` says that asking again cannot help.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class PaymentStatus(StrEnum):
    """What a gateway says of a payment."""

    PENDING = "pending"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"


class RefundStatus(StrEnum):
    """What a gateway says of a refund."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeStatus(StrEnum):
    """What a gateway says of a dispute; an inquiry takes no money."""

    INQUIRY = "inquiry"
    INQUIRY_CLOSED = "inquiry_closed"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class LineSubject(StrEnum):
    """What a line of a balance report is about, as far as we have to do with it."""

    PAYMENT = "payment"
    # A payment on a page that cannot be closed: it may come when nobody waits for it, and is read by the line's source.
    TRANSFER = "transfer"
    REFUND = "refund"
    DISPUTE = "dispute"
    # What a provider's own account at the gateway was sent, or what was taken back from it.
    SHARE = "share"
    PAYOUT = "payout"
    FEE = "fee"
    OTHER = "other"


@dataclass(frozen=True)
class BalanceLine:
    """One line of a gateway's balance report, signed as it moves the balance, in minor units of `currency`.

    `amount_minor` is before, `fee_minor` the fee out of it: the balance moves by the difference. `currency` is the balance's, which
    need not be the payment's. `kind` is the gateway's word for it and `subject` ours, `source_id` the object that it belongs to.
    """

    external_id: str
    kind: str
    source_id: str
    amount_minor: int
    fee_minor: int
    currency: str
    created_at: datetime
    subject: LineSubject = LineSubject.OTHER


@dataclass(frozen=True)
class Started:
    """A payment page that is ready: where the customer goes, and until when it is open (UTC)."""

    external_id: str
    url: str
    expires_at: datetime


@dataclass(frozen=True)
class TokenFacts:
    """What a gateway for tokens says of a payment beyond its state.

    `payment_id` names this one of the payments that were made on a page, which may be several; empty while there is none. `due` is
    what the page's intent asks for, None until a token was chosen there; `received` what came, None while nothing did.
    `is_exact` says that the gateway itself calls the amount right; `is_untold` that something came and it does not say how much:
    then `received` is None. `contract` is the contract's reference in its metadata.
    `usd_price` is what one whole token was worth in US dollars by the gateway's reckoning: evidence, never the check.
    """

    payment_id: str
    due: TokenAmount | None
    received: TokenAmount | None
    is_exact: bool
    is_untold: bool = False
    contract: str = ""
    transaction_id: str = ""
    sender: str = ""
    usd_price: Decimal | None = None


@dataclass(frozen=True)
class GatewayPayment:
    """A payment as the gateway has it. `charge_id` and `payment_id` are what we wrote into its metadata.

    `amount_minor` is what was received in minor units of `currency`; `reported` is its line in the gateway's balance report, once
    that shows it. `tax_minor` is the gateway's own opinion of the VAT in it, if it has one. Of a payment in tokens, `token` says
    what was received, and `amount_minor` is 0.
    """

    external_id: str
    charge_id: UUID | None
    payment_id: UUID | None
    status: PaymentStatus
    amount_minor: int
    currency: str
    reported: "BalanceLine | None" = None
    intent_id: str = ""
    card_charge_id: str = ""
    card_country: str = ""
    tax_minor: int | None = None
    token: TokenFacts | None = None


@dataclass(frozen=True)
class GatewayRefund:
    """A refund as the gateway has it; `refund_id` is what we wrote into its metadata, None for one made in its dashboard.

    `payment_external_id` is the payment's `external_id` here, whatever the gateway calls it there; empty when the gateway cannot
    say it, and then `intent_id` or `card_charge_id` names the payment. `attempt` is how often the refund had failed when this one
    was asked for, so that news of an earlier attempt is told from news of the last. `reported` is its line in the balance report,
    `returned` the line that brings a failed one back; None while there is none.
    """

    external_id: str
    payment_external_id: str
    refund_id: UUID | None
    status: RefundStatus
    amount_minor: int
    currency: str
    error: str = ""
    attempt: int = 0
    intent_id: str = ""
    card_charge_id: str = ""
    reported: BalanceLine | None = None
    returned: BalanceLine | None = None


@dataclass(frozen=True)
class GatewayDispute:
    """A dispute as the gateway has it. Amounts and fees are read from its report, never computed.

    `payment_external_id`, `intent_id` and `card_charge_id` as in `GatewayRefund`. `withdrawn` and `reinstated` are its lines in
    the balance report; None while there are none.
    """

    external_id: str
    payment_external_id: str
    status: DisputeStatus
    amount_minor: int
    currency: str
    fee_minor: int = 0
    evidence_due_at: datetime | None = None
    reason: str = ""
    intent_id: str = ""
    card_charge_id: str = ""
    withdrawn: BalanceLine | None = None
    reinstated: BalanceLine | None = None


class PaymentGateway(Protocol):
    """One way to pay. Every method may raise `GatewayError`; every one that changes something is idempotent, or says how not.

    `brand` is its name on documents and to staff, in any language. `priced_in` is the currency in which it asks for money, frozen
    with each payment; empty where it asks in the charge's own. `look_back` is how long before money moves its payment may have
    begun where the balance report goes by that; zero where it goes by when money moved.
    """

    name: str
    brand: str
    priced_in: str
    look_back: timedelta

    @property
    def label(self) -> str:
        """What the customer reads beside the choice."""

    @property
    def description(self) -> str:
        """One sentence under it."""

    def is_configured(self) -> bool:
        """Whether it may be offered here."""

    def start(self, payment: Payment) -> Started:
        """Open a payment page; the payment's public id is the idempotency key."""

    def read(self, external_id: str) -> GatewayPayment:
        """Read a payment again."""

    def expire(self, external_id: str) -> GatewayPayment:
        """Close a payment page that was not paid, and say how it stands now."""

    def refunds_by_itself(self, refund: Refund) -> bool:
        """Whether it can send this refund; what it cannot is paid by a person."""

    def refund(self, refund: Refund) -> GatewayRefund:
        """Send money back; the refund's public id is the idempotency key."""

    def read_refund(self, external_id: str) -> GatewayRefund:
        """Read a refund again."""

    def read_refunds(self, payment_id: str) -> list[GatewayRefund]:
        """Every refund of a payment, by any of the ids that the gateway has for the payment: also those made in its dashboard."""

    def read_dispute(self, external_id: str) -> GatewayDispute:
        """Read a dispute again."""

    def balance_lines(self, since: datetime, until: datetime) -> Iterator[BalanceLine]:
        """Its balance report: every line at or after `since` and before `until` (UTC), in no order that one may rely on. What moved
        in a time is there if it is read from `look_back` before that time on.
        """
