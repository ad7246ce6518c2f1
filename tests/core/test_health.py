"""Machines that watch see whether the server lives, and whether it may be given work."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client

from core import clock, health
from core.models import ScheduleRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def pulse() -> ScheduleRun:
    return ScheduleRun.objects.create(name="core: sweep outbox", finished_at=clock.now())


def test_the_living_say_so_without_asking_the_database(client: Client, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert "no-cache" in answer["Cache-Control"]


def test_ready_with_database_migrations_and_pulse(client: Client, pulse: ScheduleRun) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "database": "ok", "migrations": "ok", "queue": "ok"}


@pytest.mark.parametrize(("age", "state"), [(timedelta(minutes=2), "ok"), (timedelta(minutes=4), "stopped")])
def test_a_queue_without_a_pulse_is_not_ready(client: Client, pulse: ScheduleRun, age: timedelta, state: str) -> None:
    with clock.at(clock.now() + age):
        answer = client.get("/readyz")
    assert answer.json()["queue"] == state
    assert answer.status_code == (200 if state == "ok" else 503)


def test_a_queue_that_never_ran_is_not_ready(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["queue"]) == (503, "never ran")


def test_missing_migrations_are_not_ready(client: Client, pulse: ScheduleRun, monkeypatch: pytest.MonkeyPatch) -> None:
    health._all_applied.cache_clear()
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_args: ["0003"])
    assert client.get("/readyz").json()["migrations"] == "pending"
    monkeypatch.undo()
    assert client.get("/readyz").json()["migrations"] == "ok"


def test_a_database_that_is_away_is_not_ready_and_not_an_error(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("password=secret")

    monkeypatch.setattr(health.connection, "cursor", away)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": "unreachable", "migrations": "unknown", "queue": "unknown"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_only_reading_is_allowed(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
