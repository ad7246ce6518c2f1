"""Only the tax decision: pure, from buyer, seller, day and sales across borders to a rate and the reason for it.

`RULES` is the table: the first one that applies decides. Read aloud, it is the section "Tax and documents" of the domain's rules.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing.states import TaxCategory, TaxScheme, VatCheckState
from core.errors import Refused
from core.money import Priced, tax_on
from core.vat import standard_rate, state_of_prefix, vat_state

SMALL_BUSINESS = "small_business"
# Article 59c of Directive 2006/112/EC: up to this net sum of a calendar year, in euro cents, consumers of other member states
# pay the seller's own rate; a sale that goes beyond it, or a year after one that did, is taxed where the consumer is.
THRESHOLD_EUR_CENTS = 10_000_00
ZERO = Decimal(0)


@dataclass(frozen=True)
class TaxFacts:
    """What is known of a buyer. `country` is ISO 3166-1 alpha-2, `vat_id` as written with its letters (EL… for Greece).

    `vat_check`: what VIES said of that id, a `VatCheckState`; empty without an id.
    """

    country: str
    postcode: str = ""
    is_business: bool = False
    vat_id: str = ""
    vat_check: str = ""

    def as_json(self) -> dict[str, Any]:
        """For binding into a quote."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "TaxFacts":
        """What `as_json` wrote."""
        return cls(**kept)


@dataclass(frozen=True)
class SellerFacts:
    """What is known of the seller. `vat_scheme` is "standard" or "small_business"; `uses_oss`: registered for the One-Stop Shop."""

    country: str
    postcode: str = ""
    vat_scheme: str = "standard"
    uses_oss: bool = False


@dataclass(frozen=True)
class SalesAcrossBorders:
    """Net sales to consumers of other member states in euro cents: of this calendar year before this sale, of the last one, and
    what this sale would add."""

    this_year: int = 0
    last_year: int = 0
    this_sale: int = 0

    @property
    def stay_below(self) -> bool:
        """Whether the seller may still tax them at home."""
        return self.this_year + self.this_sale <= THRESHOLD_EUR_CENTS and self.last_year <= THRESHOLD_EUR_CENTS


NO_SALES = SalesAcrossBorders()


@dataclass(frozen=True)
class TaxDecision:
    """Which rate applies, of which country, under which category of EN 16931, to which office it goes, and why."""

    rate: Decimal
    country: str
    category: TaxCategory
    scheme: TaxScheme
    reason: str

    def as_json(self) -> dict[str, Any]:
        """For freezing with a charge; the rate as exact text."""
        return {
            "rate": format(self.rate, "f"),
            "country": self.country,
            "category": self.category.value,
            "scheme": self.scheme.value,
            "reason": self.reason,
        }

    def agrees_with(self, bound: dict[str, Any]) -> bool:
        """Whether a decision that was kept by `as_json` comes to the same; reasons may be worded anew."""
        own = self.as_json()
        return (
            all(own[name] == bound.get(name) for name in ("country", "category", "scheme")) and Decimal(bound["rate"]) == self.rate
        )


@dataclass(frozen=True)
class Sale:
    """The question to the table. `buyer_state`: the member state whose VAT area the buyer is in, None outside. `id_state`: the
    member state of a business's VAT id that VIES confirmed, else None."""

    facts: TaxFacts
    seller: SellerFacts
    seller_state: str
    buyer_state: str | None
    id_state: str | None
    on: date
    across: SalesAcrossBorders

    @property
    def is_domestic(self) -> bool:
        """The buyer is in the seller's country, or has a VAT id of it."""
        return self.seller_state in (self.buyer_state, self.id_state)

    @property
    def is_reverse_charged(self) -> bool:
        """A business elsewhere in the Union with a confirmed id: it owes the tax itself."""
        return not self.is_domestic and self.buyer_state is not None and self.id_state is not None

    @property
    def is_taxed_where_seller_is(self) -> bool:
        """It is to a consumer of another member state, and small sellers without the One-Stop Shop tax those at home."""
        return self.is_to_consumer_across_borders and not self.seller.uses_oss and self.across.stay_below

    @property
    def is_to_consumer_across_borders(self) -> bool:
        """To somebody in another member state without a confirmed VAT id."""
        return not self.is_domestic and self.buyer_state is not None and self.id_state is None

    @property
    def is_at_home(self) -> bool:
        """The place of supply is the seller's country."""
        return self.is_domestic or self.is_taxed_where_seller_is

    def home(self, reason: str) -> TaxDecision:
        """The seller's own standard rate."""
        rate = standard_rate(self.seller_state, self.on)
        return TaxDecision(rate, self.seller_state, TaxCategory.STANDARD, TaxScheme.LOCAL, reason)


@dataclass(frozen=True)
class Rule:
    """One row of the table: when it applies, and what it decides."""

    applies: Callable[[Sale], bool]
    decides: Callable[[Sale], TaxDecision]


def _exempt(sale: Sale) -> TaxDecision:
    reason = "small business, supply at home: no VAT (Article 282 ff. of Directive 2006/112/EC)"
    return TaxDecision(ZERO, sale.seller_state, TaxCategory.EXEMPT, TaxScheme.NONE, reason)


