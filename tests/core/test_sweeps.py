"""Working through rows: refusals are passed over, and a broken row is told after the others had their turn."""

import pytest

from core.errors import Refused
from core.sweeps import each


def test_all_are_worked_on_and_counted() -> None:
    seen: list[int] = []
    assert each([1, 2, 3], seen.append) == 3
    assert seen == [1, 2, 3]


def test_a_refusal_is_passed_over_and_a_fault_is_raised_at_the_end() -> None:
    seen: list[int] = []

    def work(number: int) -> None:
        seen.append(number)
        if number == 1:
            raise Refused("somebody was faster", code="decided")
        if number == 2:
            raise ValueError("broken")

    assert each([1, 3], work) == 1
    with pytest.raises(ExceptionGroup) as raised:
        each([1, 2, 3], work)
    assert seen == [1, 3, 1, 2, 3]
    assert [str(error) for error in raised.value.exceptions] == ["broken"]


def test_what_stops_the_worker_stops_the_sweep() -> None:
    def stop(_number: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each([1, 2], stop)
