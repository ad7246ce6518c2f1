"""Only the tax decision: pure, from buyer and seller to a rate and the reason for it.

Until the table of rates and evidence comes, every buyer pays the seller's local rate: that is lawful for sales
at home and below the 10 000 EUR threshold of Article 59c of Directive 2006/112/EC, and refused elsewhere by nobody.
"""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from core.money import Priced, tax_on


@dataclass(frozen=True)
class TaxDecision:
    """Which rate applies, of which country, and under which category of EN 16931 (S: standard rate)."""

    rate: Decimal
    country: str
    category: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """For freezing with a charge; the rate as exact text."""
        return {**asdict(self), "rate": format(self.rate, "f")}


def decide_tax(buyer_country: str) -> TaxDecision:
    """The tax of a sale to a buyer in `buyer_country` (ISO 3166-1 alpha-2)."""
    return TaxDecision(
        rate=settings.SELLER_VAT_RATE,
        country=settings.INVOICE_SELLER_COUNTRY,
        category="S",
        reason=f"seller's local rate, buyer in {buyer_country}",
    )


def price_with_tax(net_minor: int, decision: TaxDecision, currency_code: str) -> Priced:
    """Net, tax (half up, once per document) and gross."""
    return Priced.of(net_minor, tax_on(net_minor, decision.rate, currency_code), currency_code)


def seller() -> dict[str, str]:
    """Who sells, as frozen into each charge."""
    return {
        "name": settings.INVOICE_SELLER_NAME,
        "street": settings.INVOICE_SELLER_STREET,
        "postcode": settings.INVOICE_SELLER_POSTCODE,
        "city": settings.INVOICE_SELLER_CITY,
        "country": settings.INVOICE_SELLER_COUNTRY,
        "vat_id": settings.INVOICE_SELLER_VAT_ID,
        "tax_no": settings.INVOICE_SELLER_TAX_NO,
        "reg_id": settings.INVOICE_SELLER_REG_ID,
        "email": settings.INVOICE_SELLER_EMAIL,
        "iban": settings.INVOICE_SELLER_IBAN,
    }
