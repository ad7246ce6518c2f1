"""The machinery under test reacts with tests/core/reactions.py, and its effects are counted in a table without keys."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings


@pytest.fixture
def reacting(settings: Settings, request: pytest.FixtureRequest) -> Iterator[None]:
    """Use the test's table of consequences. Ask for `db` or `transactional_db` before it."""
    settings.REACTIONS = "tests.core.reactions"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS test_marks (text text NOT NULL)")
        cursor.execute("DELETE FROM test_marks")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE test_marks")


@pytest.fixture
def race() -> Callable[..., list[Any]]:
    """Run a function in several threads at once, each with its own connection; an exception in one of them is raised here."""

    def run(function: Callable[[int], Any], times: int = 8) -> list[Any]:
        def in_thread(number: int) -> Any:
            try:
                return function(number)
            finally:
                connection.close()

        with ThreadPoolExecutor(times) as pool:
            return [future.result() for future in [pool.submit(in_thread, number) for number in range(times)]]

    return run
