"""The table of tax decisions, row by row: who buys, where, with which id, and what VIES says of it."""

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.states import TaxCategory, TaxScheme, VatCheckState
from billing.tax import (
    NO_SALES,
    RULES,
    SMALL_BUSINESS,
    THRESHOLD_EUR_CENTS,
    SalesAcrossBorders,
    SellerFacts,
    TaxDecision,
    TaxFacts,
    confirmed_state,
    counts_across_borders,
    decide_tax,
    price_with_tax,
    sale_of,
    would_reverse,
)
from core.countries import CODES
from core.currencies import CURRENCIES
from core.errors import Refused
from core.money import currency
from core.vat import MEMBER_STATES, STANDARD_RATES, prefix_of_state, standard_rate, vat_state

ON = date(2026, 11, 20)
GERMAN = SellerFacts("DE", "20457")
WITH_OSS = SellerFacts("DE", "20457", uses_oss=True)
SMALL = SellerFacts("DE", "20457", SMALL_BUSINESS)
SMALL_WITH_OSS = SellerFacts("DE", "20457", SMALL_BUSINESS, uses_oss=True)
FULL = SalesAcrossBorders(this_year=THRESHOLD_EUR_CENTS, this_sale=1)
VALID, INVALID, PENDING, SILENT = (
    state.value for state in (VatCheckState.VALID, VatCheckState.INVALID, VatCheckState.PENDING, VatCheckState.UNAVAILABLE)
)


def business(country: str, vat_id: str, check: str = VALID, postcode: str = "") -> TaxFacts:
    return TaxFacts(country, postcode, is_business=True, vat_id=vat_id, vat_check=check)


def outcome(facts: TaxFacts, seller: SellerFacts, across: SalesAcrossBorders = NO_SALES) -> str:
    """ "S local DE 0.19", "AE FR 0", "refused"."""
    try:
        decision = decide_tax(facts, seller, ON, across)
    except Refused as refused:
        known = refused.code == "oss_needed" and refused.data == {"country": vat_state(facts.country)}
        return f"refused{'' if known else refused.code}"
    words = (decision.category.value, decision.scheme.value, decision.country, format(decision.rate.normalize(), "f"))
    return " ".join(word for word in words if word)


HOME = "S local DE 0.19"
TABLE = [
    # At home: everybody pays the home rate, with an id or without.
    (TaxFacts("DE", "10115"), HOME, HOME, HOME),
    (business("DE", "DE136695976"), HOME, HOME, HOME),
    (business("DE", "DE136695976", INVALID), HOME, HOME, HOME),
    (business("DE", ""), HOME, HOME, HOME),
    # An id of another state does not move a buyer at home.
    (business("DE", "FR40303265045"), HOME, HOME, HOME),
    # An id of the seller's country makes a buyer elsewhere one at home, once it is confirmed.
    (business("FR", "DE136695976"), HOME, HOME, HOME),
    (business("FR", "DE136695976", SILENT), "S oss FR 0.2", HOME, "refused"),
    (business("CH", "DE136695976"), HOME, HOME, HOME),
    # A business elsewhere in the Union, confirmed: reverse charge.
    (business("FR", "FR40303265045"), "AE FR 0", "AE FR 0", "AE FR 0"),
    (business("GR", "EL094259216"), "AE GR 0", "AE GR 0", "AE GR 0"),
    (business("MC", "FR40303265045"), "AE FR 0", "AE FR 0", "AE FR 0"),
    (business("FR", "IT00743110157"), "AE FR 0", "AE FR 0", "AE FR 0"),
    # Everything but "valid" is a consumer.
    (business("FR", "FR40303265045", INVALID), "S oss FR 0.2", HOME, "refused"),
    (business("FR", "FR40303265045", SILENT), "S oss FR 0.2", HOME, "refused"),
    (business("FR", "FR40303265045", PENDING), "S oss FR 0.2", HOME, "refused"),
    (business("FR", "FR40303265045", ""), "S oss FR 0.2", HOME, "refused"),
    (business("FR", "", VALID), "S oss FR 0.2", HOME, "refused"),
    (TaxFacts("FR", "", is_business=False, vat_id="FR40303265045", vat_check=VALID), "S oss FR 0.2", HOME, "refused"),
    (TaxFacts("FR", "75001"), "S oss FR 0.2", HOME, "refused"),
    (TaxFacts("FI", "00100"), "S oss FI 0.255", HOME, "refused"),
    (TaxFacts("GR"), "S oss GR 0.24", HOME, "refused"),
    (TaxFacts("MC"), "S oss FR 0.2", HOME, "refused"),
    # Northern Ireland's and the One-Stop Shop's ids never reverse the charge.
    (business("IE", "XI110305878"), "S oss IE 0.23", HOME, "refused"),
    (business("LU", "EU372022452"), "S oss LU 0.17", HOME, "refused"),
    (business("GB", "XI110305878"), "O GB 0", "O GB 0", "O GB 0"),
    # Outside of the Union's VAT area, by country or by postcode; an id of the Union changes nothing there.
    (TaxFacts("CH"), "O CH 0", "O CH 0", "O CH 0"),
    (business("CH", "FR40303265045"), "O CH 0", "O CH 0", "O CH 0"),
    (TaxFacts("NO"), "O NO 0", "O NO 0", "O NO 0"),
    (TaxFacts("IM"), "O IM 0", "O IM 0", "O IM 0"),
    (TaxFacts("US", "10001"), "O US 0", "O US 0", "O US 0"),
    (TaxFacts("ES", "35001"), "O ES 0", "O ES 0", "O ES 0"),
    (TaxFacts("FR", "97110"), "O FR 0", "O FR 0", "O FR 0"),
    (TaxFacts("FI", "22100"), "O FI 0", "O FI 0", "O FI 0"),
    (TaxFacts("AX"), "O AX 0", "O AX 0", "O AX 0"),
    (TaxFacts("GR", "63086"), "O GR 0", "O GR 0", "O GR 0"),
    (TaxFacts("IT", "23041"), "O IT 0", "O IT 0", "O IT 0"),
    # A part of the seller's own country, too.
    (TaxFacts("DE", "78266"), "O DE 0", "O DE 0", "O DE 0"),
    (TaxFacts("DE", "27498"), "O DE 0", "O DE 0", "O DE 0"),
]


