"""Only what happened to a rental, in plain words, newest first, with what comes next on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django_stubs_ext import StrOrPromise

from contracts.models import Contract, Move
from contracts.states import DELIVERED, ActorKind, Fault, State, SuspendedFor
from core.formats import day, hours_text, minor
from core.models import DomainEvent
from dashboard.presenters.words import Viewer, is_stopped_by_dispute

# Within one moment: the order before its payment, the payment before what a rule made of it, money back last.
_ORDERED, _PAID, _MOVED, _BACK = range(4)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of c/timeline.html; `machine` is the moment for the datetime attribute."""

    what: str
    note: str
    when: str
    machine: str
    now: bool = False
    next: bool = False


@dataclass(frozen=True, slots=True)
class _Happened:
    at: datetime
    rank: int
    what: str
    note: str = ""


def timeline(contract: Contract, events: Sequence[DomainEvent], viewer: Viewer, now: datetime) -> list[Entry]:
    """Moves of the contract and what happened to its money, for one side of it. Moves must be prefetched."""
    happened = [_moved(move, contract, viewer) for move in contract.moves.all()]
    paused = any(move.to_state == State.SUSPENDED for move in contract.moves.all())
    for event in events:
        # A dispute that paused the rental stands there as the pause.
        words = None if paused and event.name == "dispute.opened" else _event_words(event, viewer)
        if words is not None:
            rank = _PAID if event.name == "contract.paid" else _BACK
            happened.append(_Happened(event.at, rank, *words))
    # Sorted upward and then turned, so that what is equal keeps its order, too.
    happened.sort(key=lambda one: (one.at, one.rank))
    happened.reverse()
    entries = [_entry(one, is_now=not place and not contract.is_final) for place, one in enumerate(happened)]
    return [*_future(contract, now), *entries]


def _entry(one: _Happened, *, is_now: bool) -> Entry:
    at = one.at.astimezone(UTC)
    note = f"{at:%H:%M}, {one.note}" if one.note else f"{at:%H:%M}"
    return Entry(one.what, note, day(at), at.isoformat(timespec="seconds"), now=is_now)


def _future(contract: Contract, now: datetime) -> list[Entry]:
    if contract.is_final or contract.deadline_at is None or is_stopped_by_dispute(contract):
        return []
    moment = contract.deadline_at
    if contract.state == State.REQUESTED:
        what = _("Answer is due") if contract.paid_at else _("Payment is due")
    else:
        what = {
            State.ACCEPTED: _("Delivery is due"),
            State.PROVISIONING: _("Delivery is due"),
            State.PROVISIONED: _("Taken as working, unless something is said"),
            State.ACTIVE: _("Ends, unless extended"),
            State.SUSPENDED: _("Ends, unless decided before"),
        }[State(contract.state)]
    note = "" if moment > now else _("any minute")
    at = moment.astimezone(UTC)
    return [Entry(what, note or f"{at:%H:%M}", day(at), at.isoformat(timespec="seconds"), next=True)]


# Moves --------------------------------------------------------------------------------------------------------------------------


def _moved(move: Move, contract: Contract, viewer: Viewer) -> _Happened:
    rank = _ORDERED if not move.from_state else _MOVED
    what, note = _move_words(move, contract, viewer)
    return _Happened(move.at, rank, what, note)


def _move_words(move: Move, contract: Contract, viewer: Viewer) -> tuple[str, str]:
    by = {"who": who(move.actor_kind, contract, viewer)}
    by_system = move.actor_kind == ActorKind.SYSTEM
    # Only people's reasons are sentences; the system's are words for the audit trail.
    said = "" if by_system or move.actor_kind == ActorKind.AGENT else move.reason
    if move.from_state == State.SUSPENDED and move.to_state in DELIVERED:
        return _("Goes on"), _("the time lost is given back")
    if move.to_state == State.ACTIVE:
        return _working(move, by)
    if move.to_state == State.SUSPENDED:
        return _stopped(contract, said)
    if move.to_state == State.CANCELLED:
        return _cancelled(move, contract, by), said
    if move.to_state == State.ACCEPTED and by_system:
        return _("Accepted by rule"), _("it was in stock")
    return {
        State.REQUESTED: (_("Ordered by %(who)s") % by, ""),
        State.ACCEPTED: (_("Accepted by %(who)s") % by, ""),
        State.REJECTED: (_("Declined by %(who)s") % by, said),
        State.EXPIRED: (_("No answer in time") if contract.paid_at else _("Not paid in time"), ""),
        State.PROVISIONING: (_("Set-up started by %(who)s") % by, ""),
        State.PROVISIONED: (_("Delivered by %(who)s") % by, _("the term starts")),
        State.PROVISIONING_FAILED: (
            _("Not set up in time") if by_system else _("Set-up given up by %(who)s") % by,
            said,
        ),
        State.COMPLETED: (_("Served in full"), ""),
    }[State(move.to_state)]


