"""The description of the machine door says what its errors look like, and which calls take an Idempotency-Key."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator


@pytest.fixture
def schema() -> dict[str, Any]:
    return SchemaGenerator(urlconf="tests.core.doors").get_schema(public=True)  # type: ignore[no-untyped-call, no-any-return]


def test_every_operation_names_the_problem(schema: dict[str, Any]) -> None:
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert operations
    for operation in operations:
        content = operation["responses"]["4XX"]["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert schema["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "code", "detail"]


def test_only_decorated_calls_take_a_key(schema: dict[str, Any]) -> None:
    def parameters(path: str, method: str) -> set[str]:
        return {parameter["name"] for parameter in schema["paths"][path][method].get("parameters", [])}

    assert parameters("/api/things", "post") == {"Idempotency-Key"}
    assert parameters("/api/rows", "get") == {"after", "before", "limit"}


def test_lists_are_pages(schema: dict[str, Any]) -> None:
    content = schema["paths"]["/api/rows"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    page = schema["components"]["schemas"][content["$ref"].rsplit("/", 1)[1]]
    assert page["required"] == ["results", "next", "previous"]
