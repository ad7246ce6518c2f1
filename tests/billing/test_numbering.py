"""Numbers of documents: one after the other, by the seller's year, readable and never the same twice. Pure."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.numbering import Number, day_of, number_after
from billing.states import DocumentKind


@pytest.mark.parametrize(
    ("kind", "sequence", "text"),
    [
        (DocumentKind.RECEIPT, 1, "RCP-2026-000001"),
        (DocumentKind.INVOICE, 42, "INV-2026-000042"),
        (DocumentKind.CREDIT_NOTE, 999_999, "CN-2026-999999"),
        (DocumentKind.INVOICE, 1_000_000, "INV-2026-1000000"),
    ],
)
def test_a_number_names_kind_year_and_place(kind: DocumentKind, sequence: int, text: str) -> None:
    assert str(Number(kind, 2026, sequence)) == text


def test_the_first_of_a_year_is_one_and_none_is_left_out() -> None:
    given_out = [number_after(DocumentKind.INVOICE, 2026, last) for last in range(3)]
    assert [one.sequence for one in given_out] == [1, 2, 3]
    assert {(one.kind, one.year) for one in given_out} == {(DocumentKind.INVOICE, 2026)}


@pytest.mark.parametrize("sequence", [0, -1])
def test_nothing_is_counted_from_zero(sequence: int) -> None:
    with pytest.raises(ValueError, match=f"^documents are counted from 1, not from {sequence}$"):
        Number(DocumentKind.INVOICE, 2026, sequence)


numbers = st.builds(Number, st.sampled_from(DocumentKind), st.integers(2020, 2099), st.integers(1, 10**8))


@given(numbers, numbers)
def test_two_documents_never_have_one_number(first: Number, second: Number) -> None:
    assert (str(first) == str(second)) == (first == second)


@given(numbers)
def test_a_number_fits_its_column(number: Number) -> None:
    assert len(str(number)) <= 20


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 12, 31)),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "Europe/Berlin", date(2027, 1, 1)),
        (datetime(2027, 1, 1, 0, 59, tzinfo=UTC), "Atlantic/Azores", date(2026, 12, 31)),
        (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 7, 1)),
        (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), "UTC", date(2026, 6, 30)),
    ],
)
def test_the_year_turns_where_the_seller_is(moment: datetime, zone: str, day: date) -> None:
    assert day_of(moment, zone) == day


@given(st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 -- the zone is added
def test_a_day_is_at_most_one_off_from_that_of_utc(moment: datetime) -> None:
    assert abs(day_of(moment, "Europe/Berlin") - moment.date()) <= timedelta(days=1)


def test_a_moment_without_a_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match=r"^a moment without a time zone is not a moment$"):
        day_of(datetime(2026, 1, 1), "UTC")  # noqa: DTZ001 -- that is the point
