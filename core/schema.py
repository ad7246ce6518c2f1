"""What the OpenAPI description says of every operation: its errors are problems, and which ones take an `Idempotency-Key`."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from core.idempotency import ACCEPTS_KEY, HEADER
from core.problems import CONTENT_TYPE

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
    """DRF's DEFAULT_SCHEMA_CLASS."""

    def get_override_parameters(self) -> list[Any]:
        """The Idempotency-Key, where the view takes one."""
        parameters: list[Any] = list(super().get_override_parameters())
        name = getattr(self.view, "action", None) or self.method.lower()
        if getattr(getattr(self.view, name, None), ACCEPTS_KEY, False):
            parameters.append(
                OpenApiParameter(
                    HEADER,
                    OpenApiTypes.STR,
                    OpenApiParameter.HEADER,
                    description="A key of your own making: the same request with the same key is done once.",
                )
            )
        return parameters

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """The operation, with the shape of its errors."""
        operation = super().get_operation(*args, **kwargs)
        if operation:
            component = ResolvedComponent(name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem")  # type: ignore[no-untyped-call]
            self.registry.register_on_missing(component)
            problem = {"description": "A problem.", "content": {CONTENT_TYPE: {"schema": component.ref}}}
            operation["responses"].setdefault("4XX", problem)
        return operation
