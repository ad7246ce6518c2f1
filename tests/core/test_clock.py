"""There is one now, and it can be held."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core import clock

THEN = datetime(2020, 5, 1, 12, 0, tzinfo=UTC)


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is UTC


def test_the_innermost_moment_holds_and_the_outer_comes_back() -> None:
    with clock.at(THEN):
        assert clock.now() == THEN
        with clock.at(THEN + timedelta(days=1)):
            assert clock.now() == THEN + timedelta(days=1)
        assert clock.now() == THEN
    assert clock.now() > THEN


def test_a_moment_of_another_zone_is_kept_in_utc() -> None:
    with clock.at(THEN.astimezone(timezone(timedelta(hours=5)))):
        assert clock.now() == THEN
        assert clock.now().tzinfo is UTC


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"), clock.at(datetime(2020, 5, 1)):  # noqa: DTZ001 -- what is refused
        pass


def test_another_thread_keeps_its_own_time() -> None:
    with clock.at(THEN), ThreadPoolExecutor(1) as pool:
        assert pool.submit(clock.now).result() > THEN
