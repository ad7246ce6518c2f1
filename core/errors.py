"""The one exception for "a rule of the business says no"; everything else that is raised is a fault of ours."""

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """A rule of the business said no, and nothing was changed.

    `reason` is a translated sentence for people: what is wrong and how it is right. `code` is a stable word for machines
    ("sold_out"). `field` names the form field or JSON member that is to blame, "" when none is. `data` holds JSON-ready facts
    that help to go on (a new figure, the shortest term that works).

    On pages it becomes a message and a redirect, in the API problem+json: 422 when `field` is set, else 409.
    """

    def __init__(self, reason: str, *, code: str, field: str = "", data: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.field = field
        self.data: dict[str, Any] = dict(data or {})

    def __str__(self) -> str:
        return str(self.reason)
