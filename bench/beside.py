"""Only the comparison: a call of ours beside its own statements replayed by pgbench, turn by turn on the same cluster."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from bench.recording import Recording, record
from bench.replay import Replay
from bench.table import Row

ROUNDS, SECONDS = 3, 5.0
SLOWER_AT_MOST = 3.0
PREPARED = 500

Call = Callable[[], object]


@dataclass(frozen=True)
class Step:
    """What is done again and again: `prepare` makes the calls of these numbers ready, which is not timed.

    `counted` are what grows with each call, by name, with the first of each; `given` are the tables whose new ids later
    statements of the same call name. Our calls have the numbers below `replayed`, the replay has those from there to `end`.
    """

    what: str
    prepare: Callable[[range], Iterator[Call]]
    counted: dict[str, int]
    given: dict[str, str]
    replayed: int
    end: int


def beside(step: Step) -> tuple[Row, Recording]:
    """The row of the step, and what one call of it was heard to send."""
    for call in step.prepare(range(PREPARED)):
        call()
    recording = record(next(step.prepare(range(PREPARED, PREPARED + 1))))
    numbers = {name: first + PREPARED for name, first in step.counted.items()}
    replay = Replay(recording.statements, numbers, step.given)
    ours, theirs_took, database = [], [], []
    mine, theirs = PREPARED + 1, step.replayed
    for _round in range(ROUNDS):
        seconds, spent, mine = _timed(step, mine)
        ours.append(seconds)
        database.append(spent)
        latency, done = replay.run({name: first + theirs for name, first in step.counted.items()}, SECONDS)
        theirs_took.append(latency)
        theirs += done
    assert mine <= step.replayed < theirs <= step.end, "the pool is too small"
    ratio = median(ours) / median(theirs_took)
    row = Row(
        step.what,
        f"{1 / median(ours):,.0f} a second, {median(ours) * 1000:.2f} ms, {len(recording.statements)} statements",
        f"{1 / median(theirs_took):,.0f} a second, {median(theirs_took) * 1000:.2f} ms by pgbench",
        f"{ratio:.2f}",
        f"≤ {SLOWER_AT_MOST:.0f}",
        ratio <= SLOWER_AT_MOST,
        f"{median(database) * 1000:.2f} ms of it in calls of the database, the rest in Python.",
    )
    return row, recording


def _timed(step: Step, first: int) -> tuple[float, float, int]:
    """Call for SECONDS, from the number `first` on: mean seconds of a call, those in the database of one, and the next number."""
    took = 0.0
    number = first
    while took < SECONDS:
        calls = list(step.prepare(range(number, number + PREPARED)))
        for call in calls:
            started = time.perf_counter()
            call()
            took += time.perf_counter() - started
        number += PREPARED
    spent = record(next(step.prepare(range(number, number + 1)))).seconds
    return took / (number - first), spent, number + 1
