"""Only what automatic rails have in common: the protocol, what they plan, and what they answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from billing.models import Payment
from payouts.models import Payout, PayoutMethod, PayoutReversal, PayoutTransfer
from payouts.settling import Paid
from payouts.states import Rail

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class Part:
    """A part of a payout that leaves by one call; the fields are those of `PayoutTransfer`."""

    amount_minor: int
    payment: Payment | None = None
    asset: str = ""
    units: int | None = None
    fee_units: int | None = None
    origin: str = ""


class Outcome(StrEnum):
    """What is certain after a call, or a look."""

    # It is done, under `external_id`.
    DONE = "done"
    # This call did nothing; the same one may do it later.
    LATER = "later"
    # This call did nothing, and neither will the same one.
    REFUSED = "refused"
    # This call did nothing, and another with the same key would not be told from the first any more.
    TOO_LATE = "too_late"
    # Nothing was done, by none of the calls with this key, and nothing will be.
    NEVER = "never"
    # A look has not found it. That proves nothing.
    NOT_FOUND = "not_found"


@dataclass(frozen=True)
class Said:
    """The answer of a rail."""

    outcome: Outcome
    external_id: str = ""
    reason: str = ""


class PayoutRail(Protocol):
    """A way by which approved payouts leave by themselves. No method is called inside a transaction, but `suits` and `paid`.

    Each may raise `GatewayError` when nobody answers: what was asked is then asked again, with the same key.
    """

    name: Rail

    def suits(self, method: PayoutMethod, currency: str) -> bool:
        """Whether what is owed in this currency can be paid there by this rail. Asks nobody."""

    def plan(self, payout: Payout) -> list[Part]:
        """How it would leave, in parts whose amounts make up the payout's. Raises `Refused` when it cannot leave now, and why."""

    def pay(self, transfer: PayoutTransfer) -> Said:
        """Send it. A repeat of the same row sends nothing more."""

    def look(self, transfer: PayoutTransfer) -> Said:
        """Look for one whose calls were not answered, and that can be repeated no more: DONE or NOT_FOUND."""

    def take_back(self, reversal: PayoutReversal) -> Said:
        """Take back a part of what was sent; NEVER where that is impossible. A repeat of the same row takes back nothing more."""

    def paid(self, payout: Payout, transfers: list[PayoutTransfer]) -> Paid:
        """What a payout's settlement says, once all of its transfers have succeeded."""


def nanoseconds(moment: datetime) -> int:
    """A moment as the Internet Computer counts time: nanoseconds since 1970, UTC."""
    return nanoseconds_of(moment - _EPOCH)


def nanoseconds_of(span: timedelta) -> int:
    """A span in nanoseconds; ours are whole microseconds."""
    return span // timedelta(microseconds=1) * 1_000