@pytest.mark.parametrize(("facts", "with_oss", "below", "beyond"), TABLE)
def test_the_table(facts: TaxFacts, with_oss: str, below: str, beyond: str) -> None:
    assert outcome(facts, WITH_OSS) == with_oss
    assert outcome(facts, WITH_OSS, FULL) == with_oss
    assert outcome(facts, GERMAN) == below
    assert outcome(facts, GERMAN, FULL) == beyond


@pytest.mark.parametrize(("facts", "with_oss", "below", "beyond"), TABLE)
def test_a_small_business_charges_nothing_on_what_it_supplies_at_home(
    facts: TaxFacts, with_oss: str, below: str, beyond: str
) -> None:
    exempt = "E DE 0"
    assert outcome(facts, SMALL) == (exempt if below == HOME else below)
    assert outcome(facts, SMALL, FULL) == (exempt if beyond == HOME else beyond)
    assert outcome(facts, SMALL_WITH_OSS) == (exempt if with_oss == HOME else with_oss)


@pytest.mark.parametrize(
    ("across", "stays"),
    [
        (SalesAcrossBorders(this_sale=10_000_00), True),
        (SalesAcrossBorders(this_sale=10_000_01), False),
        (SalesAcrossBorders(this_year=9_999_99, this_sale=1), True),
        (SalesAcrossBorders(this_year=9_999_99, this_sale=2), False),
        (SalesAcrossBorders(this_year=10_000_01), False),
        # A year beyond it is followed by one that is taxed abroad from its first sale on.
        (SalesAcrossBorders(last_year=10_000_00), True),
        (SalesAcrossBorders(last_year=10_000_01), False),
    ],
)
def test_the_threshold_counts_this_sale_and_looks_back_one_year(across: SalesAcrossBorders, stays: bool) -> None:
    assert outcome(TaxFacts("FR"), GERMAN, across) == (HOME if stays else "refused")
    assert outcome(TaxFacts("FR"), SMALL, across) == ("E DE 0" if stays else "refused")
    assert THRESHOLD_EUR_CENTS == 1_000_000


@pytest.mark.parametrize(
    ("facts", "counts"),
    [
        (TaxFacts("FR"), True),
        (business("FR", "FR40303265045", SILENT), True),
        (business("FR", "FR40303265045"), False),
        (business("FR", "DE136695976"), False),
        (TaxFacts("DE"), False),
        (TaxFacts("CH"), False),
        (TaxFacts("ES", "35001"), False),
    ],
)
def test_only_consumers_of_other_member_states_count(facts: TaxFacts, counts: bool) -> None:
    assert counts_across_borders(facts, GERMAN) == counts


@pytest.mark.parametrize(
    ("facts", "asks"),
    [
        (business("FR", "FR40303265045", SILENT), True),
        (business("FR", "FR40303265045", PENDING), True),
        (business("FR", "FR40303265045", INVALID), False),
        (business("FR", "FR40303265045", VALID), False),
        (business("FR", "FR40303265045", ""), False),
        (business("DE", "FR40303265045", SILENT), False),
        (business("FR", "DE136695976", SILENT), False),
        (business("CH", "FR40303265045", SILENT), False),
        (business("IE", "XI110305878", SILENT), False),
        (TaxFacts("FR", vat_id="FR40303265045", vat_check=SILENT), False),
    ],
)
def test_vies_is_asked_again_only_where_its_word_would_change_the_tax(facts: TaxFacts, asks: bool) -> None:
    assert would_reverse(facts, WITH_OSS) == asks


