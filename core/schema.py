"""What the OpenAPI description says of every operation: summary, scope, errors as problems, keys for repeats, links."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter

from core.idempotency import ACCEPTS_KEY, HEADER
from core.problems import CONTENT_TYPE

# What a refusal can be, by status; an operation lists those that can happen to it.
REFUSALS = {
    400: "The request cannot be read: broken JSON, or an Idempotency-Key that is none.",
    401: "The token is missing, unknown, expired or revoked.",
    403: "The token lacks the scope, or a browser sent no CSRF token.",
    404: "There is no such thing, or it is somebody else's.",
    409: "A rule says no to it now; `code` names the rule. Or the first request with this Idempotency-Key is still under way.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A member or parameter is to blame; `errors` points at it. Or the Idempotency-Key was used with another body.",
    429: "Too many calls; wait for `Retry-After` seconds.",
}

PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "A stable word for machines."},
        "detail": {"type": "string", "description": "A sentence for people."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer of the member that is to blame."},
                    "parameter": {"type": "string", "description": "Query parameter that is to blame."},
                    "detail": {"type": "string"},
                },
            },
        },
        "data": {"type": "object", "description": "Facts that help to go on.", "additionalProperties": True},
    },
}


class ProblemSchema(AutoSchema):
    """DRF's DEFAULT_SCHEMA_CLASS. A call's docstring is its description; the first sentence is its summary."""

    def get_summary(self) -> str:
        """The first sentence."""
        return str(super().get_description()).split("\n\n")[0].split(". ")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]  # as the library itself does
        """All sentences, and the scope that a token needs."""
        text = str(super().get_description())
        scope = scope_of(self.view, self.method)
        return f"{text}\n\nScope: `{scope}`." if scope else text

    def get_auth(self) -> list[Any]:
        """Token or session; or nothing at all, where a permission says `admits_anonymous`."""
        auth = list(super().get_auth())
        if any(getattr(permission, "admits_anonymous", False) for permission in self.view.get_permissions()):
            auth.append({})
        return auth

    def get_override_parameters(self) -> list[Any]:
        """The Idempotency-Key, where the view takes one."""
        parameters: list[Any] = list(super().get_override_parameters())
        if self._takes_key():
            parameters.append(
                OpenApiParameter(
                    HEADER,
                    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
                    OpenApiParameter.HEADER,
                    description="A key of your own making: the same request with the same key is done once.",
                )
            )
        return parameters

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """The operation, with the headers of its answers and the shape of its errors."""
        operation = super().get_operation(*args, **kwargs)
        if operation:
            self._tell_headers(operation)
            self._tell_refusals(operation)
        return operation

    def _takes_key(self) -> bool:
        name = getattr(self.view, "action", None) or self.method.lower()
        return getattr(getattr(self.view, name, None), ACCEPTS_KEY, False)

    def _tell_headers(self, operation: dict[str, Any]) -> None:
        for status, answer in operation["responses"].items():
            headers = answer.setdefault("headers", {})
            if any(parameter["name"] == "after" for parameter in operation.get("parameters", [])):
                headers["Link"] = _header("The pages around this one (RFC 8288): rel first, next, prev.")
            if status == "201":
                headers["Location"] = _header("Where the new thing can be read.")
            if self._takes_key():
                headers["Idempotent-Replayed"] = _header("`true` on the answer to a repeat.")
            if not headers:
                del answer["headers"]

    def _tell_refusals(self, operation: dict[str, Any]) -> None:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]  # the library's class has no types
            name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem"
        )
        self.registry.register_on_missing(component)
        content = {CONTENT_TYPE: {"schema": component.ref}}
        for status in self._refusals(operation):
            answer: dict[str, Any] = {"description": REFUSALS[status], "content": content}
            if status == 401:
                answer["headers"] = {"WWW-Authenticate": _header("How to authenticate.")}
            if status == 429 or (status == 409 and self._takes_key()):
                answer["headers"] = {"Retry-After": _header("Seconds to wait.")}
            operation["responses"].setdefault(str(status), answer)
        operation["responses"].setdefault("4XX", {"description": "Any other problem.", "content": content})

    def _refusals(self, operation: dict[str, Any]) -> list[int]:
        places = {parameter["in"] for parameter in operation.get("parameters", [])}
        listed = [401, 403]
        if self.view.throttle_classes:
            listed.append(429)
        if "path" in places:
            listed.append(404)
        if "query" in places:
            listed.append(422)
        if self.method not in {"GET", "HEAD", "OPTIONS"}:
            listed.append(409)
        if "requestBody" in operation:
            listed += [400, 413, 415, 422]
        return sorted(set(listed))


def scope_of(view: Any, method: str) -> str:
    """The scope that a token needs to call this method of the view; "" for none."""
    return str(getattr(view, "scopes", {}).get(method, ""))


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
