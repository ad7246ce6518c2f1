"""Only what a receipt, invoice or credit note says: frozen as JSON when it is numbered; PDF and XML are made from this alone.

Amounts are minor units of `currency`, rates exact decimal texts ("0.19"), days ISO dates in the seller's time zone. A credit
note's amounts are positive: its type says which way they go.
"""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Party:
    """Seller or buyer as printed; `country` is ISO 3166-1 alpha-2. Empty means: not there."""

    name: str
    street: str
    postcode: str
    city: str
    country: str
    contact: str = ""
    email: str = ""
    vat_id: str = ""
    tax_no: str = ""
    registration: str = ""
    iban: str = ""


@dataclass(frozen=True)
class Line:
    """One line, net. `quantity` and `base_quantity` are whole numbers in `unit` (UN/ECE Rec 20: HUR hours, C62 pieces).

    `price_minor` is for `base_quantity` units; `net_minor` is what the line costs, and the only figure that is added up.
    """

    name: str
    description: str
    quantity: int
    unit: str
    price_minor: int
    base_quantity: int
    net_minor: int


@dataclass(frozen=True)
class TaxInSellersCurrency:
    """The VAT once more in the currency that the seller reports it in (Article 230 of Directive 2006/112/EC)."""

    currency: str
    tax_minor: int
    # Units of the document's currency for one unit of the seller's, with the day and the source of the rate.
    rate: str
    rate_day: str
    rate_source: str


@dataclass(frozen=True)
class DocumentContent:
    """All that a document says. `kind` is a `billing.states.DocumentKind`, `category` a `TaxCategory`."""

    kind: str
    number: str
    language: str
    currency: str
    issued_on: str
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    category: str
    tax_country: str
    tax_rate: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    # The rental's reference, who delivers it, and the days that it was or will be served, where they are known.
    contract: str
    operator: str
    served_from: str = ""
    served_until: str = ""
    # How and when the customer paid: "Stripe", "Sandbox"; for a credit note, when the money went back.
    paid_on: str = ""
    paid_by: str = ""
    # Of a credit note: which invoice it takes back, of which day, and why, as figures for the sentence in its language.
    corrects_number: str = ""
    corrects_issued_on: str = ""
    # unused | full | goodwill | imported | dispute | vat; of `unused`: seconds of the segment that were served, and in all.
    reason: str = ""
    used_seconds: int = 0
    term_seconds: int = 0
    setup_fee_kept: bool = False
    tax_in_sellers_currency: TaxInSellersCurrency | None = None
    # Until the seller is configured, every page says so.
    is_draft: bool = False
    # Private buyers see gross prices first.
    is_business: bool = field(default=False)

    def as_json(self) -> dict[str, Any]:
        """For freezing in the document's row."""
        return asdict(self)

    @classmethod
    def from_json(cls, frozen: dict[str, Any]) -> "DocumentContent":
        """What `as_json` wrote."""
        foreign = frozen["tax_in_sellers_currency"]
        return cls(
            **{
                **frozen,
                "seller": Party(**frozen["seller"]),
                "buyer": Party(**frozen["buyer"]),
                "lines": tuple(Line(**line) for line in frozen["lines"]),
                "tax_in_sellers_currency": TaxInSellersCurrency(**foreign) if foreign else None,
            }
        )
