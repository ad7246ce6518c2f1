"""The words to the customer about the way of a rental: paid for, accepted, delivered, running, over."""

from django.utils.translation import gettext as _

from billing.queries import order_charge
from contracts.states import ActorKind, Fault
from core.formats import minor, money
from messaging.letters.news import (
    Line,
    News,
    RentalLetter,
    asked,
    coming_back_minor,
    gross_of_order,
    link,
    statement,
    to_customer,
)


def to_pay(news: News) -> RentalLetter:
    """The order waits for its payment."""
    charge = order_charge(news.contract)
    words = {**news.names, "gross": money(charge.gross)}
    return to_customer(
        news,
        _("Pay %(gross)s for %(offering)s by %(by)s") % words,
        _("Your order waits for your payment until %(by)s. Then the stock is given back and nothing is charged.") % words,
        lines=asked(charge),
        total={"label": _("To pay"), "amount": words["gross"]},
        action=(link("checkout", charge.public_id), _("Pay %(gross)s") % words),
    )


def accepted(news: News) -> RentalLetter:
    """The provider, or its rule, said yes."""
    charge = order_charge(news.contract)
    return to_customer(
        news,
        _("%(provider)s has accepted: %(offering)s") % news.names,
        _("%(provider)s delivers by %(by)s. If it does not, all of it comes back by itself.") % news.names,
        _("The term of %(term)s starts at delivery: waiting costs you nothing.") % news.names,
        lines=asked(charge),
        total={"label": _("Paid"), "amount": money(charge.gross)},
    )


def delivered(news: News) -> RentalLetter:
    """Handed over, to be checked. How to connect is not written here: a mail is read by many machines."""
    return to_customer(
        news,
        _("Delivered, please check it: %(offering)s") % news.names,
        _("Confirm that it works by %(by)s. After that we take it as working.") % news.names,
        _("How to connect stands on its page. The term has started and ends %(ends)s.") % news.names,
        _("If it is not what was offered, say so there: leaving is then the provider’s fault, not yours."),
        action=(link("rental", news.contract.reference), _("Check and confirm")),
    )


def running(news: News) -> RentalLetter:
    """Confirmed, or taken as working."""
    silent = news.event.data.get("actor_kind") == ActorKind.SYSTEM
    return to_customer(
        news,
        _("Running: %(offering)s") % news.names,
        (_("Nobody said otherwise in time, so we take it as working.") if silent else _("You confirmed that it works.")),
        _("Nothing to do. It ends %(ends)s, unless you extend it. Leave earlier, and what is unused comes back.") % news.names,
    )


def paused(news: News) -> RentalLetter:
    """Staff stopped it."""
    return to_customer(
        news,
        _("Paused by Decent Cloud: %(offering)s") % news.names,
        _("The clock stands still, so that you lose no time. We decide by %(by)s.") % news.names,
        _quoted(news),
    )


def resumed(news: News) -> RentalLetter:
    """It goes on."""
    return to_customer(
        news,
        _("It goes on: %(offering)s") % news.names,
        _("The time of the pause was added to your term. It ends %(ends)s now.") % news.names,
        _quoted(news),
    )


# Ends ---------------------------------------------------------------------------------------------------------------------------


def declined(news: News) -> RentalLetter:
    """The provider said no."""
    words = {**news.names, "gross": gross_of_order(news.contract)}
    return to_customer(
        news,
        _("%(provider)s declined, %(gross)s comes back: %(offering)s") % words,
        _("“%(reason)s”, says %(provider)s.") % words,
        _all_back(),
        total=_back(news),
        action=_market(),
    )


def not_paid(news: News) -> RentalLetter:
    """The time to pay has passed."""
    came = any(payment.received_minor for charge in news.contract.charges.all() for payment in charge.payments.all())
    return to_customer(
        news,
        _("Not paid in time: %(offering)s") % news.names,
        (
            _("The order has ended and the stock was given back. Money that came for it goes back in full.")
            if came
            else _("The order has ended and the stock was given back. Nothing was charged.")
        ),
        action=_market(),
    )


def unanswered(news: News) -> RentalLetter:
    """The provider did not answer in time."""
    words = {**news.names, "gross": gross_of_order(news.contract)}
    return to_customer(
        news,
        _("No answer, %(gross)s comes back: %(offering)s") % words,
        _("%(provider)s did not answer in time, so the order has ended.") % words,
        _all_back(),
        total=_back(news),
        action=_market(),
    )


def setup_failed(news: News) -> RentalLetter:
    """It could not be set up, or was not in time."""
    words = {**news.names, "gross": gross_of_order(news.contract)}
    return to_customer(
        news,
        _("Set-up failed, %(gross)s comes back: %(offering)s") % words,
        (_("It could not be set up. “%(reason)s”, says %(provider)s.") if news.said else _("It was not set up in time.")) % words,
        _all_back(),
        total=_back(news),
        action=_market(),
    )


def cancelled(news: News) -> RentalLetter:
    """Ended early: who ended it, and what comes back."""
    contract = news.contract
    if contract.paid_at is None:
        return to_customer(
            news,
            _("Cancelled: %(offering)s") % news.names,
            _("%(who)s Nothing was charged.") % {"who": _who_cancelled(news)},
            _quoted(news),
            action=_market(),
        )
    words = {**news.names, "back": minor(coming_back_minor(contract), contract.currency)}
    lines, total = statement(contract)
    return to_customer(
        news,
        _("Cancelled, %(back)s comes back: %(offering)s") % words,
        _("%(who)s What is unused is on its way back, the way you paid; you get a mail when it is confirmed.")
        % {"who": _who_cancelled(news)},
        _quoted(news),
        lines=lines,
        total=total,
    )


def ended(news: News) -> RentalLetter:
    """Served to the end."""
    return to_customer(
        news,
        _("Ended, served in full: %(offering)s") % news.names,
        _("The term ended %(ended)s. Nothing to do. %(provider)s may delete what is still on it.") % news.names,
        action=(link("offering", news.contract.offering.slug), _("Rent it again")),
    )


def _who_cancelled(news: News) -> str:
    contract = news.contract
    if contract.ended_by == ActorKind.CUSTOMER and contract.fault == Fault.PROVIDER:
        return _("You left because it was not as described; it ended %(ended)s.") % news.names
    return {
        ActorKind.CUSTOMER: _("You ended it on %(ended)s."),
        ActorKind.PROVIDER: _("%(provider)s ended it on %(ended)s."),
        ActorKind.STAFF: _("Decent Cloud ended it on %(ended)s."),
        ActorKind.SYSTEM: _("It ended on %(ended)s, after a long pause."),
    }[ActorKind(contract.ended_by)] % news.names


def _quoted(news: News) -> str:
    return _("The reason given: “%(said)s”") % {"said": news.said} if news.said else ""


def _all_back() -> str:
    return _("All of it is on its way back, the way you paid; you get a mail when it is confirmed.")


def _market() -> tuple[str, str]:
    return link("marketplace"), _("Find another one")


def _back(news: News) -> Line:
    return {"label": _("Comes back"), "amount": minor(coming_back_minor(news.contract), news.contract.currency)}
