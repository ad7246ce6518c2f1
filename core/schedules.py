"""What a repeated piece of work is: its name, its function, how often. The tables of them stand in the project's reactions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta


@dataclass(frozen=True)
class Schedule:
    """`function` runs every `every` (whole minutes), with the name `name` (unique, kept in the database between restarts).

    `daily_at` fixes the time of day in UTC of a daily one (`every=timedelta(days=1)`). A run never overlaps with the one before
    it, must be done within a minute (bound its batches), and what it missed while nothing ran is done once, not many times.
    Raises ValueError for an interval that the queue's scheduler cannot keep.
    """

    name: str
    function: Callable[[], object]
    every: timedelta
    daily_at: time | None = None

    def __post_init__(self) -> None:
        if self.every < timedelta(minutes=1) or self.every % timedelta(minutes=1):
            raise ValueError(f"schedule {self.name}: the scheduler's grain is a minute")
        if self.daily_at is not None and self.every != timedelta(days=1):
            raise ValueError(f"schedule {self.name}: only a daily one has a time of day")
        if not self.name or len(self.name) > 100:
            raise ValueError(f"schedule {self.name!r}: a name has 1 to 100 characters")

    @property
    def minutes(self) -> int:
        """The interval in whole minutes."""
        return int(self.every / timedelta(minutes=1))
