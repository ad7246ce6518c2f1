"""The table of currencies: exponent, step, minimum, sign. No other place knows how many decimals a currency has."""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True)
class Currency:
    """What is known of one currency.

    `exponent`: decimals of the minor unit (ISO 4217). `step`: every amount is a multiple of it, in minor units; it is 10 for
    KWD, because card networks and EN 16931 know two decimals. `minimum_minor`: the smallest gross amount that can be paid, in
    minor units. `sign`: what stands before an amount on a page.
    """

    code: str
    exponent: int
    step: int
    minimum_minor: int
    sign: str

    @property
    def scale(self) -> int:
        """Minor units in one major unit: 100 for EUR, 1 for JPY, 1000 for KWD."""
        return int(10**self.exponent)


CURRENCIES: dict[str, Currency] = {
    row.code: row
    for row in (
        Currency("EUR", 2, 1, 50, "€"),
        Currency("USD", 2, 1, 50, "$"),
        Currency("GBP", 2, 1, 30, "£"),
        Currency("CHF", 2, 1, 50, "CHF"),
        Currency("PLN", 2, 1, 200, "zł"),
        Currency("SEK", 2, 1, 300, "kr"),
        Currency("JPY", 0, 1, 50, "¥"),
        Currency("KWD", 3, 10, 150, "KWD"),
    )
}

CURRENCY_CHOICES: list[tuple[str, str]] = [(code, code) for code in CURRENCIES]


class UnknownCurrency(ValueError):
    """A code that is not in the table; its decimals are unknown, so nothing can be computed with it."""


def currency(code: str) -> Currency:
    """The currency of an ISO 4217 code, case-sensitive. Raises UnknownCurrency."""
    try:
        return CURRENCIES[code]
    except KeyError:
        raise UnknownCurrency(f"{code!r} is not a currency of this shop") from None


def minimum_minor(code: str) -> int:
    """The smallest gross amount that can be charged, in minor units: settings.PAYMENT_MINIMUMS where it names the currency."""
    overrides: dict[str, int] = settings.PAYMENT_MINIMUMS
    return overrides.get(code, currency(code).minimum_minor)
