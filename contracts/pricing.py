"""Only pure arithmetic of a contract's money: price, earned, settlement. Time comes in as an argument.

Amounts are integers in the currency's minor unit. Prices round half up; what is earned rounds down on
running totals, so that earned + refunded is always exactly what was paid. Everything is a multiple of
the currency's step, because card networks cannot move less (KWD knows three decimals, cards two).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.states import Fault
from core.money import currency, half_up_to_step

MONTH_HOURS = 720
HOUR = 3600


@dataclass(frozen=True)
class NetPrice:
    """What a term costs before tax, in minor units of one currency."""

    monthly_minor: int
    setup_fee_minor: int
    rent_minor: int
    currency: str

    @property
    def net_minor(self) -> int:
        """Set-up fee and rent together."""
        return self.setup_fee_minor + self.rent_minor


@dataclass(frozen=True)
class PaidTerm:
    """One paid segment as arithmetic sees it."""

    seconds: int
    setup_fee_minor: int
    rent_minor: int
    currency: str

    @property
    def net_minor(self) -> int:
        """Set-up fee and rent together."""
        return self.setup_fee_minor + self.rent_minor


@dataclass(frozen=True)
class Share:
    """How one segment's net is divided at an end: earned + refund + lost = net, nothing is left."""

    used_seconds: int
    earned_minor: int
    refund_minor: int
    lost_minor: int = 0


def rent_minor(monthly_minor: int, hours: int, currency_code: str) -> int:
    """Rent for `hours` at a monthly net price (a month is 720 h), half up to the currency's step."""
    return half_up_to_step(monthly_minor * hours, MONTH_HOURS, currency_code)


def net_price(monthly_minor: int, setup_fee_minor: int, hours: int, currency_code: str) -> NetPrice:
    """The net price of a term of `hours`, before tax."""
    return NetPrice(monthly_minor, setup_fee_minor, rent_minor(monthly_minor, hours, currency_code), currency_code)


def used_seconds(
    provisioned_at: datetime | None,
    suspended_seconds: int,
    suspended_at: datetime | None,
    moment: datetime,
) -> int | None:
    """Whole seconds of service up to `moment`; None before delivery. A suspension's seconds do not count.

    While suspended the clock stands at the moment the suspension was recorded.
    """
    if provisioned_at is None:
        return None
    until = min(moment, suspended_at) if suspended_at else moment
    return max(0, int((until - provisioned_at).total_seconds()) - suspended_seconds)


def earned_minor(term: PaidTerm, used: int | None) -> int:
    """What the provider has earned of one segment after `used` seconds of it, rounded down.

    Nothing before delivery; from then on the set-up fee and the served part of the rent.
    """
    if used is None:
        return 0
    return term.setup_fee_minor + _floor_part(term.rent_minor, used, term)


def _floor_part(amount_minor: int, used: int, term: PaidTerm) -> int:
    step = currency(term.currency).step
    served = min(used, term.seconds)
    if served == term.seconds:
        return amount_minor
    return amount_minor * served // (term.seconds * step) * step


def fill(terms: Sequence[PaidTerm], used: int | None) -> list[int | None]:
    """Spread used seconds over segments in order: the first is filled before the second begins."""
    if used is None:
        return [None] * len(terms)
    filled: list[int | None] = []
    left = used
    for term in terms:
        part = min(left, term.seconds)
        filled.append(part)
        left -= part
    return filled


def settle(
    terms: Sequence[PaidTerm],
    used: int | None,
    fault: Fault = Fault.NOBODY,
    lost: Sequence[int] = (),
) -> list[Share]:
    """Divide what was paid between provider (earned), customer (refund) and a lost dispute.

    At the provider's fault the set-up fee is prorated like the rent. `GOODWILL` gives everything back.
    `lost` is, per segment, the net that a bank took for good: it eats what is not earned first, then what
    is. Raises ValueError when more was lost than paid.
    """
    shares = []
    losses = lost or [0] * len(terms)
    for term, part, loss in zip(terms, fill(terms, used), losses, strict=True):
        if fault == Fault.GOODWILL:
            earned = 0
        elif fault == Fault.PROVIDER and part is not None:
            earned = _floor_part(term.net_minor, part, term)
        else:
            earned = earned_minor(term, part)
        if not 0 <= loss <= term.net_minor:
            raise ValueError(f"{loss} lost of {term.net_minor}")
        refund = max(0, term.net_minor - earned - loss)
        shares.append(Share(part or 0, term.net_minor - refund - loss, refund, loss))
    return shares


def fee_minor(released_total_minor: int, basis_points: int, currency_code: str) -> int:
    """The platform's fee on everything released so far, rounded down on the running total."""
    step = currency(currency_code).step
    return released_total_minor * basis_points // (10_000 * step) * step