def _working(move: Move, by: dict[str, str]) -> tuple[str, str]:
    if move.actor_kind == ActorKind.SYSTEM:
        return _("Taken as working"), _("nobody said otherwise")
    if move.actor_kind == ActorKind.AGENT:
        return _("Answered its first health check"), ""
    return _("Confirmed by %(who)s") % by, ""


def _stopped(contract: Contract, said: str) -> tuple[str, str]:
    if said or contract.suspended_for == SuspendedFor.STAFF:
        return _("Paused by Decent Cloud"), said
    return _("Paused: payment dispute"), _("the clock stands still")


def _cancelled(move: Move, contract: Contract, by: dict[str, str]) -> str:
    if move.actor_kind != ActorKind.SYSTEM:
        return _("Cancelled by %(who)s") % by
    return _("Ended: payment dispute lost") if contract.fault == Fault.LOST_DISPUTE else _("Ended after a long pause")


def who(kind: str, contract: Contract, viewer: Viewer) -> str:
    """The one who acted, as this reader calls them."""
    if kind == viewer:
        return _("you")
    return {
        ActorKind.CUSTOMER: _("the customer"),
        ActorKind.PROVIDER: contract.provider.name,
        ActorKind.AGENT: _("%(provider)s’s agent") % {"provider": contract.provider.name},
        ActorKind.STAFF: _("Decent Cloud"),
        ActorKind.SYSTEM: _("Decent Cloud"),
    }[ActorKind(kind)]


# Money --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """What an event is called; `amount` names the figure in its data, `note` stands where there is none."""

    what: StrOrPromise
    amount: str = ""
    note: StrOrPromise = ""


def _event_words(event: DomainEvent, viewer: Viewer) -> tuple[str, str] | None:
    """How one event reads; None for what this reader need not know."""
    if viewer == "provider" and event.name.startswith(("payment.", "refund.")):
        return None
    if event.name == "contract.extended":
        words = _Words(_("Extended by %(term)s") % {"term": hours_text(int(event.data.get("hours", 0)))}, "gross_minor")
    elif event.name in _EVENTS:
        words = _EVENTS[event.name]
    else:
        return None
    # What the customer paid includes a VAT that is none of the provider's business.
    amount = _amount(event.data, words.amount) if viewer == "customer" else ""
    return str(words.what), amount or str(words.note)


def _amount(data: dict[str, Any], name: str) -> str:
    amount, currency = data.get(name), data.get("currency")
    return minor(amount, currency) if isinstance(amount, int) and isinstance(currency, str) else ""


_EVENTS = {
    "contract.paid": _Words(_lazy("Paid"), "gross_minor"),
    "payment.failed": _Words(_lazy("Payment declined")),
    "payment.mismatched": _Words(_lazy("Wrong amount received"), note=_lazy("it is being checked")),
    "payment.unallocated": _Words(_lazy("Money came that pays for nothing"), note=_lazy("it goes back in full")),
    "dispute.opened": _Words(_lazy("Payment disputed at the bank")),
    "dispute.closed": _Words(_lazy("The bank has decided the dispute")),
    "refund.requested": _Words(_lazy("Refund on its way"), "amount_minor"),
    "refund.imported": _Words(_lazy("Refund on its way"), "amount_minor"),
    "refund.handed_over": _Words(_lazy("A person sends the tokens back"), "amount_minor"),
    "refund.succeeded": _Words(_lazy("Refund arrived"), "amount_minor"),
    "refund.dropped": _Words(_lazy("Refund withdrawn"), "amount_minor"),
    "refund.failed": _Words(_lazy("Refund did not arrive"), note=_lazy("we pay it by hand")),
}