@pytest.mark.parametrize("day", [date(2024, 8, 31), date(2024, 9, 1)])
def test_the_rate_is_that_of_the_day(day: date) -> None:
    assert decide_tax(TaxFacts("FI"), WITH_OSS, day).rate == standard_rate("FI", day)
    assert decide_tax(TaxFacts("FI"), SellerFacts("FI"), day).rate == standard_rate("FI", day)


def test_every_decision_says_why() -> None:
    reasons = {
        "AE": decide_tax(business("FR", "IT00743110157"), WITH_OSS, ON).reason,
        "OSS": decide_tax(TaxFacts("FR"), WITH_OSS, ON).reason,
        "59c": decide_tax(TaxFacts("FR"), GERMAN, ON).reason,
        "home": decide_tax(TaxFacts("DE"), GERMAN, ON).reason,
        "id": decide_tax(business("FR", "DE136695976"), GERMAN, ON).reason,
        "O": decide_tax(TaxFacts("CH"), GERMAN, ON).reason,
        "E": decide_tax(TaxFacts("DE"), SMALL, ON).reason,
    }
    assert reasons == {
        "AE": "business in FR with a VAT id of IT that VIES confirmed: "
        "reverse charge (Articles 44 and 196 of Directive 2006/112/EC)",
        "OSS": "no confirmed VAT id, buyer in FR: its rate, by the One-Stop Shop (Article 58 of Directive 2006/112/EC)",
        "59c": "no confirmed VAT id, buyer in FR, sales across borders within 10 000 EUR: "
        "rate of DE (Article 59c of Directive 2006/112/EC)",
        "home": "buyer in the seller's country DE: its rate",
        "id": "VAT id of the seller's country DE, confirmed by VIES: its rate",
        "O": "buyer in CH, outside the VAT area of the EU (Articles 44, 58 and 59 of Directive 2006/112/EC)",
        "E": "small business, supply at home: no VAT (Article 282 ff. of Directive 2006/112/EC)",
    }


def test_a_refusal_says_who_can_order_all_the_same() -> None:
    with pytest.raises(Refused, match="Businesses can order with their VAT id") as refused:
        decide_tax(TaxFacts("FR"), GERMAN, ON, FULL)
    assert (refused.value.code, refused.value.field) == ("oss_needed", "country")


@pytest.mark.parametrize("seller", [SellerFacts("CH"), SellerFacts("DE", "78266"), SellerFacts("")])
def test_a_seller_outside_of_the_union_is_refused_its_table(seller: SellerFacts) -> None:
    with pytest.raises(ValueError, match="is not in the VAT area of the EU"):
        decide_tax(TaxFacts("DE"), seller, ON)


def test_a_seller_in_monaco_is_one_in_france() -> None:
    assert outcome(TaxFacts("FR"), SellerFacts("MC")) == "S local FR 0.2"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"rate": "0.19"}, True),
        ({"reason": "worded anew"}, True),
        ({"rate": "0.20"}, False),
        ({"country": "FR"}, False),
        ({"category": "AE"}, False),
        ({"scheme": "oss"}, False),
    ],
)
def test_a_decision_agrees_with_what_was_bound_or_does_not(change: dict[str, str], same: bool) -> None:
    decision = TaxDecision(Decimal("0.1900"), "DE", TaxCategory.STANDARD, TaxScheme.LOCAL, "why")
    assert decision.as_json() == {"rate": "0.1900", "country": "DE", "category": "S", "scheme": "local", "reason": "why"}
    assert decision.agrees_with({**decision.as_json(), **change}) == same
    assert not decision.agrees_with({})


def test_facts_survive_being_kept() -> None:
    facts = business("FR", "FR40303265045", postcode="75001")
    assert TaxFacts.from_json(facts.as_json()) == facts


# --- Whatever is asked --------------------------------------------------------------------------------------------------------

IDS = st.one_of(
    st.sampled_from(["", "DE136695976", "EL094259216", "XI110305878", "EU372022452", "CHE123"]),
    st.sampled_from(sorted(MEMBER_STATES)).map(lambda state: f"{prefix_of_state(state)}123"),
)
FACTS = st.builds(
    TaxFacts,
    country=st.sampled_from(CODES),
    postcode=st.sampled_from(["", "20457", "35001", "97110", "22100", "78266"]),
    is_business=st.booleans(),
    vat_id=IDS,
    vat_check=st.sampled_from(["", VALID, INVALID, PENDING, SILENT]),
)
SELLERS = st.builds(
    SellerFacts,
    country=st.sampled_from(sorted(MEMBER_STATES)),
    vat_scheme=st.sampled_from(["standard", SMALL_BUSINESS]),
    uses_oss=st.booleans(),
)
CENTS = st.integers(0, 2 * THRESHOLD_EUR_CENTS)
ACROSS = st.builds(SalesAcrossBorders, this_year=CENTS, last_year=CENTS, this_sale=CENTS)


