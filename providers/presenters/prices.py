"""How prices are shown to one reader: before tax or with it, and what a foreign currency is roughly worth in euro."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from django.utils.translation import gettext as _

from core.countries import country_name
from core.money import Money, format_money, tax_on

EURO = "EUR"
# Cents of a converted price would claim more than a reference rate knows.
_ROUGH_FROM = 100_00


class Priced(Protocol):
    """What has a price in its own currency, and one in euro to compare by."""

    @property
    def currency(self) -> str: ...
    @property
    def price_eur_minor(self) -> int: ...


@dataclass(frozen=True)
class PriceView:
    """Net prices while `rate` is 0, else prices with that share of tax on top, as `country` charges it."""

    rate: Decimal = Decimal(0)
    country: str = ""
    # Whether the reader asked for it in the address; then links take it along.
    asked: bool = False

    @property
    def query(self) -> list[tuple[str, str]]:
        """What an address needs so that the next page shows prices the same way."""
        return [("vat", "1" if self.rate else "0")] if self.asked else []

    @cached_property
    def suffix(self) -> str:
        """The same behind an address that has no other parameters."""
        return "".join(f"?{name}={value}" for name, value in self.query)

    @property
    def country_name(self) -> str:
        """Whose VAT it is, in words."""
        return country_name(self.country)

    @property
    def with_tax(self) -> bool:
        """Whether tax is in the figures."""
        return bool(self.rate)

    @cached_property
    def period(self) -> str:
        """What stands behind every price of a list."""
        return _("a month with VAT") if self.rate else _("a month")

    @property
    def period_label(self) -> str:
        """The same as the name of a line."""
        return _("Price a month, with VAT") if self.rate else _("Price a month")

    @property
    def basis(self) -> str:
        """ "before VAT" or "with 19 % VAT for Germany", for the sentence at the top of a page."""
        if not self.rate:
            return _("before VAT")
        percent = f"{self.rate * 100:f}".rstrip("0").rstrip(".")
        return _("with %(percent)s %% VAT for %(country)s") % {
            "percent": percent,
            "country": self.country_name,
        }

    def minor(self, net: int, code: str) -> int:
        """The figure to show for `net` minor units of currency `code`."""
        return net + tax_on(net, self.rate, code) if self.rate else net

    def text(self, net: int, code: str) -> str:
        """The same, written: "€ 38.40"."""
        return format_money(Money(self.minor(net, code), code))

    def in_euro(self, offering: Priced) -> str:
        """What a month is roughly worth in euro at the last reference rate; empty for a price in euro."""
        if offering.currency == EURO:
            return ""
        return self.roughly_euro(offering.price_eur_minor)

    def roughly_euro(self, net: int) -> str:
        """ "≈ € 12.30" for `net` euro cents; whole euro from a hundred on."""
        minor = self.minor(net, EURO)
        if minor >= _ROUGH_FROM:
            return f"≈\u00a0€\u00a0{(minor + 50) // 100:,}"
        return f"≈\u00a0{format_money(Money(minor, EURO))}"


NET = PriceView()
