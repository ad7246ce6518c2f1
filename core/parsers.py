"""JSON as strangers send it: anything that the database could not store, or no computer count, ends here with its JSON pointer."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

from core.problems import pointer
from core.text import is_storable

LONGEST_TEXT = 100_000
LARGEST_NUMBER = 2**63

Path = tuple[str | int, ...]


class TooLarge(APIException):
    """A body of more bytes than settings.DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = 413
    default_code = "too_large"

    def __init__(self) -> None:
        super().__init__(_("The request is too large."))


class Unacceptable(APIException):
    """Members that no field could hold, each with the JSON pointer or the parameter that is to blame."""

    status_code = 422
    default_code = "invalid_input"

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(_("Some of what was sent cannot be used."))
        self.errors = errors


class StrictJSONParser(JSONParser):
    """JSON without NUL bytes, halves of characters, endless texts, infinite numbers, or depths that exhaust the stack."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The parsed body. Raises ParseError (400), TooLarge (413) or Unacceptable (422)."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        request = (parser_context or {}).get("request")
        declared = request.META.get("CONTENT_LENGTH") or "" if request is not None else ""
        # A stream is cut at the declared length by the server, so what is declared is the most that there can be.
        if limit and declared.isdecimal() and int(declared) > limit:
            raise TooLarge
        try:
            data: dict[str, Any] = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        errors = list(_faults(data))
        if errors:
            raise Unacceptable(errors)
        return data


def _faults(data: Any) -> Iterator[dict[str, str]]:
    """Every member that cannot be used. Walks with a stack of its own: a depth that the parser survived must not end here."""
    waiting: list[tuple[Path, Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            for key, member in value.items():
                fault = _fault(key)
                if fault:
                    yield {"pointer": pointer(*path), "detail": fault}
                else:
                    waiting.append(((*path, key), member))
        elif isinstance(value, list):
            waiting.extend(((*path, index), member) for index, member in enumerate(value))
        else:
            fault = _fault(value)
            if fault:
                yield {"pointer": pointer(*path), "detail": fault}


def _fault(value: Any) -> str:
    """What is wrong with one text or number, in words; "" for nothing."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            return _("A text has at most %(count)d characters.") % {"count": LONGEST_TEXT}
        if not is_storable(value):
            return _("A text may hold any characters but NUL and halves of surrogate pairs.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            return _("A number must be finite.")
    elif isinstance(value, int) and not -LARGEST_NUMBER <= value < LARGEST_NUMBER:
        return _("A whole number has at most 18 digits.")
    return ""
