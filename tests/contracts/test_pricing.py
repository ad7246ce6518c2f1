"""The arithmetic of a contract's money, for any amounts and any moment."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.pricing import PaidTerm, earned_minor, fee_minor, fill, net_price, rent_minor, settle, used_seconds
from contracts.states import Fault
from core.money import CURRENCIES, currency

codes = st.sampled_from(sorted(CURRENCIES))
hours = st.sampled_from([24, 168, 720, 2160, 4320, 8760])
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@st.composite
def terms(draw: st.DrawFn) -> PaidTerm:
    code = draw(codes)
    step = currency(code).step
    term_hours = draw(hours)
    monthly = draw(st.integers(0, 10_000_000)) * step
    setup = draw(st.integers(0, 1_000_000)) * step
    price = net_price(monthly, setup, term_hours, code)
    return PaidTerm(term_hours * 3600, price.setup_fee_minor, price.rent_minor, code)


@given(terms(), st.integers(0, 9000 * 3600), st.sampled_from([Fault.NOBODY, Fault.PROVIDER, Fault.GOODWILL]))
def test_what_is_earned_and_what_comes_back_is_exactly_what_was_paid(term: PaidTerm, used: int, fault: Fault) -> None:
    (share,) = settle([term], used, fault)
    step = currency(term.currency).step
    assert share.earned_minor + share.refund_minor == term.net_minor
    assert share.earned_minor >= 0
    assert share.refund_minor >= 0
    assert share.refund_minor % step == 0


@given(terms(), st.integers(0, 9000 * 3600), st.integers(0, 9000 * 3600))
def test_what_is_earned_never_falls(term: PaidTerm, earlier: int, more: int) -> None:
    assert earned_minor(term, earlier) <= earned_minor(term, earlier + more)


@given(terms())
def test_a_served_term_is_earned_in_full_and_an_undelivered_one_not_at_all(term: PaidTerm) -> None:
    assert earned_minor(term, term.seconds) == term.net_minor
    assert earned_minor(term, None) == 0
    assert settle([term], None)[0].refund_minor == term.net_minor


@given(terms(), st.integers(0, 9000 * 3600))
def test_a_provider_at_fault_never_keeps_more_than_one_that_is_not(term: PaidTerm, used: int) -> None:
    faultless = settle([term], used)[0].earned_minor
    assert settle([term], used, Fault.PROVIDER)[0].earned_minor <= faultless


@given(st.lists(terms(), min_size=1, max_size=4), st.integers(0, 40_000 * 3600))
def test_segments_fill_in_order(paid: list[PaidTerm], used: int) -> None:
    filled = fill(paid, used)
    assert sum(part or 0 for part in filled) == min(used, sum(term.seconds for term in paid))
    for index, part in enumerate(filled[:-1]):
        if part is not None and part < paid[index].seconds:
            assert not any(filled[index + 1 :])


@given(terms(), st.integers(0, 9000 * 3600), st.data())
def test_a_lost_dispute_eats_what_is_not_earned_first(term: PaidTerm, used: int, data: st.DataObject) -> None:
    loss = data.draw(st.integers(0, term.net_minor))
    before = settle([term], used)[0]
    (share,) = settle([term], used, Fault.LOST_DISPUTE, [loss])
    assert share.earned_minor + share.refund_minor + share.lost_minor == term.net_minor
    if loss <= before.refund_minor:
        assert share.earned_minor == before.earned_minor


def test_more_cannot_be_lost_than_was_paid() -> None:
    with pytest.raises(ValueError, match="lost"):
        settle([PaidTerm(3600, 0, 100, "EUR")], 0, Fault.LOST_DISPUTE, [101])


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10_000), codes)
def test_the_fee_of_the_whole_is_the_sum_of_its_steps(first: int, second: int, points: int, code: str) -> None:
    early = fee_minor(first, points, code)
    late = fee_minor(first + second, points, code)
    assert 0 <= early <= late <= first + second


def test_the_mockup_adds_up() -> None:
    assert rent_minor(3840, 2160, "EUR") == 11_520
    assert rent_minor(3840, 24, "EUR") == 128


def test_the_clock_stands_while_suspended() -> None:
    paused = START + timedelta(hours=2)
    assert used_seconds(START, 0, paused, START + timedelta(days=9)) == 7200
    assert used_seconds(START, 3600, None, START + timedelta(hours=3)) == 7200
    assert used_seconds(None, 0, None, START) is None
    assert used_seconds(START, 7200, None, START + timedelta(hours=2)) == 0


def test_a_price_carries_what_it_was_made_of() -> None:
    price = net_price(3840, 500, 2160, "EUR")
    assert (price.monthly_minor, price.setup_fee_minor, price.rent_minor, price.currency) == (3840, 500, 11_520, "EUR")
    assert price.net_minor == 12_020


def test_the_fee_is_ten_percent_to_the_unit() -> None:
    assert fee_minor(100_000_000, 1000, "EUR") == 10_000_000
    assert fee_minor(109, 1000, "EUR") == 10
    # A dinar has a thousand fils, and moves in tens of them.
    assert fee_minor(109_990, 1000, "KWD") == 10_990


# A set-up fee of 10, a rent of 90 for an hour, of which a third has run.
HOUR = PaidTerm(3600, 1000, 9000, "EUR")


@pytest.mark.parametrize(
    ("used", "fault", "lost", "earned", "refund"),
    [
        (None, Fault.NOBODY, 0, 0, 10_000),
        (None, Fault.PROVIDER, 0, 0, 10_000),
        (1200, Fault.NOBODY, 0, 4000, 6000),
        (1200, Fault.PROVIDER, 0, 3333, 6667),
        (1200, Fault.GOODWILL, 0, 0, 10_000),
        (1200, Fault.LOST_DISPUTE, 2000, 4000, 4000),
        (1200, Fault.LOST_DISPUTE, 7000, 3000, 0),
        (3600, Fault.NOBODY, 0, 10_000, 0),
        (3600, Fault.PROVIDER, 0, 10_000, 0),
    ],
)
def test_what_an_end_means_in_figures(used: int | None, fault: Fault, lost: int, earned: int, refund: int) -> None:
    (share,) = settle([HOUR], used, fault, [lost])
    assert (share.used_seconds, share.earned_minor, share.refund_minor, share.lost_minor) == (used or 0, earned, refund, lost)


def test_a_refund_of_dinars_comes_in_tens_of_fils() -> None:
    (share,) = settle([PaidTerm(3600, 0, 100_000, "KWD")], 1200)
    assert (share.earned_minor, share.refund_minor) == (33_330, 66_670)


def test_each_segment_needs_its_own_loss() -> None:
    with pytest.raises(ValueError, match="zip"):
        settle([HOUR, HOUR], 0, Fault.LOST_DISPUTE, [100])
