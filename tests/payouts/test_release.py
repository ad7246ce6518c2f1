"""The nightly release: what is earned becomes the provider's, in steps of running totals, never too early and never too much."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from billing import services as billing
from billing.proof import find_differences
from contracts import actors, services
from contracts.models import Contract, Segment
from contracts.pricing import PaidTerm, earned_minor, fee_minor
from contracts.states import State
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from core.registry import project_schedules
from core.schedules import Schedule
from decentcloud.release_checks import check_release
from payouts import tasks
from payouts.models import Release
from payouts.services import release
from payouts.services.release import last_release_hour, release_contract, release_due, release_ended
from providers.models import Offering
from tests.payouts.ledger import escrow_of, everything, fees, nights, owed_to, released_of
from tests.walk import START, Walk, offered_by, pay

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def offering(provider_user: User) -> Offering:
    """€ 38.40 a month and € 4.99 for setting it up."""
    return offered_by(provider_user, setup_fee_minor=499)


@pytest.fixture
def walk(customer: User, offering: Offering) -> Walk:
    """A running rental of 30 days for € 43.39 net, delivered half an hour ago."""
    return Walk(customer, offering).running()


def delivered_at(walk: Walk) -> datetime:
    provisioned = walk.fresh().provisioned_at
    assert provisioned is not None
    return provisioned


def step(walk: Walk, through: datetime) -> list[Release]:
    """A release at that very moment."""
    with clock.at(through):
        return release_contract(walk.contract.pk, through)


# What is earned -----------------------------------------------------------------------------------------------------------------


def test_a_day_releases_its_part_and_the_set_up_fee_once(walk: Walk, offering: Offering) -> None:
    (first,) = step(walk, delivered_at(walk) + DAY)
    assert (first.amount_minor, first.fee_minor, first.share_minor) == (499 + 128, 62, 565)
    (second,) = step(walk, delivered_at(walk) + 2 * DAY)
    # Of 755 in all the fee is 75, and 62 of it were taken before.
    assert (second.amount_minor, second.fee_minor) == (128, 13)
    assert (owed_to(offering.provider), fees()) == (680, 75)
    assert escrow_of(walk.contract) == 4339 - 755
    assert find_differences() == []


def test_a_second_look_at_the_same_moment_finds_nothing(walk: Walk) -> None:
    through = delivered_at(walk) + DAY
    step(walk, through)
    before = everything()
    assert step(walk, through) == []
    assert step(walk, through - timedelta(hours=3)) == []
    assert everything() == before


def test_a_week_without_a_worker_is_made_up_for_in_one_step(walk: Walk, customer: User, offering: Offering) -> None:
    other = Walk(customer, offering).running()
    for day in range(1, 8):
        step(walk, delivered_at(walk) + day * DAY)
    (only,) = step(other, delivered_at(other) + 7 * DAY)
    mine = Release.objects.filter(contract=walk.contract)
    assert mine.count() == 7
    assert (sum(one.amount_minor for one in mine), sum(one.fee_minor for one in mine)) == (only.amount_minor, only.fee_minor)


def test_every_second_of_the_term_and_none_beyond_it_is_earned(walk: Walk, offering: Offering) -> None:
    ends_at = walk.fresh().ends_at
    assert ends_at is not None
    step(walk, ends_at - timedelta(seconds=1))
    assert escrow_of(walk.contract) > 0
    with clock.at(ends_at + 3 * DAY):
        # Its deadline was missed, too: nothing is earned after the end.
        release_contract(walk.contract.pk, ends_at + 3 * DAY)
    assert (escrow_of(walk.contract), released_of(walk.contract)) == (0, 4339)
    assert (owed_to(offering.provider), fees()) == (4339 - 433, 433)
    assert find_differences() == []


def test_nothing_is_earned_before_the_delivery_even_where_the_clock_was_off(walk: Walk) -> None:
    with clock.at(walk.now):
        assert release_contract(walk.contract.pk, delivered_at(walk) - timedelta(minutes=1)) == []
    assert not Release.objects.exists()


@pytest.mark.parametrize(("currency", "monthly", "setup"), [("JPY", 4801, 301), ("KWD", 12_350, 1_110), ("EUR", 20_999, 1)])
def test_each_currency_is_released_in_its_own_steps_to_the_last_unit(
    currency: str, monthly: int, setup: int, customer: User, provider_user: User
) -> None:
    offering = offered_by(provider_user, currency=currency, monthly_minor=monthly, setup_fee_minor=setup)
    walk = Walk(customer, offering, hours=168).running()
    net = walk.fresh().net_minor
    unit = 10 if currency == "KWD" else 1
    for day in range(1, 8):
        for one in step(walk, delivered_at(walk) + day * DAY):
            assert (one.amount_minor % unit, one.fee_minor % unit) == (0, 0)
    assert (escrow_of(walk.contract), released_of(walk.contract)) == (0, net)
    assert owed_to(offering.provider, currency) == net - net * 1000 // (10_000 * unit) * unit
    assert find_differences() == []


def test_an_extension_is_filled_after_the_order_and_each_has_its_own_release(walk: Walk) -> None:
    with clock.at(walk.now):
        pay(billing.open_extension_charge(walk.fresh(), 168, walk.customer))
    first, second = Segment.objects.order_by("number")
    step(walk, delivered_at(walk) + 29 * DAY)
    assert {one.segment_id for one in Release.objects.all()} == {first.pk}
    # One step over the border between the two.
    steps = step(walk, delivered_at(walk) + 31 * DAY)
    assert [(one.segment_id, one.amount_minor) for one in steps] == [(first.pk, 128), (second.pk, 128)]
    assert {one.payment.charge.segment_id for one in steps} == {first.pk, second.pk}
    step(walk, delivered_at(walk) + 37 * DAY)
    assert escrow_of(walk.contract) == 0
    assert find_differences() == []


@given(
    st.integers(1, 10**9),
    st.integers(0, 10**6),
    st.integers(1, 8760),
    st.integers(0, 10_000),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.lists(st.integers(0, 10**8), min_size=1, max_size=30),
)
def test_steps_add_up_to_what_one_step_would_have_been(
    rent: int, setup: int, hours: int, basis_points: int, currency: str, moments: list[int]
) -> None:
    unit = 10 if currency == "KWD" else 1
    term = PaidTerm(hours * 3600, setup * unit, rent * unit, currency)
    released = fee = 0
    for used in sorted(moments):
        amount = earned_minor(term, used) - released
        part = fee_minor(released + amount, basis_points, currency) - fee
        assert 0 <= part <= amount
        assert amount % unit == part % unit == 0
        released, fee = released + amount, fee + part
    last = max(moments)
    assert released == earned_minor(term, last) <= term.net_minor
    assert fee == fee_minor(released, basis_points, currency) <= released * basis_points // 10_000
    assert last < term.seconds or released == term.net_minor


# What is not ---------------------------------------------------------------------------------------------------------------------


def refused(walk: Walk, code: str, through: datetime | None = None) -> None:
    """A release is refused for that reason, and nothing is changed."""
    before = everything()
    with clock.at(walk.now), pytest.raises(Refused) as no:
        release_contract(walk.contract.pk, through or walk.now)
    assert no.value.code == code
    assert str(no.value)
    assert everything() == before


def test_nothing_is_released_before_delivery(customer: User, offering: Offering) -> None:
    refused(Walk(customer, offering).setting_up(), "not_delivered")


def test_nothing_is_released_ahead_of_its_time(walk: Walk) -> None:
    refused(walk, "too_early", walk.now + timedelta(seconds=1))
    with clock.at(walk.now), pytest.raises(Refused, match="before its time"):
        release_due(walk.now + DAY)
    assert not DomainEvent.objects.filter(name="releases.made").exists()


def test_nothing_is_released_while_paused_and_the_pause_is_not_earned(walk: Walk, staff: User) -> None:
    step(walk, delivered_at(walk) + 2 * DAY)
    walk.now = delivered_at(walk) + 2 * DAY
    with clock.at(walk.now):
        services.suspend(walk.contract.pk, actors.staff(staff.pk), "abuse")
    walk.now += 5 * DAY
    refused(walk, "suspended")
    with clock.at(walk.now):
        assert release_due() == 0
        services.resume(walk.contract.pk, actors.staff(staff.pk))
        # The night lies in the pause: what was earned before it was released then.
        assert release_contract(walk.contract.pk, walk.now) == []
    (after,) = step(walk, walk.now + DAY)
    assert after.amount_minor == 128
    assert find_differences() == []


def test_a_moment_within_a_pause_that_is_over_is_never_counted_too_high(walk: Walk, staff: User) -> None:
    paused, resumed = delivered_at(walk) + 2 * DAY, delivered_at(walk) + 6 * DAY
    with clock.at(paused):
        services.suspend(walk.contract.pk, actors.staff(staff.pk), "abuse")
    with clock.at(resumed):
        services.resume(walk.contract.pk, actors.staff(staff.pk))
        release_contract(walk.contract.pk, paused + DAY)
        assert released_of(walk.contract) <= 499 + 2 * 128
        release_contract(walk.contract.pk, resumed)
    assert released_of(walk.contract) == 499 + 2 * 128


def test_a_clock_that_is_set_back_takes_nothing_back(walk: Walk) -> None:
    step(walk, delivered_at(walk) + 3 * DAY)
    before = everything()
    assert step(walk, delivered_at(walk) + DAY) == []
    assert everything() == before


# The night ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "night"),
    [
        # The nights in which clocks in Berlin are changed have an hour of three o'clock like all others.
        (datetime(2026, 3, 29, 2, 59, 59, tzinfo=UTC), datetime(2026, 3, 28, 3, tzinfo=UTC)),
        (datetime(2026, 3, 29, 3, 0, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC)),
        (datetime(2026, 10, 25, 2, 30, tzinfo=UTC), datetime(2026, 10, 24, 3, tzinfo=UTC)),
        (datetime(2026, 10, 25, 23, 59, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC)),
        (datetime(2028, 3, 1, 0, 0, tzinfo=UTC), datetime(2028, 2, 29, 3, tzinfo=UTC)),
    ],
)
def test_the_night_begins_at_its_hour_in_utc(now: datetime, night: datetime) -> None:
    with clock.at(now):
        assert last_release_hour() == night


def test_over_the_change_of_clocks_each_night_is_worth_a_day(customer: User, offering: Offering) -> None:
    walk = Walk(customer, offering, at=datetime(2026, 3, 25, 1, tzinfo=UTC)).running()
    nights(walk, 7)
    amounts = list(Release.objects.order_by("through").values_list("amount_minor", flat=True))
    assert amounts[1:] == [128] * 6
    assert {one.through.hour for one in Release.objects.all()} == {3}


def test_a_night_releases_what_runs_and_leaves_the_rest_alone(walk: Walk, customer: User, offering: Offering, staff: User) -> None:
    unpaid, waiting = Walk(customer, offering), Walk(customer, offering).accepted()
    paused = Walk(customer, offering).running()
    with clock.at(paused.now):
        services.suspend(paused.contract.pk, actors.staff(staff.pk), "abuse")
    fresh = Walk(customer, offering).delivered()
    with clock.at(START + 2 * DAY):
        assert release_due() == 2
        assert release_due() == 0
    assert set(Release.objects.values_list("contract", flat=True)) == {walk.contract.pk, fresh.contract.pk}
    assert {Contract.objects.get(pk=one.contract.pk).state for one in (unpaid, waiting)} == {State.REQUESTED, State.ACCEPTED}


def test_batches_of_any_size_reach_every_contract(
    walk: Walk, customer: User, offering: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _more in range(4):
        Walk(customer, offering).running()
    monkeypatch.setattr(release, "BATCH", 2)
    with clock.at(START + 2 * DAY):
        assert release_due() == 5
    assert Release.objects.count() == 5


def test_one_that_breaks_holds_up_no_other_and_the_night_is_not_done(
    walk: Walk, customer: User, offering: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Walk(customer, offering).running()
    whole = release.release_contract

    def breaking(contract_id: int, through: datetime) -> list[Release]:
        if contract_id == walk.contract.pk:
            raise ZeroDivisionError
        return whole(contract_id, through)

    with clock.at(START + 2 * DAY):
        with monkeypatch.context() as patched:
            patched.setattr(release, "release_contract", breaking)
            with pytest.raises(ExceptionGroup):
                release_due()
        assert set(Release.objects.values_list("contract", flat=True)) == {other.contract.pk}
        assert not release.is_released(last_release_hour())
        assert release_due() == 1
        assert release.is_released(last_release_hour())
    assert Release.objects.count() == 2


def test_a_step_takes_five_statements(walk: Walk, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    # And two for the savepoint, which is the transaction itself at night.
    with clock.at(walk.now + DAY), django_assert_num_queries(5 + 2):
        assert release_contract(walk.contract.pk, walk.now + DAY)


# The job ------------------------------------------------------------------------------------------------------------------------


def test_the_night_is_one_long_job_that_is_begun_again_until_it_is_done(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("payouts.tasks.enqueue", lambda path, **_options: asked.append(path))
    with clock.at(START + 2 * DAY):
        tasks.begin_release()
        # The worker died: an hour later somebody else takes it up.
        tasks.resume_release()
        assert asked == ["payouts.tasks.make_releases"] * 2
        assert tasks.make_releases()
        tasks.resume_release()
        assert len(asked) == 2
    with clock.at(START + 3 * DAY):
        tasks.resume_release()
    assert len(asked) == 3
    assert Release.objects.count() == 1


def test_a_job_that_the_queue_begins_beside_itself_leaves_the_work_to_the_first(walk: Walk) -> None:
    with connection.copy().cursor() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [release._LOCK])
        with clock.at(START + 2 * DAY):
            assert not tasks.make_releases()
        other.connection.close()
    assert not Release.objects.exists()


def test_the_hour_of_the_night_is_a_setting_and_a_wrong_one_is_named(settings: Settings) -> None:
    assert check_release() == []
    settings.RELEASE_HOUR = 22
    with clock.at(START):
        assert last_release_hour() == datetime(2026, 3, 1, 22, tzinfo=UTC)
    settings.RELEASE_HOUR = 24
    settings.DISPUTE_LOSS_BEARER = "customer"
    assert [found.id for found in check_release()] == ["decentcloud.E040", "decentcloud.E041"]


def test_a_running_rental_waits_for_its_night(walk: Walk) -> None:
    with clock.at(walk.now + DAY):
        assert release_ended(walk.contract.pk) == []
    assert not Release.objects.exists()


def test_the_job_is_scheduled_at_its_hour(settings: Settings) -> None:
    schedules: dict[str, Schedule] = {one.name: one for one in project_schedules()}
    nightly = schedules["what is earned released"]
    assert nightly.daily_at is not None
    assert (nightly.daily_at.hour, nightly.every) == (settings.RELEASE_HOUR, DAY)
    assert schedules["releases begun again"].every == timedelta(hours=1)
