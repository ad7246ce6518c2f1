"""Drawn things: the parts of a bar fill it exactly, whatever they are given."""

import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core import charts

shares = st.decimals(min_value=-50, max_value=150, places=4)


def widths(svg: str, cls: str) -> list[Decimal]:
    return [Decimal(width) for width in re.findall(rf'class="{cls}"[^>]*?width="([\d.]+)%"', svg)]


@given(released=shares, refunded=shares)
def test_released_held_and_refunded_fill_the_bar(released: Decimal, refunded: Decimal) -> None:
    svg = str(charts.term_svg(released, refunded))
    covered = sum(widths(svg, "released") + widths(svg, "escrow"), Decimal(0))
    back = min(max(Decimal(0), refunded), 100 - min(max(Decimal(0), released), Decimal(100)))
    assert abs(covered + back - 100) <= Decimal("0.02")


@given(released=shares, refunded=shares)
def test_spoken_shares_sum_to_a_hundred(released: Decimal, refunded: Decimal) -> None:
    spoken = [int(number) for number in re.findall(r"(-?\d+) percent", str(charts.term_svg(released, refunded)))]
    assert sum(spoken) == 100


def test_bar_of_a_term_that_just_began_is_all_held_back() -> None:
    svg = str(charts.term_svg(0, 0))
    assert 'class="escrow" x="0%" width="100%"' in svg
    assert "released" not in svg.split("aria-label", maxsplit=1)[0]
    assert "cut" not in svg


def test_label_of_now_stays_inside_of_the_bar() -> None:
    assert charts.now_mark(1) == ("1%", "start")
    assert charts.now_mark(50) == ("50%", "middle")
    assert charts.now_mark(99.5) == ("99.5%", "end")
    assert charts.now_mark(None) == ("", "")


@given(counts=st.lists(st.integers(min_value=0, max_value=10**9), max_size=40))
def test_bins_stand_on_the_base_line_and_inside_of_the_drawing(counts: list[int]) -> None:
    drawing = charts.bins(counts)
    for count, bar in zip(counts, drawing.bars, strict=True):
        assert bar.y >= 0
        assert bar.y + bar.height == drawing.height - 24
        assert (bar.height > 0) == (count > 0)


@given(values=st.lists(st.integers(min_value=-(10**6), max_value=10**9), max_size=24))
def test_months_never_leave_the_drawing(values: list[int]) -> None:
    drawing = charts.months([{"label": "Oct", "value": value, "text": str(value)} for value in values])
    assert all(bar.y >= 0 and bar.y + bar.height == drawing.height - 22 for bar in drawing.bars)


def test_no_days_draw_nothing() -> None:
    assert charts.day_strip([]) == ()
