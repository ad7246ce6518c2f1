"""Figures and moments read the same on every page."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.template import Context, Template

from core import clock, formats
from core.money import Money

NOW = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW, "19 Nov, 09:30"),
        (datetime(2026, 1, 2, 23, 5, tzinfo=UTC), "2 Jan, 23:05"),
        (datetime(2025, 11, 19, 9, 30, tzinfo=UTC), "19 Nov 2025, 09:30"),
        (datetime(2026, 11, 19, 0, 30, tzinfo=timezone(timedelta(hours=2))), "18 Nov, 22:30"),
    ],
)
def test_moments_are_in_utc_and_name_another_year(moment: datetime, text: str) -> None:
    with clock.at(NOW):
        assert formats.when(moment) == text


def test_days() -> None:
    with clock.at(NOW):
        assert formats.day(date(2026, 12, 1)) == "1 Dec"
        assert formats.day(datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == "31 Dec"
        assert formats.day(date(2024, 2, 29)) == "29 Feb 2024"


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(minutes=42, seconds=59), "in 42 min"),
        (timedelta(hours=1), "in 1 h"),
        (timedelta(hours=47, minutes=59), "in 47 h"),
        (timedelta(days=2), "in 2 days"),
        (timedelta(seconds=59), "now"),
        (timedelta(0), "now"),
        (timedelta(hours=-3), "3 h ago"),
    ],
)
def test_how_far_off(distance: timedelta, text: str) -> None:
    with clock.at(NOW):
        assert formats.until(NOW + distance) == text


@pytest.mark.parametrize(("hours", "text"), [(24, "1 day"), (720, "30 days"), (36, "36 h"), (1, "1 h"), (0, "0 h")])
def test_terms(hours: int, text: str) -> None:
    assert formats.hours_text(hours) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (Decimal("19"), 0, "19\u00a0%"),
        (Decimal("99.985"), 2, "99.99\u00a0%"),
        (Decimal("-3.5"), 0, "\u22124\u00a0%"),
        (100, 3, "100.000\u00a0%"),
    ],
)
def test_shares(value: Decimal | int, decimals: int, text: str) -> None:
    assert formats.percent(value, decimals) == text


def test_the_tags_say_the_same_as_the_functions() -> None:
    page = Template(
        "{{ m|money }} {% minor 3840 'EUR' %} {{ t|when }} {{ t|day }} {{ t|until }} {{ h|hours_text }} {{ p|percent:2 }}"
    )
    with clock.at(NOW):
        text = page.render(Context({"m": Money(100, "EUR"), "t": NOW, "h": 168, "p": Decimal("1.5")}))
    assert text == "€\u00a01.00 €\u00a038.40 19 Nov, 09:30 19 Nov now 7 days 1.50\u00a0%"


def test_the_tags_are_silent_about_what_is_not_known() -> None:
    page = Template("{{ n|money }}{% minor n 'EUR' %}{{ n|when }}{{ n|day }}{{ n|until }}{{ n|hours_text }}{{ n|percent }}")
    assert page.render(Context({"n": None})) == ""
