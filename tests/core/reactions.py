"""A small table of consequences for the tests of the machinery; each leaves a mark in a table without keys, so doubles show."""

import os
import time

from django.db import connection

from core.models import DomainEvent, WebhookEvent
from core.schedules import Schedule


def mark(text: str) -> None:
    """Leave a mark."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO test_marks (text) VALUES (%s)", [text])


def marks() -> list[str]:
    """All marks, sorted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM test_marks ORDER BY text")
        return [row[0] for row in cursor.fetchall()]


def first(event: DomainEvent) -> None:
    """A consequence that works."""
    mark(f"first {event.data.get('n')}")


def second(event: DomainEvent) -> None:
    """Another one."""
    mark(f"second {event.data.get('n')}")


def broken(event: DomainEvent) -> None:
    """A consequence that always fails, with an error text that no database stores."""
    raise ValueError(f"no \x00 luck with {event.name}")


def slow(event: DomainEvent) -> None:
    """Work under a key that takes longer than anybody waits when it is begun for the first time; `done` is made once per event."""
    begun_before = any(text.startswith("began") for text in marks())
    mark(f"began in {os.getpid()}")
    if not begun_before:
        time.sleep(50)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO test_marks (text) SELECT %s WHERE NOT EXISTS (SELECT FROM test_marks WHERE text = %s)",
            [f"done {event.pk}"] * 2,
        )


def out_of_time(event: DomainEvent) -> None:
    """What the queue's time limit does to a job."""
    raise SystemExit(event.name)


def note(event: WebhookEvent) -> None:
    """A handler that works."""
    mark(f"webhook {event.external_id}")


def trip(event: WebhookEvent) -> None:
    """A handler that fails."""
    raise ValueError(event.external_id)


EVENTS = {
    "test.one": (first,),
    "test.two": (first, second),
    "test.mixed": (broken, second),
    "test.slow": (slow,),
    "test.timeout": (out_of_time,),
}
WEBHOOKS = {("test", "known"): note, ("test", "broken"): trip}
SCHEDULES: tuple[Schedule, ...] = ()
