"""problem+json (RFC 9457): the one shape of every error that a machine is told."""

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"


def problem_body(
    status: int, code: str, detail: str, *, errors: list[dict[str, str]] | None = None, **members: Any
) -> dict[str, Any]:
    """The members of a problem. `code` is a stable word, `detail` a translated sentence for people; `errors` name the members
    that are to blame by JSON pointer; further members are extensions of this problem type.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": str(detail),
    }
    if errors:
        body["errors"] = errors
    return body | members


def problem(status: int, code: str, detail: str, *, errors: list[dict[str, str]] | None = None, **members: Any) -> HttpResponse:
    """A problem as a plain Django response, for places where no DRF view is at work."""
    body = problem_body(status, code, detail, errors=errors, **members)
    return HttpResponse(json.dumps(body, default=str), status=status, content_type=CONTENT_TYPE)


def pointer(*path: str | int) -> str:
    """The JSON pointer (RFC 6901) of a member: "/lines/0/amount"."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
