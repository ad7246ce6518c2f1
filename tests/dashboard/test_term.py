"""The term bar: shares of what was paid, and one look wherever it is drawn."""

import re
from decimal import Decimal

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures import percent_of
from dashboard.presenters.term import TermBar, drawn
from dashboard.presenters.times import DAY, used_and_unused


def bar(released: str, refunded: str, *, unpaid: bool = False) -> TermBar:
    return TermBar(unpaid, Decimal(released), Decimal(refunded), "Day 1 of <30>", "29 & more", "spoken")


def component(drawing: TermBar) -> str:
    """What the component of the design makes of the same figures."""
    fields = {name: getattr(drawing, name) for name in ("released", "refunded", "unpaid", "start", "end")}
    label = "" if drawing.unpaid else drawing.label
    return render_to_string("c/term.html", {**fields, "label": label, "size": "s"})


def plain(markup: str) -> str:
    """Without what does not show: trailing zeroes of percents, and spaces between tags."""
    return re.sub(r"\.(\d*?)0+%", lambda found: f".{found[1]}%" if found[1] else "%", re.sub(r">\s+<", "><", markup)).strip()


@pytest.mark.parametrize(
    ("released", "refunded"), [("0", "0"), ("33.25", "0"), ("100", "0"), ("40.5", "59.5"), ("0", "100"), ("20", "30.01")]
)
def test_a_row_draws_what_the_component_draws(released: str, refunded: str) -> None:
    assert plain(drawn(bar(released, refunded))) == plain(component(bar(released, refunded)))


def test_an_unpaid_bar_is_dashed_in_both() -> None:
    assert plain(drawn(bar("0", "0", unpaid=True))) == plain(component(bar("0", "0", unpaid=True)))


@given(st.integers(0, 10**11), st.integers(1, 10**11))
def test_nothing_looks_finished_before_it_is(part: int, whole: int) -> None:
    share = percent_of(min(part, whole), whole)
    assert 0 <= share <= 100
    assert (share == 100) == (part >= whole)


def test_of_nothing_there_is_no_share() -> None:
    assert percent_of(0, 0) == 0


@pytest.mark.parametrize("term", [DAY, 2 * DAY, 30 * DAY, 365 * DAY])
def test_what_was_used_and_what_was_not_are_all_of_it(term: int) -> None:
    size = 3600 if term < 2 * DAY else DAY
    for used in (0, 1, 59, 863, 864, 865, 11 * DAY + 86_399, term // 3, term - 1, term, term + 5):
        spent, unspent = used_and_unused(used, term)
        assert Decimal(spent) + Decimal(unspent) == term // size
        assert Decimal(unspent) * size <= max(0, term - used)
    assert used_and_unused(11 * DAY + 86_110, 30 * DAY) == ("12", "18")
