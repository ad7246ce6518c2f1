"""Money and the only rounding there is: half up for prices and tax, floor for what is earned or split. Integers, never floats."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.core import UnknownLocaleError
from django.utils.translation import get_language, gettext

from core.currencies import CURRENCIES, CURRENCY_CHOICES, Currency, UnknownCurrency, currency, minimum_minor

__all__ = [
    "CURRENCIES",
    "CURRENCY_CHOICES",
    "MAX_MINOR",
    "BadAmount",
    "Currency",
    "CurrencyMismatch",
    "Money",
    "Priced",
    "UnknownCurrency",
    "currency",
    "floor_share",
    "floor_to_step",
    "format_money",
    "group_digits",
    "half_up",
    "half_up_to_step",
    "minimum_minor",
    "parse_major",
    "split_gross",
    "split_net",
    "tax_on",
]

# The largest single amount that anything accepts, in minor units. Far above any price, and so far below 2**63 that a sum of a
# hundred million of them still fits into a bigint.
MAX_MINOR = 10**11

NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met; there is no answer without a rate, and a rate is never used to charge."""


class BadAmount(ValueError):
    """A text that is no amount of its currency. `str(error)` is a translated sentence for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: `minor` units (cents) of one `currency` (ISO 4217 code). May be negative: a difference is money too.

    Arithmetic and comparison only within one currency, else CurrencyMismatch. Multiplication does not exist: prices are made by
    the rounding functions below, which say how they round.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"money is counted in integers, not in {type(self.minor).__name__}")
        currency(self.currency)

    @classmethod
    def zero(cls, code: str) -> "Money":
        """Nothing, of that currency."""
        return cls(0, code)

    @classmethod
    def total(cls, amounts: "Iterable[Money]", code: str) -> "Money":
        """The sum of amounts, all of currency `code`; zero for none."""
        result = cls.zero(code)
        for amount in amounts:
            result += amount
        return result

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def __str__(self) -> str:
        return format_money(self)


@dataclass(frozen=True, slots=True)
class Priced:
    """Net, tax and gross that belong together. The constructor refuses (ValueError) three figures that do not add up."""

    net: Money
    tax: Money
    gross: Money

    def __post_init__(self) -> None:
        if self.net + self.tax != self.gross:
            raise ValueError(f"{self.net.minor} + {self.tax.minor} is not {self.gross.minor} {self.gross.currency}")

    @classmethod
    def of(cls, net: int, tax: int, code: str) -> "Priced":
        """From net and tax in minor units of `code`; the gross is their sum."""
        return cls(Money(net, code), Money(tax, code), Money(net + tax, code))

    @classmethod
    def zero(cls, code: str) -> "Priced":
        """Nothing, of that currency."""
        return cls.of(0, 0, code)

    @property
    def currency(self) -> str:
        """The ISO 4217 code of all three."""
        return self.net.currency

    def __add__(self, other: "Priced") -> "Priced":
        return Priced(self.net + other.net, self.tax + other.tax, self.gross + other.gross)

    def __sub__(self, other: "Priced") -> "Priced":
        return Priced(self.net - other.net, self.tax - other.tax, self.gross - other.gross)


# --- Rounding -----------------------------------------------------------------------------------------------------------------


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, exactly, a half upward. For prices and tax.

    Raises ValueError for a negative numerator or a denominator below 1: what "up" means for a negative amount is a question that
    nobody here should have to ask, so differences are taken between rounded totals.
    """
    if numerator < 0 or denominator < 1:
        raise ValueError(f"half_up({numerator}, {denominator}): prices are not negative")
    return (2 * numerator + denominator) // (2 * denominator)


def half_up_to_step(numerator: int, denominator: int, code: str) -> int:
    """`numerator / denominator` minor units to the nearest multiple of the currency's step, a half upward. Raises as half_up."""
    step = currency(code).step
    return step * half_up(numerator, denominator * step)


def floor_share(total: int, part: int, whole: int, step: int = 1) -> int:
    """`total × part / whole`, rounded down to a multiple of `step`, exactly. For what is earned or split, on running totals only:
    the next share is the floor of the larger total less what was given before, so that no remainder is ever left.

    `part == whole` gives all of `total`. Raises ValueError for a negative figure, a part above the whole, or nothing to share by.
    """
    if total < 0 or part < 0 or whole < 1 or part > whole or step < 1:
        raise ValueError(f"floor_share({total}, {part}, {whole}, {step})")
    if part == whole:
        return total
    return total * part // (whole * step) * step


def floor_to_step(minor: int, code: str) -> int:
    """The largest multiple of the currency's step that is not above `minor` (which is not negative, else ValueError)."""
    if minor < 0:
        raise ValueError(f"floor_to_step({minor})")
    return minor - minor % currency(code).step


def tax_on(net: int, rate: Decimal, code: str) -> int:
    """Tax on `net` minor units at `rate` (Decimal("0.19")), half up to the currency's step. Once per document, never per line."""
    numerator, denominator = _ratio(rate)
    return half_up_to_step(net * numerator, denominator, code)


