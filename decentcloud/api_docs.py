"""The API as it describes itself: the OpenAPI document, and the page that shows it to people."""

import hashlib
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import condition, require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

from core.api import LARGEST_PAGE

METHODS = ("get", "post", "put", "patch", "delete")


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The OpenAPI 3.1 description of every call. It depends on nothing but the code, so each process makes it once."""
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return made


@lru_cache(maxsize=1)
def _document() -> bytes:
    return bytes(OpenApiJsonRenderer().render(description(), renderer_context={}))


def _fingerprint(_request: HttpRequest) -> str:
    return f'"{hashlib.sha256(_document()).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=_fingerprint)
def schema(_request: HttpRequest) -> HttpResponse:
    """GET /api/v1/schema: the document, for everybody; 304 for who has it already."""
    return HttpResponse(_document(), content_type=OpenApiJsonRenderer.media_type)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """GET /api/v1/docs: how to call, every call with its scope, and, with script, a form to try each."""
    return render(
        request,
        "pages/api.html",
        {
            "example": f'curl {request.build_absolute_uri(reverse("api_contracts"))} -H "Authorization: Bearer dct_…"',
            "groups": groups(),
            "largest_page": LARGEST_PAGE,
        },
    )


def groups() -> list[dict[str, Any]]:
    """The calls in the order of their paths, by the first word of the path: what each does, and which scope it needs."""
    by_tag: dict[str, list[dict[str, str]]] = {}
    for path, item in description()["paths"].items():
        for method in METHODS:
            if operation := item.get(method):
                tag = operation["tags"][0]
                by_tag.setdefault(tag, []).append(
                    {
                        "method": method.upper(),
                        "path": path,
                        "summary": operation["summary"],
                        "scope": _scope(operation),
                        "anchor": f"#operations-{tag}-{operation['operationId']}",
                    }
                )
    return [{"name": tag, "calls": calls} for tag, calls in by_tag.items()]


def _scope(operation: dict[str, Any]) -> str:
    return next((scopes[0] for way in operation["security"] for scopes in [way.get("token")] if scopes), "")
