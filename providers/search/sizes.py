"""Sizes as people type them, "8 cores, 32 GB": a number with its unit is one thing, not two words that may stand apart. Pure."""

import re

from providers.search.language import Part, Phrase, Query, Text, Word
from providers.search.parser import parse
from providers.search.words import words

_UNITS = frozenset(("core", "cores", "vcpu", "vcpus", "cpu", "cpus", "gb", "tb"))
_NUMBER = re.compile(r"\d{1,6}(\.\d{1,2})?")


def read(text: str) -> Query:
    """The query that was typed, a number and the unit behind it taken as a phrase. Raises QueryError as parse does."""
    parts: list[Part] = []
    for part in parse(text).parts:
        unit = _single(part)
        if parts and unit in _UNITS and _NUMBER.fullmatch(_single(parts[-1])):
            parts[-1] = Text((Phrase(f"{_single(parts[-1])} {unit}"),))
        else:
            parts.append(part)
    return Query(tuple(parts))


def spoken_sizes(cores: int, gigabytes: tuple[str, ...]) -> str:
    """The same phrases for an offering's text: so many cores, and sizes in GB as plain numbers."""
    said = [f"{cores} {unit}" for unit in ("cores", "core", "vcpu", "vcpus", "cpu", "cpus") if cores]
    for size in gigabytes:
        said += [f"{size} gb", f"{size}gb"]
        if "." not in size and int(size) >= 1000 and int(size) % 10 == 0:
            terabytes = f"{int(size) / 1000:g}"
            said += [f"{terabytes} tb", f"{terabytes}tb"]
    return " ".join(said)


def _single(part: Part) -> str:
    """The one plain word that the part is, folded; empty for anything else."""
    if not isinstance(part, Text) or part.negated or len(part.any_of) != 1 or not isinstance(part.any_of[0], Word):
        return ""
    spoken = words(part.any_of[0].text)
    return spoken[0] if len(spoken) == 1 else ""