def _ratio(rate: Decimal) -> tuple[int, int]:
    """A tax rate as an exact fraction. Raises ValueError for one that is not between 0 and 1."""
    if not rate.is_finite() or not 0 <= rate <= 1:
        raise ValueError(f"{rate} is not a tax rate")
    return rate.as_integer_ratio()


def split_net(net: int, *, paid: Priced, given_back: Priced, rate: Decimal) -> Priced:
    """What a refund of `net` minor units gives back in all, tax counted on totals.

    `paid` is what the document says, `given_back` the sum of every earlier refund of it, `rate` the document's tax rate. The
    tax is `half_up(net refunded in all × rate) − tax refunded so far`, within what is left of it; the refund that completes the
    net gives all the tax that is left, so that refunds always add up to exactly what was paid.
    Raises ValueError when `net` is negative or above what is left.
    """
    left = paid - given_back
    if not 0 <= net <= left.net.minor:
        raise ValueError(f"a refund of {net} net is not within the {left.net.minor} that are left")
    if net == left.net.minor:
        return Priced.of(net, left.tax.minor, paid.currency)
    wanted = tax_on(given_back.net.minor + net, rate, paid.currency) - given_back.tax.minor
    return Priced.of(net, min(max(wanted, 0), left.tax.minor), paid.currency)


def split_gross(gross: int, *, paid: Priced, given_back: Priced, rate: Decimal) -> Priced:
    """Net and tax within `gross` minor units that somebody outside gave back (a partial dispute, a refund in a dashboard).

    Arguments as in `split_net`. The tax is `half_up(gross given back in all × rate / (1 + rate)) − tax given back so far`,
    within what is left of tax and net; the last piece closes both exactly.
    Raises ValueError when `gross` is negative or above what is left.
    """
    left = paid - given_back
    if not 0 <= gross <= left.gross.minor:
        raise ValueError(f"a refund of {gross} gross is not within the {left.gross.minor} that are left")
    numerator, denominator = _ratio(rate)
    in_all = (given_back.gross.minor + gross) * numerator
    wanted = half_up_to_step(in_all, numerator + denominator, paid.currency) - given_back.tax.minor
    least = max(0, gross - left.net.minor)
    most = min(left.tax.minor, gross)
    tax = min(max(wanted, least), most)
    return Priced.of(gross - tax, tax, paid.currency)


# --- Text ---------------------------------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?", re.ASCII)


def parse_major(text: str, code: str) -> int:
    """Minor units of an amount as people write it in a form or a CSV cell: "1284.50", "1284.5", "1284".

    Exact: too many decimals, signs, group marks and decimal commas are refused with BadAmount rather than guessed, because
    "1,284" is a different price in two countries. So is an amount above MAX_MINOR or off the currency's step.
    """
    unit = currency(code)
    found = _PLAIN.fullmatch(text.strip())
    if found is None:
        raise BadAmount(gettext("Write the amount in digits with a point, such as 1284.50."))
    whole, decimals = found.group(1), found.group(2) or ""
    if len(decimals.rstrip("0")) > unit.exponent:
        raise BadAmount(
            gettext("%(currency)s has %(count)d decimals at most.") % {"currency": code, "count": unit.exponent}
            if unit.exponent
            else gettext("%(currency)s has no decimals.") % {"currency": code}
        )
    minor = int(whole) * unit.scale + int(decimals[: unit.exponent].ljust(unit.exponent, "0") or "0")
    if minor > MAX_MINOR:
        raise BadAmount(gettext("The highest amount is %(amount)s.") % {"amount": format_money(Money(MAX_MINOR, code))})
    if minor % unit.step:
        raise BadAmount(
            gettext("Amounts in %(currency)s go in steps of %(step)s.")
            % {"currency": code, "step": format_money(Money(unit.step, code))}
        )
    return minor


@lru_cache(maxsize=64)
def _marks(language: str) -> tuple[str, str]:
    """Group mark and decimal mark of a language; English where it is unknown."""
    try:
        locale = Locale.parse(language, sep="-" if "-" in language else "_")
    except (UnknownLocaleError, ValueError):
        return ",", "."
    symbols = locale.number_symbols.get("latn", {})
    return symbols.get("group", ","), symbols.get("decimal", ".")


def group_digits(whole: int, locale: str | None = None) -> str:
    """ "1,284": a whole number with the group marks of `locale`, by default of the active language."""
    group, _decimal = _marks(locale or get_language() or "en")
    return f"{whole:,}".replace(",", group)


def format_money(amount: Money, locale: str | None = None) -> str:
    """ "€ 1,284.50" as pages and documents show it: sign, no-break space, grouped figure with all decimals of the currency;
    negative with a true minus (U+2212) in front. `locale` is a language code ("en", "de"), by default the active language.
    """
    return _written(amount.minor, amount.currency, locale or get_language() or "en")


@lru_cache(maxsize=4096)
def _written(minor: int, code: str, locale: str) -> str:
    _group, decimal = _marks(locale)
    unit = CURRENCIES[code]
    whole, rest = divmod(abs(minor), unit.scale)
    figure = group_digits(whole, locale)
    if unit.exponent:
        figure = f"{figure}{decimal}{rest:0{unit.exponent}d}"
    return f"{MINUS if minor < 0 else ''}{unit.sign}{NO_BREAK_SPACE}{figure}"
