"""Errors of the machine door are problems, its lists are pages with links, and no input is an error 500."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from core.models import DomainEvent
from core.problems import pointer

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def doors(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.core.doors"


@pytest.fixture
def client() -> APIClient:
    return APIClient(raise_request_exception=False)


def problem_of(answer: Any) -> dict[str, Any]:
    """The problem, after a look at its shape."""
    assert answer["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem.keys() >= {"type", "title", "status", "code", "detail"}
    return problem


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("missing", 404, "not_found"),
        ("forbidden", 403, "permission_denied"),
        ("suspicious", 400, "bad_request"),
        ("throttled", 429, "throttled"),
        ("refused", 409, "sold_out"),
        ("refused-field", 422, "too_long"),
    ],
)
def test_whatever_a_view_raises_becomes_a_problem(client: APIClient, how: str, status: int, code: str) -> None:
    problem = problem_of(client.get(f"/api/fail/{how}"))
    assert (problem["status"], problem["code"]) == (status, code)
    assert "inside" not in json.dumps(problem)


def test_a_refusal_that_blames_a_member_points_at_it_and_keeps_its_facts(client: APIClient) -> None:
    problem = problem_of(client.get("/api/fail/refused-field"))
    assert problem["errors"] == [{"pointer": "/lines/0/hours", "detail": "Too long."}]
    assert problem["data"] == {"longest": 720}


def test_who_comes_too_often_is_told_when_to_come_back(client: APIClient) -> None:
    assert client.get("/api/fail/throttled")["Retry-After"] == "7"


def test_a_fault_of_ours_stays_an_error_500(client: APIClient) -> None:
    assert client.get("/api/fail/fault").status_code == 500


def test_every_member_that_does_not_validate_has_its_pointer(client: APIClient) -> None:
    answer = client.post("/api/things", {"number": 101, "lines": [{"a": 1}, {"a": "x"}]}, format="json")
    problem = problem_of(answer)
    assert problem["status"] == 422
    assert {error["pointer"] for error in problem["errors"]} == {"/name", "/number", "/lines/1/a"}


def test_a_body_of_another_kind_points_at_the_whole(client: APIClient) -> None:
    problem = problem_of(client.post("/api/things", ["x"], format="json"))
    assert (problem["status"], problem["errors"][0]["pointer"]) == (422, "")


@pytest.mark.parametrize(("path", "text"), [((), ""), (("a", 0), "/a/0"), (("a/b", "c~d"), "/a~1b/c~0d")])
def test_pointers_are_escaped(path: tuple[str | int, ...], text: str) -> None:
    assert pointer(*path) == text


HOSTILE = {
    "nul": (b'{"name": "a\\u0000b"}', 422),
    "nul in a key": (b'{"name": "a", "b\\u0000": 1}', 422),
    "half a character": (b'{"name": "\\ud800"}', 422),
    "a megabyte of text": (json.dumps({"name": "x" * 1_000_000}).encode(), 422),
    "an absurd integer": (b'{"name": "a", "number": ' + b"9" * 100 + b"}", 422),
    "an integer beyond digits": (b'{"name": "a", "number": ' + b"9" * 10_000 + b"}", 400),
    "an infinite number": (b'{"name": "a", "number": 1e999}', 422),
    "not a number": (b'{"name": "a", "number": NaN}', 400),
    "endless depth": (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "depth that parses": (b'{"name": ' + b"[" * 500 + b"]" * 500 + b"}", 422),
    "no JSON": (b"{", 400),
    "nothing": (b"", 422),
    "no UTF-8": (b'{"name": "\xff"}', 400),
    "null": (b"null", 422),
    "a number": (b"1", 422),
    "a list": (b"[]", 422),
    "a list for a text": (b'{"name": []}', 422),
    "three megabytes": (json.dumps({"name": "x" * 3_000_000}).encode(), 413),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_get_an_answer_and_change_nothing(client: APIClient, name: str) -> None:
    body, status = HOSTILE[name]
    answer = client.post("/api/things", body, content_type="application/json")
    assert problem_of(answer)["status"] == status
    assert not DomainEvent.objects.exists()


def test_a_bad_text_deep_inside_is_pointed_at(client: APIClient) -> None:
    answer = client.post("/api/things", b'{"lines": [{"a": 1}, {"b": "x\\u0000"}]}', content_type="application/json")
    assert problem_of(answer)["errors"] == [
        {"pointer": "/lines/1/b", "detail": "A text may hold any characters but NUL and halves of surrogate pairs."}
    ]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "application/xml"])
def test_only_json_is_read(client: APIClient, content_type: str) -> None:
    assert problem_of(client.post("/api/things", b"name=x", content_type=content_type))["status"] == 415


# --- Lists --------------------------------------------------------------------------------------------------------------------


def make(count: int) -> None:
    DomainEvent.objects.bulk_create(
        DomainEvent(name=str(number), subject="thing:1", at=START + timedelta(minutes=number)) for number in range(count)
    )


def links(answer: Any) -> dict[str, str]:
    """The Link header by relation."""
    found = {}
    for part in answer.get("Link", "").split(", "):
        if part:
            url, rel = part.split("; ")
            found[rel.removeprefix('rel="').removesuffix('"')] = url.strip("<>")
    return found


def test_a_client_that_follows_the_links_sees_every_row_once(client: APIClient) -> None:
    make(60)
    seen, url = [], "/api/rows?limit=25&other=1"
    while url:
        answer = client.get(url)
        seen += [row["name"] for row in answer.json()["results"]]
        url = links(answer).get("next", "")
        assert (url or None) == answer.json()["next"]
    assert seen == [str(number) for number in reversed(range(60))]


def test_the_way_back_and_the_way_to_the_first_page(client: APIClient) -> None:
    make(60)
    first = client.get("/api/rows?limit=25")
    assert links(first).keys() == {"next"}
    second = client.get(links(first)["next"])
    assert links(second).keys() == {"first", "next", "prev"}
    assert client.get(links(second)["prev"]).json()["results"] == first.json()["results"]
    assert client.get(links(second)["first"]).json() == first.json()
    third = client.get(links(second)["next"])
    assert links(third).keys() == {"first", "prev"}
    assert third.json()["next"] is None


def test_an_empty_list_has_no_links(client: APIClient) -> None:
    answer = client.get("/api/rows")
    assert answer.json() == {"results": [], "next": None, "previous": None}
    assert "Link" not in answer


def test_a_list_is_one_query(client: APIClient) -> None:
    make(60)
    url = client.get("/api/rows").json()["next"]
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    assert len(queries) == 1


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=-1", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=%D9%A1", "limit"),
        ("after=nonsense", "after"),
        ("before=" + "A" * 5000, "before"),
    ],
)
def test_parameters_that_are_none_are_named(client: APIClient, query: str, parameter: str) -> None:
    problem = problem_of(client.get(f"/api/rows?{query}"))
    assert problem["status"] == 422
    assert problem["errors"][0]["parameter"] == parameter
