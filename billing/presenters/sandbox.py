"""Only what the pretend bank's page shows."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from billing.gateway_facts import PaymentStatus
from billing.models import SandboxDispute, SandboxPayment
from billing.sandbox_outcomes import AT_CHECKOUT, Decision, Outcome, left_minor, possible_decisions, possible_outcomes
from core import clock
from core.formats import minor, when
from core.money import currency


@dataclass(frozen=True)
class Button:
    """One thing that the bank can be told: what is sent, what is read, what it does."""

    value: str
    label: str
    meaning: str
    is_first: bool = False


@dataclass(frozen=True)
class DisputeRow:
    """One dispute: what it is about, how it stands, how it can end."""

    external_id: str
    title: str
    text: str
    buttons: list[Button]


@dataclass(frozen=True)
class SandboxPage:
    """Ready strings for templates/billing/sandbox.html."""

    title: str
    says: str
    amount: str
    buttons: list[Button]
    disputes: list[DisputeRow]
    is_open: bool


def sandbox_page(page: SandboxPayment) -> SandboxPage:
    """The bank's page as its state allows."""
    outcomes = possible_outcomes(page, clock.now())
    is_open = bool(outcomes) and outcomes[0] in AT_CHECKOUT
    return SandboxPage(
        title=_("What should the bank say?") if outcomes else _("The bank has answered"),
        says="" if is_open and page.status == PaymentStatus.PENDING else _says(page),
        amount=minor(page.amount_minor, page.currency),
        buttons=[
            Button(outcome.value, str(outcome.label), _meaning(outcome, page), outcome == Outcome.PAID) for outcome in outcomes
        ],
        disputes=[_dispute(dispute, page) for dispute in page.disputes.order_by("id")],
        is_open=is_open,
    )


def _says(page: SandboxPayment) -> str:
    if page.settles_at is not None and page.status != PaymentStatus.PROCESSING:
        return _("The bank says nothing for now, and pays at %(time)s UTC, after the order has ended.") % {
            "time": when(page.settles_at)
        }
    received = minor(page.received_minor, page.currency)
    left = minor(left_minor(page), page.currency)
    return {
        PaymentStatus.PENDING: _("This page is closed."),
        PaymentStatus.PROCESSING: _("The payment is on its way, for about a minute."),
        PaymentStatus.SUCCEEDED: _("%(received)s was paid, %(left)s of it is neither refunded nor disputed.")
        % {"received": received, "left": left},
        PaymentStatus.FAILED: _("The bank has declined. One may try again."),
        PaymentStatus.EXPIRED: _("Nobody paid in time. The page is closed."),
    }[PaymentStatus(page.status)]


def _meaning(outcome: Outcome, page: SandboxPayment) -> str:
    code = page.currency
    less = minor(page.amount_minor - currency(code).step, code)
    return {
        Outcome.PAID: _("The full amount, at once."),
        Outcome.DECLINED: _("Nothing is charged; one may try again."),
        Outcome.WRONG_AMOUNT: _("%(amount)s instead: goes to manual review, is never “paid”.") % {"amount": less},
        Outcome.TWICE: _("The message comes twice, and a second payment with it: that one goes back."),
        Outcome.LATE: _("A minute after the order has ended: all of it is refunded."),
        Outcome.SLOW: _("On its way first, paid a minute later."),
        Outcome.REFUND_FAILS: _("Paid at once. Refunds succeed, and come back a minute later."),
        Outcome.DISPUTE: _("The bank takes the money back. The rental is paused until it decides."),
        Outcome.DISPUTE_PART: _("The bank takes half of it back. The rental is paused until it decides."),
        Outcome.INQUIRY: _("The bank only asks. No money moves, nothing is paused."),
        Outcome.DASHBOARD_REFUND: _("Somebody of ours refunds half of it at the bank, past the shop. The rental goes on."),
    }[outcome]


def _dispute(dispute: SandboxDispute, page: SandboxPayment) -> DisputeRow:
    meanings = {
        Decision.WON: _("The money comes back to us, the rental goes on."),
        Decision.LOST: _("The money stays with the customer, the rental ends."),
        Decision.INQUIRY_CLOSED: _("The question is answered."),
        Decision.DISPUTED: _("The bank takes the money back. The rental is paused until it decides."),
    }
    title = {
        "inquiry": _("Inquiry, open"),
        "inquiry_closed": _("Inquiry, closed"),
        "open": _("Dispute, open"),
        "won": _("Dispute, decided for us"),
        "lost": _("Dispute, decided for the customer"),
    }[dispute.status]
    return DisputeRow(
        external_id=dispute.external_id,
        title=title,
        text=_("%(amount)s, since %(time)s UTC")
        % {"amount": minor(dispute.amount_minor, page.currency), "time": when(dispute.created_at)},
        buttons=[Button(item.value, str(item.label), meanings[item]) for item in possible_decisions(dispute)],
    )
