"""The only source of "now". Tests and the demo's simulated time move it; nothing else in the tree asks the system for the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_fixed: ContextVar[datetime | None] = ContextVar("fixed_now", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC; the moment of the innermost `at(...)` where one is open in this context."""
    fixed = _fixed.get()
    return datetime.now(UTC) if fixed is None else fixed


@contextmanager
def at(moment: datetime) -> Iterator[datetime]:
    """Let `now()` answer `moment` inside the block, in this context only (another thread keeps its own time).

    `moment` must be aware; it is kept in UTC. Raises ValueError for a naive one, whose meaning would depend on the machine.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone is not a moment")
    token = _fixed.set(moment.astimezone(UTC))
    try:
        yield moment.astimezone(UTC)
    finally:
        _fixed.reset(token)
