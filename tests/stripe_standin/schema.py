"""Only the strict check of what comes in against Stripe's own schema, by the vendor's description beside the project."""

import importlib.util
import json
import re
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.vendor_specs import vendor_spec

# Names that are newer than the description (parameters of 2023-08), with what we may send; all others it knows.
NEWER: dict[str, dict[str, str]] = {
    "/v1/checkout/sessions": {
        # 2024-11: no page in another currency than ours.
        r"adaptive_pricing\[enabled\]": "false",
        # 2025-09: instead of payment_method_types, which is gone.
        r"allowed_payment_method_types\[0\]": "card",
        # 2025-03: what was `hosted`.
        r"ui_mode": "hosted_page",
    }
}


def faults(method: str, path: str, query: str, body: str) -> list[str]:
    """What Stripe would refuse in this request; nothing where its description does not lie beside the project."""
    known = _description()
    if known is None:
        return []
    check, spec = known
    if method == "GET":
        return _unknown_names(spec, path, query)
    found: list[str] = check(spec, method.lower(), path, _without_newer(path, body))
    return found


def is_checked() -> bool:
    """Whether there is a description to check against."""
    return _description() is not None


@cache
def _description() -> tuple[Any, dict[str, Any]] | None:
    checker, schemas = vendor_spec("stripe_strict_check.py"), vendor_spec("stripe-schemas.json")
    if checker is None or schemas is None:
        return None
    loading = importlib.util.spec_from_file_location("stripe_strict_check", checker)
    assert loading is not None
    assert loading.loader is not None
    module = importlib.util.module_from_spec(loading)
    loading.loader.exec_module(module)
    return module.check, json.loads(schemas.read_text())


def _without_newer(path: str, body: str) -> str:
    newer = NEWER.get(path, {})

    def is_newer(name: str, value: str) -> bool:
        return any(re.fullmatch(pattern, name) and value == allowed for pattern, allowed in newer.items())

    return urlencode([(name, value) for name, value in parse_qsl(body, keep_blank_values=True) if not is_newer(name, value)])


def _unknown_names(spec: dict[str, Any], path: str, query: str) -> list[str]:
    for template, item in spec["paths"].items():
        if "get" in item and re.fullmatch(re.sub(r"{[^}]+}", "[^/]+", template), path):
            known = {parameter["name"] for parameter in item["get"].get("parameters", [])}
            asked = {re.sub(r"\[.*", "", name) for name, _value in parse_qsl(query, keep_blank_values=True)}
            return [f"unknown parameter {name}" for name in sorted(asked - known)]
    return [f"no such path GET {path}"]
