"""The API's description is valid, complete and true to the addresses; its page stands with and without script, under the policy."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Browser
from pytest_django import DjangoAssertNumQueries
from pytest_django.live_server_helper import LiveServer

from accounts.states import Scope
from core.idempotency import ACCEPTS_KEY
from decentcloud.api_docs import description
from tests.browser import barriers, complaints, sideways

# Addresses below /api/v1/ that are not for customers: the description, its page, and the banks' own messages.
NOT_DESCRIBED = {"api_schema", "api_docs", "webhook_sandbox", "webhook_stripe", "webhook_icpay"}
# Reading these needs no token.
OPEN = {"offerings_list", "offerings_read"}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        elif path.startswith("api/v1/"):
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path), entry


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation) for path, item in description()["paths"].items() for method, operation in item.items()
    ]


CALLS = pytest.mark.parametrize(
    ("method", "path", "operation"), operations(), ids=[operation["operationId"] for _method, _path, operation in operations()]
)


def view_at(path: str) -> Any:
    return next(entry.callback.view_class for route, entry in routes(get_resolver()) if route == path)  # type: ignore[attr-defined]


def test_description_is_valid_openapi_without_a_single_warning(tmp_path: Any) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json", file=str(tmp_path / "schema.json"))
    assert json.loads((tmp_path / "schema.json").read_text())["openapi"].startswith("3.1")


def test_every_address_and_method_is_described_but_what_machines_of_banks_use() -> None:
    described = {(path, method) for method, path, _operation in operations()}
    there = {
        (path, method)
        for path, entry in routes(get_resolver())
        if entry.name not in NOT_DESCRIBED
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if hasattr(entry.callback.view_class, method.lower())  # type: ignore[attr-defined]
    }
    assert described == there


@CALLS
def test_call_says_what_it_does_in_which_scope_and_how_it_fails(method: str, path: str, operation: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Z][^.]{2,119}", operation["summary"])
    scopes = next(way["token"] for way in operation["security"] if "token" in way)
    expected = getattr(view_at(path), "scopes", {}).get(method)
    assert scopes == ([expected.value] if expected else [])
    assert set(scopes) <= set(Scope.values)
    assert all(f"Scope: `{scope}`" in operation["description"] for scope in scopes)
    assert ({} in operation["security"]) == (operation["operationId"] in OPEN)
    answers = operation["responses"]
    assert {"401", "403", "4XX"} <= set(answers)
    assert ("404" in answers) == ("{" in path)
    assert {"400", "413", "415", "422"} <= set(answers) or "requestBody" not in operation
    for status, answer in answers.items():
        if status.startswith("4"):
            assert answer["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
            assert answer["description"]


@CALLS
def test_what_creates_takes_a_key_and_says_where_it_is(method: str, path: str, operation: dict[str, Any]) -> None:
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    takes_key = getattr(getattr(view_at(path), method.lower()), ACCEPTS_KEY, False)
    assert ("Idempotency-Key" in parameters) == takes_key
    assert takes_key == (method == "POST")
    if created := operation["responses"].get("201"):
        assert {"Location", "Idempotent-Replayed"} <= set(created["headers"])


@CALLS
def test_lists_are_pages_with_links(method: str, path: str, operation: dict[str, Any]) -> None:
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    is_list = operation["operationId"].endswith(("_list", "_timeline"))
    assert ({"after", "before", "limit"} <= parameters) == is_list
    if is_list:
        assert "Link" in operation["responses"]["200"]["headers"]
        assert "422" in operation["responses"]


def test_token_scheme_explains_every_scope() -> None:
    explained = description()["components"]["securitySchemes"]["token"]["description"]
    assert all(f"`{scope.value}`: {scope.label}" in explained for scope in Scope)


@pytest.mark.django_db
def test_document_is_served_to_everybody_without_a_query_and_once(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/api/v1/schema")
    assert answer.json()["paths"].keys() == description()["paths"].keys()
    assert client.get("/api/v1/schema", HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304
    assert client.get("/api/v1/schema", HTTP_AUTHORIZATION="Bearer wrong").status_code == 200
    assert client.post("/api/v1/schema").status_code == 405


@pytest.mark.django_db
def test_page_lists_every_call_without_script(client: Client) -> None:
    text = client.get("/api/v1/docs").content.decode()
    for method, path, operation in operations():
        assert f"<code>{method} {path}</code>" in text
        assert operation["operationId"] in text


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1440, "light")])
def test_forms_are_drawn_and_open_under_the_policy(chromium: Browser, live_server: LiveServer, width: int, scheme: str) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    heard = complaints(page)
    page.goto(f"{live_server.url}/api/v1/docs", wait_until="networkidle")
    page.locator(".opblock").first.wait_for()
    assert page.locator(".opblock").count() == len(operations())
    page.get_by_role("link", name="GET /api/v1/offerings", exact=True).click()
    page.locator(".opblock.is-open").get_by_role("button", name="Try it out").click()
    page.locator(".opblock.is-open").get_by_role("button", name="Execute").click()
    page.locator(".opblock.is-open .live-responses-table").get_by_text("200", exact=True).first.wait_for()
    assert sideways(page) <= 0
    assert heard == []
    # Swagger's own markup is not ours to mend; our page around it is.
    page.evaluate("document.getElementById('try').remove()")
    assert barriers(page) == []