@given(facts=FACTS, seller=SELLERS, across=ACROSS)
def test_some_rule_always_applies_and_the_words_fit_each_other(
    facts: TaxFacts, seller: SellerFacts, across: SalesAcrossBorders
) -> None:
    sale = sale_of(facts, seller, ON, across)
    assert any(rule.applies(sale) for rule in RULES)
    try:
        decision = decide_tax(facts, seller, ON, across)
    except Refused:
        assert counts_across_borders(facts, seller)
        assert not seller.uses_oss
        assert not across.stay_below
        return
    assert (decision.rate > 0) == (decision.category == TaxCategory.STANDARD)
    assert (decision.scheme != TaxScheme.NONE) == (decision.category == TaxCategory.STANDARD)
    if decision.category == TaxCategory.REVERSE_CHARGE:
        assert facts.is_business
        assert facts.vat_check == VALID
        assert confirmed_state(facts) not in (None, seller.country)
        assert decision.country == vat_state(facts.country, facts.postcode) != seller.country
    if decision.category == TaxCategory.OUT_OF_SCOPE:
        assert vat_state(facts.country, facts.postcode) is None
    if decision.category == TaxCategory.STANDARD:
        assert decision.rate == standard_rate(decision.country, ON)
        assert (decision.country == seller.country) == (decision.scheme == TaxScheme.LOCAL)


@given(facts=FACTS, seller=SELLERS, across=ACROSS, words=st.sampled_from([INVALID, PENDING, SILENT, ""]))
def test_nothing_but_a_yes_of_vies_spares_anybody_the_tax(
    facts: TaxFacts, seller: SellerFacts, across: SalesAcrossBorders, words: str
) -> None:
    try:
        decision = decide_tax(replace(facts, vat_check=words), seller, ON, across)
    except Refused:
        return
    assert decision.category != TaxCategory.REVERSE_CHARGE


# --- Rounding -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "rate", "code", "tax"),
    [
        # The text-book case: three lines of 0.33 at 19 % would round to 0.06 each and 0.18; their sum is 0.99 and its VAT 0.19.
        (99, "0.19", "EUR", 19),
        (33, "0.19", "EUR", 6),
        # Decimal rates: Finland's 25.5 %, halves upward.
        (100, "0.255", "EUR", 26),
        (200, "0.255", "EUR", 51),
        (11520, "0.255", "EUR", 2938),
        (1000, "0.055", "EUR", 55),
        (10, "0.055", "EUR", 1),
        (9, "0.055", "EUR", 0),
        # No decimals, and three in steps of ten.
        (1152, "0.19", "JPY", 219),
        (50, "0.21", "JPY", 11),
        (1230, "0.19", "KWD", 230),
        (1000, "0.255", "KWD", 260),
        (10, "0.5", "KWD", 10),
        (3840, "0.25", "SEK", 960),
        (3842, "0.25", "SEK", 961),
        (199, "0.23", "PLN", 46),
        (12345, "0.27", "GBP", 3333),
        (10_000_000_01, "0.2", "USD", 2_000_000_00),
        (7, "0", "CHF", 0),
    ],
)
def test_vat_is_rounded_once_on_the_sum(net: int, rate: str, code: str, tax: int) -> None:
    priced = price_with_tax(net, Decimal(rate), code)
    assert (priced.net.minor, priced.tax.minor, priced.gross.minor) == (net, tax, net + tax)


def test_the_sum_of_rounded_lines_would_be_another_amount() -> None:
    lines = [33, 33, 33]
    by_line = sum(price_with_tax(net, Decimal("0.19"), "EUR").tax.minor for net in lines)
    assert (by_line, price_with_tax(sum(lines), Decimal("0.19"), "EUR").tax.minor) == (18, 19)


@given(
    net=st.integers(0, 10**12),
    rate=st.sampled_from(sorted({rate for rows in STANDARD_RATES.values() for _day, rate in rows})),
    code=st.sampled_from(sorted(CURRENCIES)),
)
def test_every_rate_of_the_union_in_every_currency_agrees_with_decimal_arithmetic(net: int, rate: Decimal, code: str) -> None:
    step = currency(code).step
    net -= net % step
    exact = (Decimal(net) * rate / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    assert price_with_tax(net, rate, code).tax.minor == exact
