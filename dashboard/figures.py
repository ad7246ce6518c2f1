"""Only the arithmetic behind the dashboard's figures: how a contract's money divides at a moment, and what a provider has of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contracts.models import Contract
from contracts.pricing import fee_minor
from contracts.queries import cancel_preview
from core.money import Money


@dataclass(frozen=True, slots=True)
class Split:
    """The net of all paid segments at one moment, in minor units: paid = served + held + refunded + lost."""

    paid: int
    served: int
    held: int
    refunded: int
    lost: int
    currency: str

    def money(self, minor: int) -> Money:
        """An amount of this split with its currency."""
        return Money(minor, self.currency)


def split(contract: Contract, now: datetime) -> Split:
    """How the contract's money divides at `now`; of an ended one as it was settled. Segments must be prefetched."""
    paid = [segment for segment in contract.segments.all() if segment.paid_at is not None]
    total = sum(segment.net_minor for segment in paid)
    if contract.is_final:
        settled = [segment.settlement for segment in paid]
        return Split(
            paid=total,
            served=sum(one.earned_minor for one in settled),
            held=0,
            refunded=sum(one.refund_minor for one in settled),
            lost=sum(one.lost_minor for one in settled),
            currency=contract.currency,
        )
    preview = cancel_preview(contract, now, segments=paid)
    return Split(total, preview.earned_minor, preview.refund_minor, 0, 0, contract.currency)


def percent_of(part: int, whole: int) -> Decimal:
    """A share of 100, two decimals, rounded down so that nothing looks finished before it is."""
    return Decimal(part * 10_000 // whole) / 100 if whole else Decimal(0)


@dataclass(frozen=True, slots=True)
class Earning:
    """Net, the platform's fee on it, and what is left for the provider, in minor units."""

    net: int
    fee: int
    currency: str

    @property
    def own(self) -> Money:
        """The provider's part."""
        return Money(self.net - self.fee, self.currency)


def earning(contract: Contract, net: int) -> Earning:
    """What the provider has of `net` minor units of this contract, by the fee frozen in it."""
    return Earning(net, fee_minor(net, contract.fee_bp, contract.currency), contract.currency)
