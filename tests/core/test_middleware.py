"""A NUL byte is a bad request wherever text is read from, and never an error 500; a huge body is not even read."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from core.middleware import LARGEST_BODY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_doors(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.core.doors"


@pytest.mark.parametrize("path", ["/page?a=%00", "/page?%00=a", "/page/a%00b", "/page?a=b&c=d%00"])
def test_a_nul_in_an_address_is_refused(client: Client, path: str) -> None:
    assert client.get(path).status_code == 400


@pytest.mark.parametrize("data", [{"a": "b\x00"}, {"a\x00": "b"}, {"a": ["b", "c\x00"]}])
def test_a_nul_in_a_form_is_refused(client: Client, data: dict[str, str]) -> None:
    assert client.post("/page", data).status_code == 400


def test_a_nul_in_a_plain_form_is_refused(client: Client) -> None:
    answer = client.post("/page", "a=b%00", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400


def test_machines_are_told_by_a_problem(client: Client) -> None:
    answer = client.get("/api/page?a=%00")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_files_may_hold_any_bytes(client: Client) -> None:
    assert client.post("/page", {"file": SimpleUploadedFile("x.bin", b"\x00")}).status_code == 200


def test_everything_else_passes(client: Client) -> None:
    assert client.get("/page?a=%2500").status_code == 200
    assert client.post("/page", {"a": "\ufffd"}).status_code == 200


def test_a_huge_file_is_refused_whatever_the_page(client: Client) -> None:
    assert client.post("/page", {"file": SimpleUploadedFile("x.bin", b"x" * LARGEST_BODY)}).status_code == 400
    assert client.post("/page", {"file": SimpleUploadedFile("x.bin", b"x" * (LARGEST_BODY - 1000))}).status_code == 200


def test_a_machine_with_a_huge_body_is_told_so(client: Client) -> None:
    answer = client.post("/api/page", b"x" * (LARGEST_BODY + 1), content_type="application/json")
    assert answer.status_code == 413
    assert answer["Content-Type"] == "application/problem+json"
