"""Only reads of contracts: who may do what now, what an end would mean, and the lists of pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_fsm import Transition

from accounts.models import Account
from contracts.models import Contract, Segment
from contracts.pricing import Share, settle
from contracts.states import DELIVERED, ActorKind, Fault, State
from core import clock
from core.errors import Refused
from core.money import Money
from providers.models import Provider

# Words of pages and API for a transition made in one capacity.
ALL_TRANSITIONS: tuple[Transition, ...] = tuple(Contract._meta.get_field("state").get_all_transitions(Contract))
BUTTONS = {
    (ActorKind.CUSTOMER, "activate"): "confirm",
}


@dataclass(frozen=True)
class Preview:
    """What ending a contract at `at` would mean; the refund that follows is exactly this."""

    at: datetime
    fault: Fault
    used_seconds: int | None
    term_seconds: int
    currency: str
    shares: tuple[Share, ...]

    @property
    def earned_minor(self) -> int:
        """Net that stays with the provider (before the platform's fee)."""
        return sum(share.earned_minor for share in self.shares)

    @property
    def refund_minor(self) -> int:
        """Net that comes back to the customer; its VAT comes on top."""
        return sum(share.refund_minor for share in self.shares)

    @property
    def refund(self) -> Money:
        """The net refund with its currency."""
        return Money(self.refund_minor, self.currency)


def divide(
    contract: Contract,
    segments: Iterable[Segment],
    moment: datetime,
    fault: Fault = Fault.NOBODY,
    lost: Mapping[int, int] | None = None,
) -> list[tuple[Segment, Share]]:
    """Divide each segment's net at `moment`: the one function behind preview, settlement and refund.

    `lost` is the net that a bank took for good, by the segment's id.
    """
    ordered = sorted(segments, key=lambda segment: segment.number)
    shares = settle(
        [segment.paid_term(contract.currency) for segment in ordered],
        contract.used_seconds(moment),
        fault,
        [(lost or {}).get(segment.pk, 0) for segment in ordered],
    )
    return list(zip(ordered, shares, strict=True))


def cancel_preview(
    contract: Contract, moment: datetime, fault: Fault = Fault.NOBODY, segments: Sequence[Segment] | None = None
) -> Preview:
    """What comes back if the contract ended at `moment` (UTC). Nothing of an unpaid one."""
    paid = [s for s in (segments if segments is not None else contract.segments.all()) if s.paid_at]
    return Preview(
        at=moment,
        fault=fault,
        used_seconds=contract.used_seconds(moment),
        term_seconds=contract.term_seconds,
        currency=contract.currency,
        shares=tuple(share for _segment, share in divide(contract, paid, moment, fault)),
    )


def cancel_fault(kind: ActorKind) -> Fault:
    """Whose fault a plain cancellation by this capacity is: a provider that leaves answers for it."""
    return Fault.PROVIDER if kind == ActorKind.PROVIDER else Fault.NOBODY


def refusal(contract: Contract, move: str, kind: ActorKind, moment: datetime) -> Refused | None:
    """Why `move` cannot be made now in this capacity, or None. Buttons and the door both ask here."""
    transition = _transitions(contract).get(move)
    if transition is None:
        return Refused(_("This is not possible any more: the rental has moved on."), code="not_possible")
    if kind not in transition.custom["actors"][contract.state]:
        return Refused(_("This is not yours to do."), code="not_yours")
    if kind == ActorKind.SYSTEM:
        return None
    if contract.is_disputed:
        return Refused(
            _("The payment is disputed at the bank. Nothing can be changed until the bank has decided."),
            code="disputed",
        )
    if move in {"accept", "reject", "start_provisioning", "deliver"} and contract.paid_at is None:
        return Refused(_("It is not paid yet."), code="unpaid")
    late = contract.deadline_at is not None and contract.deadline_at <= moment
    if late and move in {"accept", "start_provisioning", "deliver"}:
        return Refused(_("The deadline has passed; the customer gets the money back."), code="too_late")
    ends_at = contract.ends_at
    if move in {"activate", "cancel"} and ends_at is not None and ends_at <= moment:
        return Refused(_("The term has ended."), code="term_ended")
    return None


def _transitions(contract: Contract) -> dict[str, Transition]:
    # A flat walk over what the class declares; the library's own lookups ask each condition and copy as they go.
    return {found.name: found for found in ALL_TRANSITIONS if found.source == contract.state}


def available_moves(contract: Contract, kind: ActorKind, moment: datetime | None = None) -> frozenset[str]:
    """What this capacity may do now, in the words of buttons; a shown button works.

    Beside the moves: ``pay`` and ``extend`` (each opens a charge) and ``report_not_as_described``.
    """
    moment = moment or clock.now()
    moves = {BUTTONS.get((kind, name), name) for name in _transitions(contract) if refusal(contract, name, kind, moment) is None}
    if kind == ActorKind.CUSTOMER:
        if can_be_paid(contract, moment):
            moves.add("pay")
        if extension_refusal(contract, moment) is None:
            moves.add("extend")
        if contract.state == State.PROVISIONED and "cancel" in moves:
            moves.add("report_not_as_described")
    if kind == ActorKind.STAFF and {"resume_to_provisioned", "resume_to_active"} & moves:
        moves -= {"resume_to_provisioned", "resume_to_active"}
        moves.add("resume")
    return frozenset(moves)


def can_be_paid(contract: Contract, moment: datetime) -> bool:
    """Whether a payment now would still be for something."""
    return (
        contract.state == State.REQUESTED
        and contract.paid_at is None
        and contract.deadline_at is not None
        and contract.deadline_at > moment
    )


def extension_refusal(contract: Contract, moment: datetime) -> Refused | None:
    """Why the term cannot be extended now, or None."""
    if contract.state not in {State.PROVISIONED, State.ACTIVE}:
        return Refused(_("Only a delivered rental can be extended."), code="not_possible")
    if contract.is_disputed:
        return Refused(_("The payment is disputed at the bank."), code="disputed")
    if contract.ends_at is not None and contract.ends_at <= moment:
        return Refused(_("The term has ended."), code="term_ended")
    return None


def of_customer(account: Account) -> QuerySet[Contract]:
    """Contracts that the account rents, with what a list row needs."""
    return Contract.objects.filter(customer=account).select_related("provider", "delivery")


def of_provider(provider: Provider) -> QuerySet[Contract]:
    """Contracts that run on the provider's offerings, with what a list row needs."""
    return Contract.objects.filter(provider=provider).select_related("customer", "delivery")


def full(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """With all that a detail page shows."""
    return contracts.select_related("provider", "offering", "customer", "delivery").prefetch_related(
        "segments__settlement", "moves"
    )


def is_delivered(contract: Contract) -> bool:
    """The customer holds a resource now."""
    return contract.state in DELIVERED
