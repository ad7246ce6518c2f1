"""The manners of the machine door: every error is problem+json, every list is a keyset page with RFC 8288 links."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from core.errors import Refused
from core.pages import SIZE, Page, keyset, read_cursor
from core.parsers import TooLarge, Unacceptable
from core.problems import CONTENT_TYPE, pointer, problem_body

LARGEST_PAGE = 100


# --- Errors -------------------------------------------------------------------------------------------------------------------


def exception_handler(exc: Exception, _context: Mapping[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER: whatever a view raises becomes a problem; None (an error 500) for what is a fault of ours.

    A refusal is 409, or 422 with a pointer where it blames a member; its `data` is the problem's `data`. Input that does not
    validate is 422 with one entry per member in `errors`.
    """
    if isinstance(exc, Refused):
        return _refusal(exc)
    error = _as_api_exception(exc)
    if error is None:
        return None
    headers: dict[str, str] = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, ValidationError):
        errors = list(_entries(error.detail))
        body = problem_body(422, "invalid_input", _("Some of what was sent cannot be used."), errors=errors)
    else:
        errors = error.errors if isinstance(error, Unacceptable) else []
        code = getattr(error.detail, "code", error.default_code)
        body = problem_body(error.status_code, str(code), str(error.detail), errors=errors)
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _as_api_exception(exc: Exception) -> APIException | None:
    """The exception in DRF's terms, or None for what is no answer."""
    match exc:
        case APIException():
            return exc
        case Http404():
            return NotFound()
        case PermissionDenied():
            return ApiPermissionDenied()
        case RequestDataTooBig():
            return TooLarge()
        case SuspiciousOperation():
            error = APIException(_("The request is malformed."), code="bad_request")
            error.status_code = 400
            return error
    return None


def _refusal(refused: Refused) -> Response:
    """A rule of the business said no."""
    errors = [{"pointer": pointer(*refused.field.split(".")), "detail": str(refused.reason)}] if refused.field else None
    members = {"data": refused.data} if refused.data else {}
    status = 422 if refused.field else 409
    body = problem_body(status, refused.code, refused.reason, errors=errors, **members)
    return Response(body, status=status, content_type=CONTENT_TYPE)


def _entries(detail: Any, path: tuple[str | int, ...] = ()) -> Iterator[dict[str, str]]:
    """One entry per message, with the pointer of its member; what concerns the whole object points at the object."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _entries(value, path if key == "non_field_errors" else (*path, key))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            yield from _entries(value, (*path, index) if isinstance(value, Mapping | list) else path)
    else:
        yield {"pointer": pointer(*path), "detail": str(detail)}


# --- Lists --------------------------------------------------------------------------------------------------------------------


class KeysetPagination(BasePagination):
    """Pages by `after`, `before` and `limit`. The view names its order in `keyset_order` (see core.pages.keyset).

    The body is {"results": […], "next": url or null, "previous": url or null}; the same links stand in the Link header (RFC
    8288) with `rel` first, next, prev. A cursor that we have not made is 422: a client that loops over pages must not be sent to
    the first one again.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of the page. Raises Unacceptable for parameters that are none."""
        order: Sequence[str] = view.keyset_order
        after, before = request.query_params.get("after"), request.query_params.get("before")
        for name, cursor in (("after", after), ("before", before)):
            if cursor and read_cursor(queryset, order, cursor) is None:
                raise Unacceptable([{"parameter": name, "detail": _("This is not a cursor of this list.")}])
        self.page: Page[Any] = self.page_of(queryset, order, after, before, self._limit(request))
        self.url = request.build_absolute_uri()
        return self.page.rows

    def page_of(self, queryset: Any, order: Sequence[str], after: str | None, before: str | None, size: int) -> Page[Any]:
        """The page itself; for lists that know a faster way to it."""
        return keyset(queryset, order, after, before, size)

    def get_paginated_response(self, data: Any) -> Response:
        """The body and its Link header."""
        following = self._link("after", self.page.older)
        previous = self._link("before", self.page.newer)
        links = {"first": None if self.page.first else self._link("after", ""), "next": following, "prev": previous}
        header = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items() if url)
        return Response({"results": data, "next": following, "previous": previous}, headers={"Link": header} if header else None)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The body in OpenAPI's terms."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The parameters in OpenAPI's terms."""
        cursor = {"type": "string", "maxLength": 1000}
        limit = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": SIZE}
        return [
            {"name": "after", "in": "query", "schema": cursor, "description": "Cursor out of `next`: rows further down."},
            {"name": "before", "in": "query", "schema": cursor, "description": "Cursor out of `previous`: rows back up."},
            {"name": "limit", "in": "query", "schema": limit, "description": "Rows a page."},
        ]

    def _limit(self, request: Request) -> int:
        """How many rows are wanted."""
        text = request.query_params.get("limit")
        if text is None:
            return SIZE
        if text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= LARGEST_PAGE:
            return int(text)
        detail = _("Between 1 and %(count)d.") % {"count": LARGEST_PAGE}
        raise Unacceptable([{"parameter": "limit", "detail": detail}])

    def _link(self, name: str, cursor: str | None) -> str | None:
        """This list's address with one cursor instead of another."""
        if cursor is None:
            return None
        base = self.url
        for parameter in ("after", "before"):
            base = remove_query_param(base, parameter)
        return replace_query_param(base, name, cursor) if cursor else base
