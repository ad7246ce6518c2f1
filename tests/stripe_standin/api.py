"""Only the stand-in's machine door: which request is which verb, who may ask, repeats by their key, lists and expanded fields."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.stripe_standin import connect
from tests.stripe_standin.account import KINDS, Account, Refusal
from tests.stripe_standin.objects import Obj
from tests.stripe_standin.schema import faults


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    key: str = ""
    token: str = ""
    version: str = ""


@dataclass
class Api:
    """The API over an account. `requests` is what was asked so far. By "POST /v1/…": `drops` is how often that is acted upon and
    not answered, `failures` are the faults that come instead.
    """

    account: Account
    secret_key: str
    requests: list[Request] = field(default_factory=list)
    drops: dict[str, int] = field(default_factory=dict)
    failures: dict[str, list[int]] = field(default_factory=dict)
    answered: dict[str, tuple[Request, int, Obj]] = field(default_factory=dict)

    def answer(self, request: Request) -> tuple[int, Obj] | None:
        """Status and body; None when the line breaks after it was done."""
        with self.account.lock:
            self.requests.append(request)
            try:
                status, body = self._repeatable(request)
            except Refusal as refusal:
                status, body = refusal.status, {"error": refusal.error}
            name = f"{request.method} {request.path}"
            if self.drops.get(name, 0):
                self.drops[name] -= 1
                return None
            return status, body

    def _repeatable(self, request: Request) -> tuple[int, Obj]:
        if request.token != self.secret_key:
            raise Refusal("Invalid API Key provided", status=401)
        if request.version != self.account.version:
            raise Refusal(f"This is version {self.account.version}, not {request.version}")
        if wrong := faults(request.method, request.path, request.query, request.body):
            raise Refusal(f"{request.method} {request.path}: {'; '.join(wrong)}", code="parameter_unknown")
        if failing := self.failures.get(f"{request.method} {request.path}"):
            return failing.pop(0), {"error": {"type": "api_error", "message": "Something went wrong on our end."}}
        if request.method == "GET":
            return 200, self._act(request)
        if not request.key:
            raise Refusal("The shop sends no request that changes something without an idempotency key.")
        if request.key in self.answered:
            first, status, body = self.answered[request.key]
            if (first.path, first.body) != (request.path, request.body):
                raise Refusal("Keys for idempotent requests can only be used with the same parameters.", kind="idempotency_error")
            return status, copy.deepcopy(body)
        try:
            status, body = 200, self._act(request)
        except Refusal as refusal:
            status, body = refusal.status, {"error": refusal.error}
        self.answered[request.key] = (request, status, copy.deepcopy(body))
        return status, body

    def _act(self, request: Request) -> Obj:
        params = decoded(request.body if request.method == "POST" else request.query)
        for method, pattern, verb in _VERBS:
            found = re.fullmatch(pattern, request.path)
            if method == request.method and found:
                row = verb(self.account, params, *found.groups())
                return self._expanded(copy.deepcopy(row), params.get("expand", []))
        raise Refusal(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)

    def _expanded(self, row: Obj, paths: list[str]) -> Obj:
        for path in paths:
            head, _dot, rest = path.partition(".")
            if head == "data":
                row["data"] = [self._expanded(item, [rest]) for item in row["data"]]
            elif row.get(head) is not None:
                inner = row[head] if isinstance(row[head], dict) else copy.deepcopy(self.account.get(row[head]))
                row[head] = self._expanded(inner, [rest] if rest else [])
        return row


def _one(prefix: str) -> Callable[[Account, Obj, str], Obj]:
    def read(account: Account, params: Obj, id_: str) -> Obj:
        if not id_.startswith(f"{prefix}_"):
            raise Refusal(f"No such {KINDS[prefix]}: '{id_}'", status=404, code="resource_missing")
        return account.get(id_)

    return read


def _list(prefix: str, *filters: str) -> Callable[[Account, Obj], Obj]:
    def read(account: Account, params: Obj) -> Obj:
        rows = account.all(prefix, **{name: params[name] for name in filters if name in params})
        between = params.get("created", {})
        rows = [row for row in rows if between.get("gte", 0) <= row["created"] < between.get("lt", 2**40)]
        if after := params.get("starting_after"):
            rows = rows[[row["id"] for row in rows].index(after) + 1 :]
        limit = params.get("limit", 10)
        return {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit, "url": _LISTS[prefix]}

    return read


_VERBS: list[tuple[str, str, Callable[..., Obj]]] = [
    ("POST", "/v1/customers", Account.create_customer),
    ("POST", "/v1/checkout/sessions", Account.create_session),
    ("GET", "/v1/checkout/sessions", _list("cs", "payment_intent")),
    ("GET", "/v1/checkout/sessions/([^/]+)", _one("cs")),
    ("POST", "/v1/checkout/sessions/([^/]+)/expire", lambda account, _params, id_: account.expire_session(id_)),
    ("POST", "/v1/refunds", Account.create_refund),
    ("GET", "/v1/refunds", _list("re", "payment_intent", "charge")),
    ("GET", "/v1/refunds/([^/]+)", _one("re")),
    ("GET", "/v1/disputes/([^/]+)", _one("dp")),
    ("GET", "/v1/balance_transactions", _list("txn")),
    ("POST", "/v1/accounts", connect.create_account),
    ("GET", "/v1/accounts", _list("acct")),
    ("GET", "/v1/accounts/([^/]+)", _one("acct")),
    ("POST", "/v1/account_links", connect.create_link),
    ("GET", "/v1/balance", connect.balance),
    ("POST", "/v1/transfers", connect.create_transfer),
    ("GET", "/v1/transfers", _list("tr", "transfer_group")),
    ("GET", "/v1/transfers/([^/]+)", _one("tr")),
    ("POST", "/v1/transfers/([^/]+)/reversals", connect.create_reversal),
    ("GET", "/v1/transfers/([^/]+)/reversals", connect.reversals_of),
]

# Where the next page of a list is.
_LISTS = {
    "cs": "/v1/checkout/sessions",
    "re": "/v1/refunds",
    "txn": "/v1/balance_transactions",
    "acct": "/v1/accounts",
    "tr": "/v1/transfers",
}
_NUMBERS = frozenset({"amount", "unit_amount", "quantity", "expires_at", "limit", "gte", "lt"})


def decoded(form: str) -> Obj:
    """A form body or query in Stripe's brackets as nested objects and lists, numbers and truths where Stripe has them."""
    root: Obj = {}
    for name, text in parse_qsl(form, keep_blank_values=True):
        keys = re.findall(r"[^\[\]]+", name)
        node = root
        for key in keys[:-1]:
            node = node.setdefault(key, {})
        node[keys[-1]] = _value(keys[-1], text)
    plain: Obj = _listed(root)
    return plain


def _value(name: str, text: str) -> object:
    if name in _NUMBERS:
        return int(text)
    return {"true": True, "false": False}.get(text, text)


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    plain = {key: _listed(value) for key, value in node.items()}
    return [plain[str(index)] for index in range(len(plain))] if plain and all(key.isdigit() for key in plain) else plain
