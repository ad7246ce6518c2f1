"""Amounts of tokens read exactly, whatever their size and decimals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import MINUS, NO_BREAK_SPACE
from core.tokens import TokenAmount, figure, parse_units, token_code, token_text


@pytest.mark.parametrize(
    ("units", "decimals", "shown"),
    [
        (0, 8, "0"),
        (1, 8, "0.00000001"),
        (1_250_000_000, 8, "12.5"),
        (100, 0, "100"),
        (-5, 1, f"{MINUS}0.5"),
        (10**38 - 1, 18, "99999999999999999999.999999999999999999"),
    ],
)
def test_a_figure_is_exact_and_has_no_zeros_at_its_end(units: int, decimals: int, shown: str) -> None:
    assert figure(units, decimals) == shown


@given(units=st.integers(0, 10**38 - 1), decimals=st.integers(0, 24))
def test_a_figure_says_every_unit(units: int, decimals: int) -> None:
    whole, _point, places = figure(units, decimals).partition(".")
    assert int(whole + places.ljust(decimals, "0")) == units


def test_a_token_is_named_with_its_network_unless_it_is_at_home() -> None:
    assert (token_code("ckUSDC", "ic"), token_code("USDC", "base")) == ("ckUSDC", "USDC.base")
    assert TokenAmount(2_500_000, "USDC", "base", 6).text == f"2.5{NO_BREAK_SPACE}USDC.base"


def test_the_same_asset_elsewhere_or_counted_otherwise_is_another_token() -> None:
    here = TokenAmount(1, "USDC", "base", 6)
    assert here.is_same_token(TokenAmount(99, "USDC", "base", 6))
    assert not here.is_same_token(TokenAmount(1, "USDC", "ic", 6))
    assert not here.is_same_token(TokenAmount(1, "USDC", "base", 18))
    assert not here.is_same_token(TokenAmount(1, "USDT", "base", 6))


def test_what_the_ledger_holds_reads_as_tokens_and_an_unknown_one_as_units() -> None:
    assert token_text(10**18, "ckETH") == f"1{NO_BREAK_SPACE}ckETH"
    assert token_text(1250, "XYZ.moon") == "1250 smallest units of XYZ.moon"


@given(units=st.integers(0, 10**38 - 1), decimals=st.integers(0, 24))
def test_what_a_figure_says_is_read_back_to_the_unit(units: int, decimals: int) -> None:
    assert parse_units(figure(units, decimals), decimals) == units


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1e3", "1,5", ".5", "5.", "0.123456789", "1 000", "NaN", "1" * 39, "\u0661", "1" + "0" * 30]
)
def test_what_is_no_plain_figure_of_a_token_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"plain|places|ledger"):
        parse_units(text, 8)