def _domestic(sale: Sale) -> TaxDecision:
    if sale.buyer_state == sale.seller_state:
        return sale.home(f"buyer in the seller's country {sale.seller_state}: its rate")
    return sale.home(f"VAT id of the seller's country {sale.seller_state}, confirmed by VIES: its rate")


def _reverse_charge(sale: Sale) -> TaxDecision:
    reason = (
        f"business in {sale.buyer_state} with a VAT id of {sale.id_state} that VIES confirmed: "
        "reverse charge (Articles 44 and 196 of Directive 2006/112/EC)"
    )
    return TaxDecision(ZERO, str(sale.buyer_state), TaxCategory.REVERSE_CHARGE, TaxScheme.NONE, reason)


def _one_stop_shop(sale: Sale) -> TaxDecision:
    state = str(sale.buyer_state)
    reason = f"no confirmed VAT id, buyer in {state}: its rate, by the One-Stop Shop (Article 58 of Directive 2006/112/EC)"
    return TaxDecision(standard_rate(state, sale.on), state, TaxCategory.STANDARD, TaxScheme.OSS, reason)


def _below_threshold(sale: Sale) -> TaxDecision:
    return sale.home(
        f"no confirmed VAT id, buyer in {sale.buyer_state}, sales across borders within 10 000 EUR: "
        f"rate of {sale.seller_state} (Article 59c of Directive 2006/112/EC)"
    )


def _refuse(sale: Sale) -> TaxDecision:
    raise Refused(
        _("We cannot sell to private buyers of other EU countries at the moment. Businesses can order with their VAT id."),
        code="oss_needed",
        field="country",
        data={"country": sale.buyer_state},
    )


def _out_of_scope(sale: Sale) -> TaxDecision:
    reason = f"buyer in {sale.facts.country}, outside the VAT area of the EU (Articles 44, 58 and 59 of Directive 2006/112/EC)"
    return TaxDecision(ZERO, sale.facts.country, TaxCategory.OUT_OF_SCOPE, TaxScheme.NONE, reason)


RULES: tuple[Rule, ...] = (
    # A small business charges no VAT on what it supplies at home.
    Rule(lambda sale: sale.seller.vat_scheme == SMALL_BUSINESS and sale.is_at_home, _exempt),
    # At home the home rate applies, to businesses too.
    Rule(lambda sale: sale.is_domestic, _domestic),
    # A business elsewhere in the Union, with an id that VIES confirmed, owes the tax itself.
    Rule(lambda sale: sale.is_reverse_charged, _reverse_charge),
    # Everybody else in the Union pays the rate of their country, where the seller is registered to declare it;
    Rule(lambda sale: sale.buyer_state is not None and sale.seller.uses_oss, _one_stop_shop),
    # the seller's own rate, while such sales are few;
    Rule(lambda sale: sale.is_taxed_where_seller_is, _below_threshold),
    # and else cannot be sold to.
    Rule(lambda sale: sale.buyer_state is not None, _refuse),
    # The rest of the world is none of the Union's business.
    Rule(lambda sale: sale.buyer_state is None, _out_of_scope),
)


def decide_tax(facts: TaxFacts, seller: SellerFacts, on: date, across: SalesAcrossBorders = NO_SALES) -> TaxDecision:
    """The tax of a sale on a day of the seller's calendar, by the first rule that applies.

    Raises `Refused` (oss_needed) for consumers of other member states beyond the threshold without the One-Stop Shop, and
    ValueError for a seller outside of the Union's VAT area.
    """
    sale = sale_of(facts, seller, on, across)
    return next(rule for rule in RULES if rule.applies(sale)).decides(sale)


def sale_of(facts: TaxFacts, seller: SellerFacts, on: date, across: SalesAcrossBorders = NO_SALES) -> Sale:
    """The question to the table. Raises ValueError for a seller outside of the Union's VAT area."""
    seller_state = vat_state(seller.country, seller.postcode)
    if seller_state is None:
        raise ValueError(f"INVOICE_SELLER_COUNTRY {seller.country!r} is not in the VAT area of the EU")
    buyer_state = vat_state(facts.country, facts.postcode)
    return Sale(facts, seller, seller_state, buyer_state, confirmed_state(facts), on, across)


def confirmed_state(facts: TaxFacts) -> str | None:
    """The member state of a business's VAT id that VIES confirmed. None for XI (Northern Ireland, goods only) and EU… ids."""
    if not facts.is_business or facts.vat_check != VatCheckState.VALID:
        return None
    return state_of_prefix(facts.vat_id[:2])


def counts_across_borders(facts: TaxFacts, seller: SellerFacts) -> bool:
    """Whether a sale to this buyer counts against the threshold of Article 59c: a consumer of another member state."""
    return sale_of(facts, seller, date.max).is_to_consumer_across_borders


def would_reverse(facts: TaxFacts, seller: SellerFacts) -> bool:
    """Whether only VIES's word is missing for a reverse charge: then it is asked again after the sale."""
    if facts.vat_check not in (VatCheckState.PENDING, VatCheckState.UNAVAILABLE):
        return False
    return sale_of(replace(facts, vat_check=VatCheckState.VALID.value), seller, date.max).is_reverse_charged


def price_with_tax(net_minor: int, rate: Decimal, currency_code: str) -> Priced:
    """Net, tax (half up, once per document) and gross."""
    return Priced.of(net_minor, tax_on(net_minor, rate, currency_code), currency_code)
