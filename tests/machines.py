"""Machines as callers of the API: a token's client, and what a problem must look like. Shared by the tests of all rooms."""

from typing import Any

from rest_framework.test import APIClient

from accounts.models import Account, User
from accounts.queries import personal_account
from accounts.services import create_token
from accounts.states import STAFF_SCOPES, Scope


def machine(user: User, *scopes: Scope, account: Account | None = None) -> APIClient:
    """A client with a token of the user; without scopes named, with all that the user may have."""
    all_open = [scope for scope in Scope if user.is_staff or scope not in STAFF_SCOPES]
    _token, secret = create_token(user, account or personal_account(user), "machine", list(scopes or all_open), None)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def all_but(user: User, scope: Scope) -> APIClient:
    """A client whose token lacks one scope."""
    return machine(user, *(other for other in Scope if other != scope and (user.is_staff or other not in STAFF_SCOPES)))


def problem(answer: Any, status: int, code: str = "", pointer: str | None = None) -> dict[str, Any]:
    """The problem of a refused call, with the pointer of the one member that is to blame."""
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.content
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["detail"]
    assert not code or body["code"] == code, body
    if pointer is not None:
        assert [error["pointer"] for error in body["errors"]] == [pointer]
    return body
