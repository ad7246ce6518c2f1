"""The same POST sent twice is done once, whatever happens between the two."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from core import clock, tasks
from core.idempotency import LEASE
from core.models import DomainEvent, IdempotencyRecord
from tests.core import doors

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_doors(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.core.doors"


def client_of(user: User | None) -> APIClient:
    client = APIClient(raise_request_exception=False)
    if user:
        client.force_authenticate(user)
    return client


@pytest.fixture
def client(customer: User) -> APIClient:
    return client_of(customer)


def send(client: APIClient, name: str = "thing", key: str | None = "key-1", path: str = "/api/things", **body: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(path, {"name": name, **body}, format="json", headers=headers)


def made() -> int:
    return DomainEvent.objects.filter(subject="door:1").count()


def test_a_repeat_gets_the_same_answer_and_does_nothing(client: APIClient) -> None:
    first, second = send(client), send(client)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first["Location"] == second["Location"]
    assert first["Content-Type"] == second["Content-Type"]
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert made() == 1


def test_without_a_key_every_request_is_a_new_one(client: APIClient) -> None:
    send(client, key=None)
    send(client, key=None)
    assert made() == 2
    assert not IdempotencyRecord.objects.exists()


def test_another_body_under_the_same_key_is_refused(client: APIClient) -> None:
    send(client)
    answer = send(client, name="other")
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert made() == 1


def test_a_form_under_a_key_is_refused_as_no_json(client: APIClient) -> None:
    answer = client.post("/api/things", {"name": "x"}, format="multipart", headers={"Idempotency-Key": "key-1"})
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")
    assert made() == 0
    assert not IdempotencyRecord.objects.exists()


def test_the_body_is_compared_byte_by_byte(client: APIClient) -> None:
    headers = {"Idempotency-Key": "key-1"}
    client.post("/api/things", b'{"name":"x"}', content_type="application/json", headers=headers)
    answer = client.post("/api/things", b'{"name": "x"}', content_type="application/json", headers=headers)
    assert answer.status_code == 422
    assert made() == 1


def test_keys_of_two_callers_two_paths_and_two_keys_never_meet(client: APIClient, stranger: User) -> None:
    send(client)
    send(client_of(stranger))
    send(client, path="/api/others")
    send(client, key="key-2")
    assert made() == 4


def test_nobody_has_no_key(db: None) -> None:
    send(client_of(None))
    send(client_of(None))
    assert made() == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é", "a\tb"])
def test_a_malformed_key_is_said_to_be_one(client: APIClient, key: str) -> None:
    answer = send(client, key=key)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert made() == 0


def test_a_refusal_is_an_answer_and_is_stored(client: APIClient) -> None:
    first, second = send(client, "refuse"), send(client, "refuse")
    assert (first.status_code, second.status_code) == (409, 409)
    assert first.json() == second.json()
    assert second["Content-Type"] == "application/problem+json"
    assert made() == 1


def test_input_that_does_not_validate_is_an_answer_too(client: APIClient) -> None:
    first, second = send(client, "x" * 21), send(client, "x" * 21)
    assert first.status_code == second.status_code == 422
    assert second["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("name", ["break", "unavailable"])
def test_a_fault_of_the_server_frees_the_key(client: APIClient, name: str) -> None:
    assert send(client, name).status_code >= 500
    assert not IdempotencyRecord.objects.exists()
    assert send(client).status_code == 201


def test_a_secret_is_shown_once_and_never_stored(client: APIClient) -> None:
    first = send(client, "secret")
    assert first.json() == {"token": "dct_secret"}
    second = send(client, "secret")
    assert second.status_code == 409
    assert second.json()["code"] == "already_created"
    assert second["Location"] == first["Location"]
    assert made() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_idempotencyrecord WHERE core_idempotencyrecord::text LIKE '%dct_secret%'")
        assert cursor.fetchone() == (0,)


def test_while_the_first_is_under_way_the_second_is_told_to_wait(client: APIClient) -> None:
    send(client)
    now = clock.now()
    IdempotencyRecord.objects.update(status=None, body="", lease_until=now + timedelta(seconds=42))
    with clock.at(now):
        answer = send(client)
    assert answer.status_code == 409
    assert answer.json()["code"] == "in_progress"
    assert answer["Retry-After"] == "42"
    assert made() == 1


def test_after_the_lease_a_repeat_takes_over(client: APIClient) -> None:
    send(client)
    IdempotencyRecord.objects.update(status=None, body="", lease_until=clock.now())
    assert send(client).status_code == 201
    assert IdempotencyRecord.objects.get().status == 201
    assert made() == 2


def test_another_body_does_not_take_over_what_was_abandoned(client: APIClient) -> None:
    send(client)
    IdempotencyRecord.objects.update(status=None, body="", lease_until=clock.now())
    assert send(client, "other").status_code == 422
    assert made() == 1


def test_who_was_overtaken_stores_no_answer(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(*args: Any, **data: Any) -> Any:
        IdempotencyRecord.objects.update(claim="00000000-0000-4000-8000-000000000000")
        return DomainEvent.objects.create(name="x", subject="door:1")

    monkeypatch.setattr(doors, "emit", overtaken)
    assert send(client).status_code == 201
    assert IdempotencyRecord.objects.get().status is None


def test_a_key_is_remembered_for_a_day(client: APIClient) -> None:
    start = clock.now()
    with clock.at(start):
        send(client)
    with clock.at(start + timedelta(hours=23, minutes=59)):
        assert send(client)["Idempotent-Replayed"] == "true"
    with clock.at(start + timedelta(hours=24, seconds=1)):
        assert send(client, "other").status_code == 201
    assert made() == 2
    with clock.at(start + timedelta(hours=49)):
        tasks.tidy()
    assert not IdempotencyRecord.objects.exists()


@pytest.fixture
def committed(transactional_db: None) -> None:
    """The database as other connections see it."""


def test_a_dozen_at_once_do_it_once(committed: None, customer: User, race: Callable[..., list[Any]]) -> None:
    answers = race(lambda _number: send(client_of(customer)), 12)
    statuses = [answer.status_code for answer in answers]
    assert made() == 1
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert all(answer.json()["code"] == "in_progress" for answer in answers if answer.status_code == 409)


def test_a_dozen_take_over_an_abandoned_key_once(committed: None, customer: User, race: Callable[..., list[Any]]) -> None:
    send(client_of(customer))
    IdempotencyRecord.objects.update(status=None, body="", lease_until=clock.now() - LEASE)
    race(lambda _number: send(client_of(customer)), 12)
    assert made() == 2


def test_the_claim_is_committed_before_the_work_starts(committed: None, customer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(*args: Any, **data: Any) -> Any:
        connection.ensure_connection()
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT status, lease_until IS NOT NULL FROM core_idempotencyrecord")
            seen.append(cursor.fetchall())
        other.close()
        return DomainEvent.objects.create(name="x", subject="door:1")

    monkeypatch.setattr(doors, "emit", look)
    assert send(client_of(customer)).status_code == 201
    assert seen == [[(None, True)]]
