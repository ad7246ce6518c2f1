"""Money is exact: sums close, rounding is half up or floor, and whatever is given back in pieces adds up to what was paid."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import floor

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from core.money import (
    CURRENCIES,
    MAX_MINOR,
    BadAmount,
    CurrencyMismatch,
    Money,
    Priced,
    UnknownCurrency,
    currency,
    floor_share,
    floor_to_step,
    format_money,
    group_digits,
    half_up,
    half_up_to_step,
    minimum_minor,
    parse_major,
    split_gross,
    split_net,
    tax_on,
)

codes = st.sampled_from(sorted(CURRENCIES))
amounts = st.integers(0, MAX_MINOR)
rates = st.one_of(
    st.sampled_from([Decimal(rate) for rate in ("0", "0.07", "0.19", "0.255", "0.27", "0.081", "1")]),
    st.decimals(0, 1, places=4),
)


@st.composite
def paid_documents(draw: st.DrawFn) -> tuple[Priced, Decimal]:
    code, rate = draw(codes), draw(rates)
    net = floor_to_step(draw(st.integers(0, 10**8)), code)
    return Priced.of(net, tax_on(net, rate, code), code), rate


@given(numerator=st.integers(0, 10**18), denominator=st.integers(1, 10**9))
def test_half_up_is_the_nearest_integer_and_a_half_goes_up(numerator: int, denominator: int) -> None:
    assert half_up(numerator, denominator) == floor(Fraction(numerator, denominator) + Fraction(1, 2))


@pytest.mark.parametrize(("numerator", "denominator", "rounded"), [(1, 2, 1), (3, 2, 2), (5, 10, 1), (49, 100, 0), (0, 7, 0)])
def test_half_up_at_the_edge(numerator: int, denominator: int, rounded: int) -> None:
    assert half_up(numerator, denominator) == rounded


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 2), (1, 0), (1, -2)])
def test_half_up_refuses_what_has_no_clear_up(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="half_up"):
        half_up(numerator, denominator)


@given(numerator=st.integers(0, 10**15), denominator=st.integers(1, 10**6), code=codes)
def test_rounded_amounts_are_multiples_of_the_step_and_at_most_half_a_step_off(numerator: int, denominator: int, code: str) -> None:
    step = currency(code).step
    rounded = half_up_to_step(numerator, denominator, code)
    assert rounded % step == 0
    assert abs(Fraction(numerator, denominator) - rounded) <= Fraction(step, 2)


@given(total=amounts, parts=st.lists(st.integers(0, 10**6), min_size=1, max_size=20), step=st.sampled_from([1, 10]))
def test_shares_on_a_running_total_never_leave_a_remainder(total: int, parts: list[int], step: int) -> None:
    total -= total % step
    whole = sum(parts) or 1
    running, given_so_far, shares = 0, 0, []
    for part in parts:
        running += part
        share = floor_share(total, running, whole, step) - given_so_far
        given_so_far += share
        shares.append(share)
    assert all(share >= 0 and share % step == 0 for share in shares)
    assert sum(shares) == (total if sum(parts) else 0)


@pytest.mark.parametrize(
    ("total", "part", "whole", "step"), [(-1, 1, 2, 1), (1, -1, 2, 1), (1, 3, 2, 1), (1, 0, 0, 1), (1, 1, 2, 0)]
)
def test_a_share_that_makes_no_sense_is_refused(total: int, part: int, whole: int, step: int) -> None:
    with pytest.raises(ValueError, match="floor_share"):
        floor_share(total, part, whole, step)


@given(net=st.integers(0, 10**9), rate=rates, code=codes)
def test_tax_is_the_decimal_result_rounded_half_up_to_the_step(net: int, rate: Decimal, code: str) -> None:
    step = currency(code).step
    assert tax_on(net, rate, code) == step * int((net * rate / step).quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize("rate", [Decimal("-0.01"), Decimal("1.01"), Decimal("NaN"), Decimal("Infinity"), Decimal(19)])
def test_a_rate_that_is_none_is_refused(rate: Decimal) -> None:
    with pytest.raises(ValueError, match="not a tax rate"):
        tax_on(100, rate, "EUR")


@given(document=paid_documents(), data=st.data())
def test_refunds_by_gross_add_up_to_exactly_what_was_paid(document: tuple[Priced, Decimal], data: st.DataObject) -> None:
    paid, rate = document
    given_back = Priced.zero(paid.currency)
    while given_back != paid:
        left = (paid - given_back).gross.minor
        gross = data.draw(st.one_of(st.just(left), st.integers(1, left)))
        given_back += (piece := split_gross(gross, paid=paid, given_back=given_back, rate=rate))
        assert piece.gross.minor == gross
        assert piece.net.minor >= 0
        assert piece.tax.minor >= 0
        assert given_back.net <= paid.net
        assert given_back.tax <= paid.tax
        if gross == left:
            break
    assert (given_back == paid) == (given_back.gross == paid.gross)


@given(document=paid_documents(), data=st.data())
def test_refunds_by_net_add_up_to_exactly_what_was_paid(document: tuple[Priced, Decimal], data: st.DataObject) -> None:
    paid, rate = document
    step = currency(paid.currency).step
    given_back = Priced.zero(paid.currency)
    for _piece in range(5):
        left = (paid - given_back).net.minor
        net = data.draw(st.integers(0, left // step)) * step
        given_back += split_net(net, paid=paid, given_back=given_back, rate=rate)
        assert given_back.tax <= paid.tax
    left = (paid - given_back).net.minor
    assert given_back + split_net(left, paid=paid, given_back=given_back, rate=rate) == paid


@given(document=paid_documents(), data=st.data())
def test_refunds_by_net_and_by_gross_in_any_order_close_too(document: tuple[Priced, Decimal], data: st.DataObject) -> None:
    paid, rate = document
    given_back = Priced.zero(paid.currency)
    for by_net in data.draw(st.lists(st.booleans(), max_size=6)):
        left = paid - given_back
        if by_net:
            given_back += split_net(data.draw(st.integers(0, left.net.minor)), paid=paid, given_back=given_back, rate=rate)
        else:
            given_back += split_gross(data.draw(st.integers(0, left.gross.minor)), paid=paid, given_back=given_back, rate=rate)
    rest = (paid - given_back).gross.minor
    assert given_back + split_gross(rest, paid=paid, given_back=given_back, rate=rate) == paid


def test_tax_in_refunds_is_counted_on_totals_not_per_piece() -> None:
    paid = Priced.of(10_000, 1_900, "EUR")
    given_back = Priced.zero("EUR")
    taxes = []
    for net in (3, 3, 3):
        piece = split_net(net, paid=paid, given_back=given_back, rate=Decimal("0.19"))
        taxes.append(piece.tax.minor)
        given_back += piece
    # 0.57 → 1, 1.14 → 1, 1.71 → 2 in all; piece by piece it would have been 3.
    assert taxes == [1, 0, 1]


@pytest.mark.parametrize("too_much", [-1, 12_000])
def test_no_more_is_split_than_is_left(too_much: int) -> None:
    paid = Priced.of(10_000, 1_900, "EUR")
    with pytest.raises(ValueError, match="refund"):
        split_gross(too_much, paid=paid, given_back=Priced.zero("EUR"), rate=Decimal("0.19"))
    with pytest.raises(ValueError, match="refund"):
        split_net(too_much, paid=paid, given_back=Priced.zero("EUR"), rate=Decimal("0.19"))


@pytest.mark.parametrize("split", [split_net, split_gross])
def test_what_was_given_back_before_is_not_left(split: Callable[..., Priced]) -> None:
    paid, before = Priced.of(10_000, 1_900, "EUR"), Priced.of(9_000, 1_710, "EUR")
    with pytest.raises(ValueError, match="left"):
        split(1_191, paid=paid, given_back=before, rate=Decimal("0.19"))


def test_the_tax_in_a_refund_from_outside_is_counted_on_totals() -> None:
    paid, before = Priced.of(10_000, 1_900, "EUR"), Priced.of(1_000, 190, "EUR")
    assert split_gross(1_190, paid=paid, given_back=before, rate=Decimal("0.19")) == Priced.of(1_000, 190, "EUR")


def test_a_cent_from_outside_may_be_all_net() -> None:
    paid = Priced.of(100, 19, "EUR")
    assert split_gross(1, paid=paid, given_back=Priced.zero("EUR"), rate=Decimal("0.19")) == Priced.of(1, 0, "EUR")


def test_a_share_is_counted_in_single_units_unless_told() -> None:
    assert floor_share(7, 3, 7) == 3


def test_amounts_of_one_currency_stand_in_order() -> None:
    less, more = Money(1, "EUR"), Money(2, "EUR")
    assert [less < more, less <= more, less > more, less >= more] == [True, True, False, False]
    assert [more < less, more <= less, more > less, more >= less] == [False, False, True, True]
    assert [less < less, less <= less, less > less, less >= less] == [False, True, False, True]


def test_three_figures_that_do_not_add_up_are_no_price() -> None:
    with pytest.raises(ValueError, match="is not"):
        Priced(Money(100, "EUR"), Money(19, "EUR"), Money(120, "EUR"))


def test_two_currencies_never_meet() -> None:
    euro, dollar = Money(1, "EUR"), Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        euro + dollar
    with pytest.raises(CurrencyMismatch):
        euro - dollar
    with pytest.raises(CurrencyMismatch):
        assert euro < dollar
    assert euro != dollar


def test_money_is_integers_of_a_known_currency() -> None:
    with pytest.raises(TypeError):
        Money(1.5, "EUR")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(True, "EUR")
    with pytest.raises(UnknownCurrency):
        Money(1, "XBT")
    with pytest.raises(UnknownCurrency):
        Money(1, "eur")


@given(st.lists(st.integers(-(10**12), 10**12)), codes)
def test_sums_and_signs(minors: list[int], code: str) -> None:
    total = Money.total((Money(minor, code) for minor in minors), code)
    assert total == Money(sum(minors), code)
    assert total + -total == Money.zero(code)
    assert bool(total) == (sum(minors) != 0)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(128_450, "EUR"), "€\u00a01,284.50"),
        (Money(-38, "EUR"), "\u2212€\u00a00.38"),
        (Money(0, "GBP"), "£\u00a00.00"),
        (Money(1_234_567, "JPY"), "¥\u00a01,234,567"),
        (Money(1_234_560, "KWD"), "KWD\u00a01,234.560"),
        (Money(5, "KWD"), "KWD\u00a00.005"),
        (Money(100_000, "PLN"), "zł\u00a01,000.00"),
    ],
)
def test_money_reads_as_on_a_statement(amount: Money, text: str) -> None:
    assert format_money(amount, "en") == text


def test_money_follows_the_active_language() -> None:
    with translation.override("de"):
        assert str(Money(128_450, "EUR")) == "€\u00a01.284,50"
    assert format_money(Money(128_450, "EUR"), "qqq") == "€\u00a01,284.50"


@given(minor=amounts, code=codes)
def test_what_is_written_plainly_is_read_back(minor: int, code: str) -> None:
    minor = floor_to_step(minor, code)
    unit = currency(code)
    text = str(Decimal(minor).scaleb(-unit.exponent).quantize(Decimal(1).scaleb(-unit.exponent)))
    assert parse_major(f" {text} ", code) == minor


@pytest.mark.parametrize(
    ("text", "code", "minor"),
    [
        ("38.4", "EUR", 3840),
        ("38", "EUR", 3800),
        ("38.400", "EUR", 3840),
        ("0", "EUR", 0),
        ("12", "JPY", 12),
        ("1.25", "KWD", 1250),
    ],
)
def test_amounts_in_forms(text: str, code: str, minor: int) -> None:
    assert parse_major(text, code) == minor


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "EUR"),
        ("1,284", "EUR"),
        ("38,40", "EUR"),
        ("-1", "EUR"),
        ("1e5", "EUR"),
        ("38.401", "EUR"),
        ("12.5", "JPY"),
        ("1.255", "KWD"),
        ("1.2555", "KWD"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("\u0661", "EUR"),
        ("1\x00", "EUR"),
        ("9" * 13, "EUR"),
        ("999999999999", "EUR"),
        ("9" * 1_000_000, "EUR"),
        (".", "EUR"),
        ("1.", "EUR"),
    ],
)
def test_what_is_no_amount_is_refused_with_a_sentence(text: str, code: str) -> None:
    with pytest.raises(BadAmount, match=r"\.$"):
        parse_major(text, code)


def test_the_sentence_says_what_would_be_right() -> None:
    for text, code, sentence in [
        ("a lot", "EUR", "Write the amount in digits with a point, such as 1284.50."),
        ("38.401", "EUR", "EUR has 2 decimals at most."),
        ("12.5", "JPY", "JPY has no decimals."),
        ("999999999999", "EUR", "The highest amount is €\u00a01,000,000,000.00."),
        ("1.255", "KWD", "Amounts in KWD go in steps of KWD\u00a00.010."),
    ]:
        with pytest.raises(BadAmount) as refused:
            parse_major(text, code)
        assert str(refused.value) == sentence


def test_a_figure_follows_the_language_it_is_asked_in() -> None:
    assert group_digits(1_284) == "1,284"
    assert group_digits(1_284, "de") == "1.284"
    with translation.override("de"):
        assert format_money(Money(128_450, "EUR"), "en") == "€\u00a01,284.50"


def test_the_smallest_payment_can_be_set(settings: Settings) -> None:
    assert minimum_minor("EUR") == 50
    settings.PAYMENT_MINIMUMS = {"EUR": 100}
    assert minimum_minor("EUR") == 100
    assert minimum_minor("JPY") == 50
