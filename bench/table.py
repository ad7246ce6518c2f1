"""Only the result: rows with a goal each, printed as one table, and below it what is missed and why."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure beside its goal. `why` is what the measurement itself says about where the cost lies."""

    what: str
    ours: str
    beside: str
    ratio: str
    goal: str
    met: bool
    why: str = ""


def table(rows: Sequence[Row]) -> str:
    """The rows in columns."""
    heads = ("", "ours", "beside it", "ratio", "goal", "")
    lines = [heads, *((row.what, row.ours, row.beside, row.ratio, row.goal, "ok" if row.met else "MISSED") for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    printed = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    printed.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(printed)


def missed(rows: Sequence[Row]) -> str:
    """What did not reach its goal, with the reason; or that nothing did not."""
    lines = [f"- {row.what}: {row.ours}, goal {row.goal}. {row.why}" for row in rows if not row.met]
    return "\n".join(["Missed:", *lines]) if lines else "Nothing is missed."


def say(text: str) -> None:
    """What is being done now, beside the result."""
    print(text, file=sys.stderr, flush=True)
