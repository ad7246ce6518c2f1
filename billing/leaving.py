"""Only what leaving early would give back of an order, before there is a contract: the arithmetic of the refund itself."""

from dataclasses import dataclass
from decimal import Decimal

from contracts.pricing import HOUR, NetPrice, PaidTerm, settle
from core.money import Money, Priced, split_net, tax_on

DAY = 24
# Where a term is cut for a short table; longer ones after the first day and at each quarter.
_CUTS: dict[int, tuple[int, ...]] = {24: (6, 12, 18), 168: (24, 72, 120)}


@dataclass(frozen=True)
class Leaving:
    """After `hours` of service, `back` comes back: net, VAT and gross."""

    hours: int
    back: Priced

    @property
    def gross(self) -> Money:
        """What the customer gets, VAT included."""
        return self.back.gross


def leaving_after(price: NetPrice, hours: int, tax_rate: Decimal, after_hours: int) -> Leaving:
    """What a paid term of `hours` at this net price gives back when it is left `after_hours` after delivery.

    Exactly what cancelling does then: the same settlement, the same VAT, counted on totals.
    """
    term = PaidTerm(hours * HOUR, price.setup_fee_minor, price.rent_minor, price.currency)
    (share,) = settle([term], after_hours * HOUR)
    paid = Priced.of(price.net_minor, tax_on(price.net_minor, tax_rate, price.currency), price.currency)
    back = split_net(share.refund_minor, paid=paid, given_back=Priced.zero(price.currency), rate=tax_rate)
    return Leaving(after_hours, back)


def key_moments(hours: int) -> tuple[int, ...]:
    """A few hours after delivery that show how the refund falls."""
    return _CUTS.get(hours) or (DAY, *(hours * quarter // 4 // DAY * DAY for quarter in (1, 2, 3)))


def every_day(hours: int) -> range:
    """The end of each day of the term but the last; nothing for a single day."""
    return range(DAY, hours, DAY)
