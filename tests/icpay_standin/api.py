"""Only the stand-in's machine door: which request is which verb, who may ask, and that nothing else is asked or sent."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from tests.icpay_standin.account import LEDGERS, Account, Obj, Refusal

MARKS = frozenset({"contract_id", "charge", "payment"})


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    token: str = ""
    content_type: str = ""

    @property
    def name(self) -> str:
        """ "POST /sdk/…"."""
        return f"{self.method} {self.path}"


@dataclass
class Api:
    """The API over an account. `requests` is what was asked so far. By the beginning of "POST /sdk/…": `drops` is how often that is
    acted upon and not answered, `failures` are the statuses that come instead. With "?" at its end it is that path alone.
    """

    account: Account
    publishable_key: str
    secret_key: str
    user_token: str = ""
    requests: list[Request] = field(default_factory=list)
    drops: dict[str, int] = field(default_factory=dict)
    failures: dict[str, list[int]] = field(default_factory=dict)

    def answer(self, request: Request) -> tuple[int, Any] | None:
        """Status and body; None when the line breaks after it was done."""
        with self.account.lock:
            self.requests.append(request)
            try:
                status, body = self._act(request)
            except Refusal as refusal:
                status, body = refusal.status, {"statusCode": refusal.status, "message": str(refusal)}
            for name in self.drops:
                if f"{request.name}?".startswith(name) and self.drops[name]:
                    self.drops[name] -= 1
                    return None
            return status, body

    def asked(self, name: str) -> int:
        """How many requests began so."""
        return sum(f"{request.name}?".startswith(name) for request in self.requests)

    def _act(self, request: Request) -> tuple[int, Any]:
        for name, failing in self.failures.items():
            if f"{request.name}?".startswith(name) and failing:
                raise Refusal("Something went wrong on our end.", status=failing.pop(0))
        if not request.token or request.token != self._key_of(request.path):
            raise Refusal("Unauthorized", status=401)
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        body = self._body(request)
        for method, pattern, allowed, verb in _VERBS:
            found = re.fullmatch(pattern, request.path)
            if method == request.method and found:
                if unknown := set(query) - allowed:
                    raise Refusal(f"unknown in the query: {sorted(unknown)}")
                return (201 if method == "POST" else 200), copy.deepcopy(verb(self.account, body, query, *found.groups()))
        raise Refusal(f"Cannot {request.method} {request.path}", status=404)

    def _key_of(self, path: str) -> str:
        if path.startswith("/user/"):
            return self.user_token
        return self.publishable_key if path.startswith("/sdk/public/") else self.secret_key

    def _body(self, request: Request) -> Obj:
        if request.method == "GET":
            if request.body:
                raise Refusal("a GET has no body")
            return {}
        if not request.content_type.startswith("application/json"):
            raise Refusal("only JSON", status=415)
        try:
            body = json.loads(request.body, parse_float=Decimal)
        except ValueError:
            raise Refusal("no JSON") from None
        if not isinstance(body, dict):
            raise Refusal("no object")
        return body


def _create_link(account: Account, body: Obj, _query: Obj) -> Obj:
    _only(body, {"amountUsd", "name", "description", "metadata"})
    amount = body.get("amountUsd")
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal) or amount < Decimal("0.01"):
        raise Refusal("amountUsd must be a number of at least 0.01")
    if Decimal(amount) != round(Decimal(amount), 2):
        raise Refusal("amountUsd has two decimals")
    for name in ("name", "description"):
        if not isinstance(body.get(name, ""), str) or len(body.get(name, "")) > 255:
            raise Refusal(f"{name} must be a text of at most 255 characters")
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or set(metadata) != MARKS or not all(isinstance(value, str) for value in metadata.values()):
        raise Refusal("the shop marks each page with its contract, charge and payment")
    return account.create_link(body)


def _by_metadata(account: Account, body: Obj, query: Obj) -> Obj:
    _only(body, {"metadata"})
    wanted = body.get("metadata")
    if not isinstance(wanted, dict) or not wanted:
        raise Refusal("metadata must be an object that is not empty")
    rows = [payment for payment in account.payments.values() if wanted.items() <= payment["metadata"].items()]
    return _page([account.whole(row["id"]) for row in rows], query)


def _history(account: Account, _body: Obj, query: Obj) -> Obj:
    since, until = (datetime.fromisoformat(query[name]) for name in ("fromTimestamp", "toTimestamp"))
    return _page([row for row in account.history() if since <= datetime.fromisoformat(row["createdAt"]) <= until], query)


def _look_before_refund(account: Account, body: Obj, _query: Obj, id_: str) -> Obj:
    _only(body, set())
    return {"canRefund": account.may_refund(id_)}


def _ask_for_refund(account: Account, body: Obj, _query: Obj, id_: str) -> Obj:
    _only(body, set())
    if not account.may_refund(id_):
        raise Refusal("This payment cannot be refunded", status=400)
    account.refunding.append(id_)
    return {"status": "processing"}


def _page(rows: list[Obj], query: Obj) -> Obj:
    limit, offset = int(query.get("limit", 20)), int(query.get("offset", 0))
    if not 1 <= limit <= 100:
        raise Refusal("limit is between 1 and 100")
    shown = rows[offset : offset + limit]
    return {"payments": shown, "total": len(rows), "limit": limit, "offset": offset, "hasMore": offset + len(shown) < len(rows)}


def _only(body: Obj, allowed: set[str]) -> None:
    if unknown := set(body) - allowed:
        raise Refusal(f"property {sorted(unknown)} should not exist")


def _one(what: str) -> Callable[[Account, Obj, Obj, str], Obj]:
    def read(account: Account, _body: Obj, _query: Obj, id_: str) -> Obj:
        if id_ not in (account.intents if what == "intent" else account.payments):
            raise Refusal("Not Found", status=404)
        return account.intents[id_] if what == "intent" else account.whole(id_)

    return read


_PAGED = {"limit", "offset", "status"}
# Method, path, what its query may have, and the verb.
_VERBS: list[tuple[str, str, set[str], Callable[..., Any]]] = [
    ("POST", "/sdk/public/payment-links", set(), _create_link),
    ("GET", "/sdk/payment-intents/([^/]+)", set(), _one("intent")),
    ("POST", "/sdk/payments/by-metadata", _PAGED, _by_metadata),
    ("GET", "/sdk/payments/history", {*_PAGED, "fromTimestamp", "toTimestamp"}, _history),
    ("GET", "/sdk/payments/([^/]+)", set(), _one("payment")),
    ("POST", "/user/payments/([^/]+)/refund-precheck", set(), _look_before_refund),
    ("POST", "/user/payments/([^/]+)/refund", set(), _ask_for_refund),
    ("GET", "/sdk/ledgers/all-with-prices", set(), lambda *_all: list(LEDGERS.values())),
]
