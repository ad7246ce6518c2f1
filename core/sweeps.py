"""How a schedule works through rows: one that breaks holds up no other, and is told when all had their turn."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from core.errors import Refused

Item = TypeVar("Item")


def each(items: Iterable[Item], work: Callable[[Item], object]) -> int:
    """Do `work` on each item, each by itself; returns on how many it was done.

    A refusal is no error: somebody acted between the look and the lock. Other errors are raised together as an ExceptionGroup,
    after the last item: without that, one broken row at the head of the line would stop a schedule for everybody, for good.
    """
    done = 0
    errors: list[Exception] = []
    for item in items:
        try:
            work(item)
        except Refused:
            continue
        except Exception as error:  # noqa: BLE001 -- raised again below
            errors.append(error)
            continue
        done += 1
    if errors:
        raise ExceptionGroup(f"{len(errors)} of the rows could not be worked on", errors)
    return done
