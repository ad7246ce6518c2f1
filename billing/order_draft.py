"""Only what was typed on an order page before its price changed: kept in the session, so that a new quote finds it again."""

from django.http import HttpRequest, QueryDict

_KEY = "order_draft"
# What is kept, and how much of it at most. Never the ticks: who orders at a new price says so anew.
_LONGEST = {
    "operating_system": 80,
    "host_name": 63,
    "ssh_key": 20,
    "public_key": 8192,
    "note": 2000,
    "name": 120,
    "email": 254,
    "company": 120,
    "vat_id": 40,
    "kind": 10,
    "language": 2,
    "street": 200,
    "postcode": 20,
    "city": 100,
}


def keep_draft(request: HttpRequest, offering_id: int, typed: QueryDict) -> None:
    """Remember what was typed for this offering, in place of any other draft."""
    values = {name: typed.get(name, "")[:longest].replace("\x00", "") for name, longest in _LONGEST.items() if name in typed}
    request.session[_KEY] = {"offering": offering_id, "values": values}


def draft_of(request: HttpRequest, offering_id: int) -> dict[str, str]:
    """What was typed for this offering before; nothing for another one."""
    draft = request.session.get(_KEY)
    return dict(draft["values"]) if draft and draft["offering"] == offering_id else {}


def forget_draft(request: HttpRequest) -> None:
    """It is ordered."""
    request.session.pop(_KEY, None)
