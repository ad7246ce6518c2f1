"""Only the badge of a rental and the sentence of who acts next, for the customer and for the provider."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.translation import gettext_noop

from contracts.brief import Brief
from contracts.states import BEFORE_DELIVERY, ActorKind, Fault, State, SuspendedFor
from core.formats import day
from core.words import gettext as _
from dashboard.presenters.times import moment_text, of_term, span, used_and_unused

Viewer = Literal["customer", "provider"]
LAST_DAYS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in plain words; `tone` is its shape: live, wait, act, stop, end."""

    label: str
    tone: str


@dataclass(frozen=True, slots=True)
class Step:
    """The next step: `who` acts ("You", "Quietstack", empty: nobody) and what happens, as a sentence."""

    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sentence about an end needs to know about money: what came back, written, whether it arrived, or did not and is paid
    by hand."""

    back: str = ""
    arrived: bool = False
    by_hand: bool = False


def is_overdue(contract: Brief, now: datetime) -> bool:
    """The deadline has passed and the scheduler, which looks once a minute, has not been there yet."""
    return contract.deadline_at is not None and contract.deadline_at <= now


def is_stopped_by_dispute(contract: Brief) -> bool:
    """A dispute holds the rental up before it was delivered."""
    return contract.is_disputed and contract.state in BEFORE_DELIVERY


# Badges -------------------------------------------------------------------------------------------------------------------------


# Words and shape of the states that need no second look; translated only when one is shown.
_SAME = {State.ACTIVE: (gettext_noop("Running"), "live"), State.COMPLETED: (gettext_noop("Ended"), "end")}
_CUSTOMER = _SAME | {
    State.REQUESTED: (gettext_noop("Waiting for provider"), "wait"),
    State.ACCEPTED: (gettext_noop("Accepted, set-up next"), "wait"),
    State.PROVISIONING: (gettext_noop("Being set up"), "wait"),
    State.PROVISIONED: (gettext_noop("Delivered, please check"), "act"),
    State.REJECTED: (gettext_noop("Declined, refunded"), "end"),
    State.PROVISIONING_FAILED: (gettext_noop("Set-up failed, refunded"), "stop"),
}
_PROVIDER = _SAME | {
    State.REQUESTED: (gettext_noop("Needs your answer"), "act"),
    State.ACCEPTED: (gettext_noop("Ready to set up"), "act"),
    State.PROVISIONING: (gettext_noop("Being set up"), "wait"),
    State.PROVISIONED: (gettext_noop("Customer is checking"), "wait"),
    State.REJECTED: (gettext_noop("Declined by you"), "end"),
    State.PROVISIONING_FAILED: (gettext_noop("Set-up failed"), "stop"),
}


def badge(contract: Brief, viewer: Viewer, now: datetime) -> Badge:
    """The words and the shape of where a rental stands, for one side of it."""
    if is_stopped_by_dispute(contract):
        return Badge(_("Paused: payment dispute"), "stop")
    if contract.state == State.SUSPENDED:
        disputed = contract.suspended_for == SuspendedFor.DISPUTE
        return Badge(_("Paused: payment dispute") if disputed else _("Paused by Decent Cloud"), "stop")
    if contract.state == State.CANCELLED:
        return Badge(_cancelled(contract, viewer), "end")
    if contract.state == State.PROVISIONED and is_overdue(contract, now):
        return Badge(_("Running"), "live")
    if contract.paid_at is None and contract.state == State.REQUESTED:
        return _unpaid(contract, viewer, now)
    if contract.state == State.EXPIRED:
        return _expired(contract, viewer)
    label, tone = (_CUSTOMER if viewer == "customer" else _PROVIDER)[State(contract.state)]
    return Badge(_(label), tone)


def _unpaid(contract: Brief, viewer: Viewer, now: datetime) -> Badge:
    if contract.payment_processing:
        return Badge(_("Payment on its way"), "wait" if viewer == "customer" else "end")
    if is_overdue(contract, now):
        return Badge(_("Not paid in time"), "end")
    return Badge(_("Waiting for your payment"), "act") if viewer == "customer" else Badge(_("Not paid yet"), "end")


def _expired(contract: Brief, viewer: Viewer) -> Badge:
    if contract.paid_at is None:
        return Badge(_("Not paid in time"), "end")
    return Badge(_("No answer, refunded"), "end") if viewer == "customer" else Badge(_("You did not answer"), "stop")


def _cancelled(contract: Brief, viewer: Viewer) -> str:
    if contract.ended_by == viewer:
        return _("Cancelled by you")
    if contract.ended_by == ActorKind.CUSTOMER:
        return _("Cancelled by customer")
    if contract.ended_by == ActorKind.PROVIDER:
        return _("Cancelled by %(provider)s") % {"provider": contract.provider.name}
    if contract.ended_by == ActorKind.STAFF:
        return _("Cancelled by Decent Cloud")
    return _("Ended: payment dispute lost") if contract.fault == Fault.LOST_DISPUTE else _("Ended after a long pause")


# Next steps ---------------------------------------------------------------------------------------------------------------------


def next_step(contract: Brief, viewer: Viewer, now: datetime, outcome: Outcome, usual_minutes: int | None = None) -> Step:
    """Who acts next and until when; for an ended rental, how it ended.

    `outcome` says what came back; `usual_minutes` is the provider's usual time to answer where enough was measured.
    """
    if is_stopped_by_dispute(contract):
        return Step(_bank(viewer), _("decides about the payment. Until then nothing is set up and no deadline runs."))
    if contract.is_final:
        return Step("", _ending(contract, viewer, outcome))
    if contract.state == State.SUSPENDED:
        return _paused(contract, viewer, now)
    if contract.state == State.ACTIVE or (contract.state == State.PROVISIONED and is_overdue(contract, now)):
        return Step("", _running(contract, now))
    return _customer_step(contract, now, usual_minutes) if viewer == "customer" else _provider_step(contract, now)


def _deadline(contract: Brief, now: datetime) -> dict[str, str]:
    moment = contract.deadline_at or now
    return {"left": span((moment - now).total_seconds()), "by": moment_text(moment, now)}


def _customer_step(contract: Brief, now: datetime, usual_minutes: int | None) -> Step:
    provider, words, late = contract.provider.name, _deadline(contract, now), is_overdue(contract, now)
    if contract.state == State.REQUESTED and contract.paid_at is None:
        if contract.payment_processing:
            return Step("", _("Nothing to do. Your bank is still confirming the payment."))
        if late:
            return Step("", _("The time to pay has passed. Nothing was charged."))
        return Step(_("You"), _("pay within %(left)s, by %(by)s. Then the stock is given back.") % words)
    if contract.state == State.PROVISIONED:
        return Step(_("You"), _("confirm that it works by %(by)s. After that we take it as working.") % words)
    if late:
        return Step(provider, _("did not act in time. All of your money goes back now."))
    if contract.state == State.REQUESTED:
        text = _("answers by %(by)s.") % words
        if usual_minutes is not None:
            text += " " + _("Usually within %(span)s.") % {"span": span(usual_minutes * 60)}
        return Step(provider, text)
    if contract.state == State.ACCEPTED:
        return Step(provider, _("delivers by %(by)s. The term starts at delivery.") % words)
    return Step(provider, _("sets it up and delivers by %(by)s. The term starts at delivery.") % words)


def _provider_step(contract: Brief, now: datetime) -> Step:
    words, late = _deadline(contract, now), is_overdue(contract, now)
    if contract.state == State.REQUESTED and contract.paid_at is None:
        if contract.payment_processing:
            return Step("", _("Nothing to do yet. The customer’s bank is still confirming the payment."))
        if late:
            return Step("", _("The customer did not pay in time. The stock is yours again."))
        return Step("", _("Nothing to do yet. The customer pays by %(by)s, or the stock is yours again.") % words)
    if contract.state == State.PROVISIONED:
        return Step("", _("The customer checks it until %(by)s. After that it counts as working.") % words)
    if late:
        return Step("", _("The deadline has passed. The customer gets everything back."))
    if contract.state == State.REQUESTED:
        return Step(_("You"), _("answer by %(by)s. Then all of it is refunded.") % words)
    return Step(_("You"), _("deliver by %(by)s. Then all of it is refunded.") % words)


def _running(contract: Brief, now: datetime) -> str:
    ends_at = contract.ends_at
    left = (ends_at - now).total_seconds() if ends_at else 0
    if ends_at is None or left <= 0:
        return _("The term is over; the last figures are being made.")
    if left < LAST_DAYS:
        return _("Nothing to do. Ends in %(left)s, on %(by)s.") % {"left": span(left), "by": moment_text(ends_at, now)}
    return _("Nothing to do. Ends %(day)s.") % {"day": day(ends_at)}


def _paused(contract: Brief, viewer: Viewer, now: datetime) -> Step:
    words = {"day": day(contract.deadline_at or now)}
    if contract.suspended_for == SuspendedFor.DISPUTE:
        return Step(_bank(viewer), _("decides by %(day)s. The clock stands still.") % words)
    return Step(_("Decent Cloud"), _("decides by %(day)s. The clock stands still.") % words)


def _bank(viewer: Viewer) -> str:
    return _("Your bank") if viewer == "customer" else _("The customer’s bank")


# Ends ---------------------------------------------------------------------------------------------------------------------------


def _ending(contract: Brief, viewer: Viewer, outcome: Outcome) -> str:
    ended = day(contract.ended_at) if contract.ended_at else ""
    if contract.state == State.COMPLETED:
        return _("Served in full, ended %(day)s.") % {"day": ended}
    if contract.state == State.CANCELLED:
        return _cancelled_ending(contract, viewer, ended, outcome)
    if contract.paid_at is None:
        return _("Nothing was charged.")
    all_back = _all_back(viewer, outcome)
    if contract.state == State.REJECTED:
        return f"{_said(contract, viewer)} {all_back}"
    if contract.state == State.PROVISIONING_FAILED:
        failed = _("It could not be set up.")
        if contract.ended_by == ActorKind.SYSTEM:
            failed = _("It was not set up in time.")
        elif contract.end_reason:
            failed = _said(contract, viewer)
        return f"{failed} {all_back}"
    return all_back


def _said(contract: Brief, viewer: Viewer) -> str:
    reason = contract.end_reason.rstrip(". ")
    if viewer == "provider":
        return _("You wrote: %(reason)s.") % {"reason": reason}
    return _("%(reason)s, says %(provider)s.") % {"reason": reason, "provider": contract.provider.name}


def _all_back(viewer: Viewer, outcome: Outcome) -> str:
    if viewer == "provider":
        return _("The customer gets everything back.")
    if outcome.arrived:
        return _("All of it came back: %(amount)s.") % {"amount": outcome.back}
    if outcome.by_hand:
        return _("All of it is owed to you, and paid by hand.")
    return _("All of it is on its way back.")


def _cancelled_ending(contract: Brief, viewer: Viewer, ended: str, outcome: Outcome) -> str:
    if contract.provisioned_at is None:
        text = _("Ended %(day)s, before it was delivered.") % {"day": ended}
    else:
        used = contract.used_seconds(contract.ended_at) if contract.ended_at else 0
        text = _("Ended %(day)s, after %(share)s.") % {"day": ended, "share": share_text(used or 0, contract.term_seconds)}
    if contract.paid_at is None:
        return f"{text} {_('Nothing was charged.')}"
    if not outcome.back or viewer == "provider":
        return text
    if outcome.arrived:
        return f"{text} {_('%(amount)s came back.') % {'amount': outcome.back}}"
    if outcome.by_hand:
        return f"{text} {_('%(amount)s is owed to you, and paid by hand.') % {'amount': outcome.back}}"
    return f"{text} {_('%(amount)s is on its way back.') % {'amount': outcome.back}}"


def share_text(used: int, term: int) -> str:
    """ "11.02 of 30 days", "5 of 24 hours": seconds of service against a term. What is left is what the refund calls unused."""
    return of_term(used_and_unused(used, term)[0], term)
