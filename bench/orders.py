"""Only an order, and a webhook that is verified and stored, each beside its own statements replayed by pgbench."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from accounts.models import User
from bench.beside import Call, Step, beside
from bench.pool import ACCOUNTS, HOLDS, POOL, QUOTES, USERS, fill_pool
from bench.table import Row, say
from billing.buyers import Buyer
from billing.models import Quote
from billing.sandbox_messages import signature
from billing.services import order
from billing.webhooks import accept
from core import clock

MOST_STATEMENTS = 25
MESSAGES = 760_000_000


def measure() -> list[Row]:
    """A row for the order, one for its statements, one for the webhook."""
    say("one order, one webhook")
    fill_pool()
    counted = {"quote": QUOTES, "hold": HOLDS, "account": ACCOUNTS, "person": USERS}
    given = {"contract": "contracts_contract", "segment": "contracts_segment", "charge": "billing_charge"}
    ordered, recording = beside(Step("one order", _orders, counted, given, POOL // 3, POOL))
    stored = {"webhook": "core_webhookevent"}
    received, _recording = beside(Step("webhooks stored", _messages, {"message": MESSAGES}, stored, 1_000_000, 9_000_000))
    count = len(recording.statements)
    kinds = Counter(text.split(maxsplit=1)[0].strip(";") for text in recording.statements)
    said = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    statements = Row("statements of one order", str(count), "", "", f"≤ {MOST_STATEMENTS}", count <= MOST_STATEMENTS, said)
    return [ordered, statements, received]


def _orders(numbers: range) -> Iterator[Call]:
    buyer = Buyer("Bench", "bench@load.invalid", "Lindenweg 12", "Leipzig", "DE", "04109")
    quotes = Quote.objects.in_bulk([QUOTES + number for number in numbers])
    users = User.objects.in_bulk([USERS + number for number in numbers])
    for number in numbers:
        yield _ordering(quotes[QUOTES + number], users[USERS + number], buyer)


def _ordering(quote: Quote, user: User, buyer: Buyer) -> Call:
    return lambda: order(quote, user=user, buyer=buyer, host_name="bench", note="By the bench.")


def _messages(numbers: range) -> Iterator[Call]:
    for number in numbers:
        # As the bank writes them.
        content: dict[str, Any] = {"id": f"sbx_msg_{MESSAGES + number}", "kind": "payment.succeeded", "object_id": "sbx_pay_bench"}
        body = json.dumps({**content, "created": 1}, separators=(",", ":")).encode()
        yield _accepting(body, signature(settings.SANDBOX_WEBHOOK_SECRETS[0], body, clock.now()))


def _accepting(body: bytes, signed: str) -> Call:
    return lambda: accept(body, signed)
