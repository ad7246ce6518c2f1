"""The words to a provider about money that was paid to it, or came back: from the event alone, for payouts stand beside us."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from core.formats import minor
from core.models import DomainEvent
from core.money import MINUS
from messaging.letters.news import Line, RentalLetter, link, moment, one_line
from providers.models import Provider


@dataclass(frozen=True)
class PayoutNews:
    """Something that happened to a payout. The event's data are its figures, in minor units of `currency`."""

    event: DomainEvent
    provider: Provider

    @property
    def names(self) -> dict[str, str]:
        """What sentences call things; what people typed stands on one line."""
        data = self.event.data
        return {
            "amount": self.money("amount_minor"),
            "provider": one_line(self.provider.name),
            "place": self.place,
            "reference": one_line(str(data.get("reference", ""))),
            "reason": one_line(str(data.get("reason", ""))).rstrip(". "),
            "at": moment(datetime.fromisoformat(str(data["paid_at"]))) if data.get("paid_at") else "",
        }

    @property
    def place(self) -> str:
        """Enough of it to know it again."""
        ending = one_line(str(self.event.data["place"]))
        words = {"bank": _("your bank account ending in %(ending)s"), "stripe": _("your Stripe account")}
        return words.get(str(self.event.data["kind"]), _("your address ending in %(ending)s")) % {"ending": ending}

    def money(self, name: str) -> str:
        """One of the figures."""
        return minor(int(self.event.data[name]), str(self.event.data["currency"]))


def paid(news: PayoutNews) -> RentalLetter:
    """It has left."""
    return _letter(
        news,
        _("You have been paid %(amount)s") % news.names,
        _("%(amount)s left to %(place)s on %(at)s.") % news.names,
        _("Its reference is %(reference)s. A bank may need a day or two to show it.") % news.names,
        lines=_statement(news),
        total={"label": _("Paid"), "amount": news.money("amount_minor")},
    )


def failed(news: PayoutNews) -> RentalLetter:
    """It was sent and did not leave."""
    return _letter(
        news,
        _("A payout of %(amount)s did not go through") % news.names,
        _("%(amount)s could not be paid to %(place)s. It is still yours, and is paid with your next payout.") % news.names,
        _("See whether it is still where you want to be paid."),
        total={"label": _("Owed to you"), "amount": news.money("amount_minor")},
    )


def came_back(news: PayoutNews) -> RentalLetter:
    """It was paid, and the bank sent it back."""
    return _letter(
        news,
        _("A payout of %(amount)s came back") % news.names,
        _("%(amount)s to %(place)s came back to us. It is still yours, and is paid with your next payout.") % news.names,
        _("What we were told: %(reason)s.") % news.names,
        _("See whether it is still where you want to be paid."),
        total={"label": _("Owed to you"), "amount": news.money("amount_minor")},
    )


def was_sent(news: PayoutNews) -> bool:
    """Whether it had left our hands: what was dropped before is nobody's news."""
    return bool(news.event.data["sent"])


def _statement(news: PayoutNews) -> tuple[Line, ...]:
    if not int(news.event.data["recovered_minor"]):
        return ()
    return (
        {"label": _("Released to you"), "amount": news.money("released_minor")},
        {"label": _("Taken back before"), "amount": f"{MINUS}{news.money('recovered_minor')}"},
    )


def _letter(news: PayoutNews, subject: str, lead: str, *paragraphs: str, lines: tuple[Line, ...] = (), total: Line) -> RentalLetter:
    reason = _("You get this because you belong to %(provider)s on Decent Cloud.") % news.names
    return RentalLetter(subject, lead, paragraphs, lines, link("provider_earnings"), _("See what you earn"), "", reason, total)
