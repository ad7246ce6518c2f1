"""The words to the provider: what is asked of it by when, and what it earns."""

from django.utils.translation import gettext as _

from contracts.states import BEFORE_DELIVERY, ActorKind, Fault, State
from core.formats import hours_text
from messaging.letters.news import News, RentalLetter, earned_minor, earning, to_provider


def request(news: News) -> RentalLetter:
    """A paid request waits for an answer."""
    lines, total = earning(news.contract, news.contract.net_minor)
    return to_provider(
        news,
        _("Answer by %(by)s: %(offering)s for %(term)s") % news.names,
        _("A paid request waits for your answer until %(by)s. Then all of it is refunded to the customer.") % news.names,
        lines=lines,
        total={**total, "label": _("Yours when served in full")},
        label=_("Answer the request"),
    )


def accepted_by_rule(news: News) -> RentalLetter:
    """The rule of the offering said yes."""
    lines, total = earning(news.contract, news.contract.net_minor)
    return to_provider(
        news,
        _("Set it up by %(by)s: %(offering)s for %(term)s") % news.names,
        _("Your rule accepted it. Deliver by %(by)s; then all of it is refunded to the customer.") % news.names,
        lines=lines,
        total={**total, "label": _("Yours when served in full")},
        label=_("Set it up"),
    )


def unanswered(news: News) -> RentalLetter:
    """A request was not answered in time."""
    return to_provider(
        news,
        _("You did not answer: %(offering)s") % news.names,
        _("The request has expired and the customer gets everything back. The stock is yours again."),
    )


def not_set_up(news: News) -> RentalLetter:
    """What was accepted was not delivered in time."""
    return to_provider(
        news,
        _("Not set up in time: %(offering)s") % news.names,
        _("You had accepted it and did not deliver in time. The customer gets everything back, and the stock is yours again."),
    )


def cancelled(news: News) -> RentalLetter:
    """Somebody else ended it early."""
    contract = news.contract
    who = {
        ActorKind.CUSTOMER: _("The customer ended it on %(ended)s."),
        ActorKind.STAFF: _("Decent Cloud ended it on %(ended)s."),
        ActorKind.SYSTEM: _("It ended on %(ended)s, after a long pause."),
    }[ActorKind(contract.ended_by)] % news.names
    if contract.fault == Fault.PROVIDER and contract.ended_by == ActorKind.CUSTOMER:
        who = _("The customer left on %(ended)s because it was not as described.") % news.names
    quoted = _("The reason given: “%(said)s”") % {"said": news.said} if news.said else ""
    subject = _("Cancelled: %(offering)s, rental %(reference)s") % news.names
    if contract.provisioned_at is None:
        return to_provider(
            news,
            subject,
            _("%(who)s It was not delivered, so the customer gets everything back. Stop setting it up.") % {"who": who},
            quoted,
        )
    lines, total = earning(contract, earned_minor(contract))
    return to_provider(news, subject, _("%(who)s Take it down.") % {"who": who}, quoted, lines=lines, total=total)


def ended(news: News) -> RentalLetter:
    """Served to the end."""
    lines, total = earning(news.contract, earned_minor(news.contract))
    return to_provider(
        news,
        _("Ended, served in full: %(offering)s, rental %(reference)s") % news.names,
        _("The term ended %(ended)s. Take it down.") % news.names,
        lines=lines,
        total=total,
    )


def extended(news: News) -> RentalLetter:
    """The customer paid for more time."""
    words = {**news.names, "more": hours_text(news.event.data["hours"])}
    segment = news.contract.segments.get(number=news.event.data["segment"])
    lines, total = earning(news.contract, segment.net_minor)
    return to_provider(
        news,
        _("Extended by %(more)s: %(offering)s, rental %(reference)s") % words,
        _("Nothing to do. It ends %(ends)s now.") % words if words["ends"] else _("Nothing to do."),
        lines=lines,
        total={**total, "label": _("Yours when served in full")},
    )


def paused(news: News) -> RentalLetter:
    """Staff stopped it."""
    return to_provider(
        news,
        _("Paused by Decent Cloud: %(offering)s, rental %(reference)s") % news.names,
        _("Stop it, and keep what is on it. The clock stands still. We decide by %(by)s.") % news.names,
    )


def resumed(news: News) -> RentalLetter:
    """It goes on."""
    return to_provider(
        news,
        _("It goes on: %(offering)s, rental %(reference)s") % news.names,
        _("Start it again. It ends %(ends)s now; the time of the pause was added.") % news.names,
    )


def dispute_opened(news: News) -> RentalLetter:
    """The customer's bank took the payment back until it decides."""
    state = news.contract.state
    if state == State.SUSPENDED:
        what = _("Stop it, and keep what is on it: the clock stands still until %(by)s at most.") % news.names
    elif state in BEFORE_DELIVERY:
        what = _("Set nothing up until it decides; no deadline runs.")
    else:
        what = _("The rental had ended. Nothing to do.")
    return to_provider(
        news,
        _("Payment disputed: %(offering)s, rental %(reference)s") % news.names,
        _("The customer’s bank has taken the payment back until it decides. %(what)s") % {"what": what},
    )


def dispute_closed(news: News) -> RentalLetter:
    """The bank has decided."""
    contract = news.contract
    subject = _("Dispute decided: %(offering)s, rental %(reference)s") % news.names
    if contract.is_final:
        lost = not news.event.data["won"]
        text = _("The bank kept the money, and the rental ended %(ended)s. Take it down.") if lost else _("The rental had ended.")
        return to_provider(news, subject, text % news.names)
    if contract.is_disputed:
        return to_provider(news, subject, _("Another dispute is still open: nothing changes for now."))
    if contract.state in BEFORE_DELIVERY:
        return to_provider(news, subject, _("The payment stands. It is your turn again, by %(by)s.") % news.names)
    return to_provider(
        news, subject, _("The payment stands. Start it again; it ends %(ends)s, with the time of the pause added.") % news.names
    )
