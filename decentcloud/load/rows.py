"""Lines of COPY for the tables of one contract, written by hand: at a million contracts every microsecond is a second."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model

NULL = "\\N"


class Lines:
    """The rows of one table, as text, until they are copied."""

    def __init__(self, model: type[Model], *columns: str) -> None:
        quote = connection.ops.quote_name
        self.command = f"COPY {quote(model._meta.db_table)} ({', '.join(quote(name) for name in columns)}) FROM STDIN"
        self.lines: list[str] = []

    def add(self, *values: object) -> None:
        """One row of plain values: no tabs, line ends or backslashes in them but those of `as_json` and NULL."""
        self.lines.append("\t".join([str(value) for value in values]))

    def flush(self) -> None:
        """Copy what has come together."""
        if not self.lines:
            return
        with connection.cursor() as cursor, cursor.copy(self.command) as copy:
            copy.write("\n".join(self.lines) + "\n")
        self.lines.clear()


def as_json(value: Any) -> str:
    """A JSON value for a line."""
    return plain(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def plain(text: str) -> str:
    """Any text for a line."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def moment(value: datetime | None) -> str:
    """A moment for a line."""
    return NULL if value is None else value.isoformat()


def flush(tables: Iterable[Lines]) -> None:
    """Copy every table's rows, in order."""
    for table in tables:
        table.flush()


def numbered(base: str, number: int) -> str:
    """A UUID in sequence: unique like any other, and kind to the index. `base` is the first 24 letters of a random one."""
    return f"{base}{number:012x}"


def spread(ids: Sequence[int], number: int) -> int:
    """Always the same one of the ids for a number, neighbours far apart."""
    return ids[number * 7919 % len(ids)]
