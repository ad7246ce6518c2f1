"""Only what was released of a segment's escrow, by the ledger, and whose money is taken when more goes back than escrow holds."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum

from billing.ledger import balance
from billing.models import LedgerLine
from billing.states import LedgerAccount, LossBearer
from contracts.models import Contract, Segment, Settlement
from contracts.pricing import fee_minor
from contracts.queries import divide
from contracts.states import Fault
from core import clock

# The kinds of entries that may take back from a provider what was released.
TAKE_BACKS = ("refund_decided", "loss_regained", "dispute_lost")


@dataclass(frozen=True)
class Released:
    """What was released of a segment, net of what was taken back; `fee_minor` of it is ours. In minor units."""

    amount_minor: int
    fee_minor: int

    def taking_back(self, amount: int, contract: Contract) -> "TakenBack":
        """`amount` of it goes back, with the part of our fee that is no longer due on what stays."""
        stays = fee_minor(self.amount_minor - amount, contract.fee_bp, contract.currency)
        return TakenBack(amount, self.fee_minor - stays if amount else 0)


@dataclass(frozen=True)
class TakenBack:
    """A part of what was released goes back: from the provider its share, from us the fee on it. In minor units."""

    amount_minor: int
    fee_minor: int

    @property
    def share_minor(self) -> int:
        """What the provider gives."""
        return self.amount_minor - self.fee_minor


@dataclass(frozen=True)
class Sources:
    """Where a net amount that goes back comes from: a segment's escrow, what its provider got of it, our own pocket."""

    escrow_minor: int
    taken: TakenBack
    losses_minor: int


NOTHING_TAKEN = TakenBack(0, 0)
NO_SOURCES = Sources(0, NOTHING_TAKEN, 0)


def released_of(segment: Segment) -> Released:
    """What was released of a segment so far, as the ledger says. Call it with the payment of the segment locked."""
    lines = LedgerLine.objects.filter(
        entry__segment=segment, account__in=[LedgerAccount.PROVIDER_PAYABLE, LedgerAccount.PLATFORM_FEE]
    )
    sums = {account: -int(total) for account, total in lines.values_list("account").annotate(total=Sum("amount"))}
    return Released(sum(sums.values()), sums.get(LedgerAccount.PLATFORM_FEE, 0))


def sources_of_unused(contract: Contract, segment: Segment, net: int) -> Sources:
    """Whose money an end gives back, `net` minor units: escrow first. What was released beyond what the settlement calls earned is
    the provider's to give where the end was its fault; at staff's own kindness, and in any other case, it is our loss.
    """
    escrow = _escrow_of(contract, segment)
    if net <= escrow:
        return Sources(net, NOTHING_TAKEN, 0)
    released = released_of(segment)
    return _sources(contract, net, escrow, released, released.amount_minor if contract.fault == Fault.PROVIDER else 0)


def sources_of_loss(contract: Contract, segment: Segment, net: int) -> Sources:
    """Whose money a bank keeps for good, `net` minor units, by the setting DISPUTE_LOSS_BEARER.

    Where the provider bears it: all of the escrow, then what was released. Where the platform does, what the provider has earned
    stays with it, released or not. An end at the provider's fault, or by staff's kindness, is not undone by the bank's word.
    """
    escrow, released = _escrow_of(contract, segment), released_of(segment)
    by_provider = settings.DISPUTE_LOSS_BEARER == LossBearer.PROVIDER
    earned = _earned_of(contract, segment)
    spared = 0 if by_provider else max(0, earned - released.amount_minor)
    beyond = max(0, released.amount_minor - earned) if contract.fault == Fault.PROVIDER else 0
    takeable = released.amount_minor if by_provider and contract.fault != Fault.GOODWILL else beyond
    return _sources(contract, net, max(0, escrow - spared), released, takeable)


def _sources(contract: Contract, net: int, escrow: int, released: Released, takeable: int) -> Sources:
    from_escrow = min(net, escrow)
    taken = min(net - from_escrow, takeable)
    return Sources(from_escrow, released.taking_back(taken, contract), net - from_escrow - taken)


def _escrow_of(contract: Contract, segment: Segment) -> int:
    return -balance(LedgerAccount.ESCROW, segment, contract.currency)


def _earned_of(contract: Contract, segment: Segment) -> int:
    """What the provider has earned of a segment: as settled, or by now."""
    settlement = Settlement.objects.filter(segment=segment).first()
    if settlement is not None:
        return int(settlement.earned_minor)
    paid = contract.segments.filter(paid_at__isnull=False)
    return next(share.earned_minor for one, share in divide(contract, paid, clock.now()) if one.pk == segment.pk)
