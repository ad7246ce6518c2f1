"""Only the arithmetic behind the dashboard's figures: how a contract's money divides at a moment, and what a provider has of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contracts.brief import Brief
from contracts.models import Contract
from contracts.pricing import PaidTerm, fee_minor, settle
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


@dataclass(frozen=True, slots=True)
class PaidPart:
    """One paid segment: what was paid for, and how it was divided at the end (None before)."""

    term: PaidTerm
    settled: tuple[int, int, int] | None


def paid_parts(contract: Contract) -> list[PaidPart]:
    """The paid segments of a contract, in order. Segments and settlements must be prefetched."""
    parts = []
    for segment in contract.segments.all():
        if segment.paid_at is not None:
            one = segment.settlement if contract.is_final else None
            settled = (one.earned_minor, one.refund_minor, one.lost_minor) if one else None
            parts.append(PaidPart(segment.paid_term(contract.currency), settled))
    return parts


def divide(contract: Brief, parts: Sequence[PaidPart], now: datetime) -> Split:
    """How the contract's money divides at `now`: as it was settled, or as it would be if it ended now."""
    paid = sum(part.term.net_minor for part in parts)
    if contract.is_final:
        settled = [part.settled for part in parts if part.settled]
        served, refunded, lost = (sum(figures) for figures in zip(*settled, strict=True)) if settled else (0, 0, 0)
        return Split(paid, served, 0, refunded, lost, contract.currency)
    shares = settle([part.term for part in parts], contract.used_seconds(now))
    return Split(
        paid=paid,
        served=sum(share.earned_minor for share in shares),
        held=sum(share.refund_minor for share in shares),
        refunded=0,
        lost=0,
        currency=contract.currency,
    )


def split(contract: Contract, now: datetime) -> Split:
    """The same for a contract whose segments and settlements are prefetched."""
    return divide(contract, paid_parts(contract), now)


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
