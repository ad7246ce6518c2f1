"""Exchange rates are of a day and a source, and are there without any network."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import rates
from core.errors import Refused
from core.models import ReferenceRates
from core.money import CURRENCIES

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)


def test_without_any_rows_the_committed_table_holds_and_knows_every_currency() -> None:
    known = rates.rates_on(DAY)
    assert known.day == date(2024, 6, 28)
    assert "European Central Bank" in known.source
    assert known.per_euro.keys() | {"EUR"} == CURRENCIES.keys()


@pytest.mark.parametrize(
    ("minor", "code", "cents"),
    [
        (3840, "EUR", 3840),
        (107_050, "USD", 100_000),
        (17_194, "JPY", 10_000),
        (328_300, "KWD", 100_000),
        (-107_050, "USD", -100_000),
        (1, "USD", 1),
        (0, "SEK", 0),
    ],
)
def test_amounts_in_euro_cents(minor: int, code: str, cents: int) -> None:
    assert rates.to_eur(minor, code, DAY) == cents


def test_the_latest_day_that_is_not_later_counts() -> None:
    for day, rate in ((19, "2"), (21, "4")):
        rates.record_rates(date(2026, 11, day), {"USD": Decimal(rate)}, "test")
    assert rates.to_eur(400, "USD", DAY) == 200
    assert rates.to_eur(400, "USD", date(2026, 11, 22)) == 100
    assert rates.rates_on(date(2026, 11, 18)).day == date(2024, 6, 28)


def test_a_day_that_is_recorded_stays_as_it_is() -> None:
    rates.record_rates(DAY, {"USD": Decimal(2)}, "first")
    rates.record_rates(DAY, {"USD": Decimal(4)}, "second")
    assert ReferenceRates.objects.get().source == "first"


@pytest.mark.parametrize("rate", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_a_rate_that_is_none_is_refused(rate: Decimal) -> None:
    with pytest.raises(Refused) as refused:
        rates.record_rates(DAY, {"USD": rate}, "test")
    assert refused.value.code == "bad_rate"
    assert not ReferenceRates.objects.exists()


def test_euro_asks_nobody_and_others_ask_once() -> None:
    with CaptureQueriesContext(connection) as queries:
        rates.to_eur(1, "EUR", DAY)
        assert len(queries) == 0
        rates.to_eur(1, "USD", DAY)
    assert len(queries) == 1
