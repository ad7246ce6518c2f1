"""Files of documents in tests: made only where a test is about them, because making one takes longer than most tests."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from billing.services.document_bytes import left_to_the_sweep


@pytest.fixture(autouse=True)
def paper(request: pytest.FixtureRequest) -> Iterator[None]:
    """Documents are issued everywhere; their files are left to the sweep, unless the test is marked `paper`."""
    with nullcontext() if request.node.get_closest_marker("paper") else left_to_the_sweep():
        yield
