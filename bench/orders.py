"""Only writes: one order and one webhook through our services, beside the same statements replayed by pgbench, turn by turn."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.conf import settings

from accounts.models import User
from bench.pool import ACCOUNTS, HOLDS, POOL, QUOTES, USERS, fill_pool
from bench.recording import Recording, record
from bench.replay import Replay
from bench.table import Row, say
from billing.buyers import Buyer
from billing.models import Quote
from billing.sandbox_messages import signature
from billing.services import order
from billing.webhooks import accept
from core import clock

ROUNDS, SECONDS = 3, 5.0
SLOWER_AT_MOST, MOST_STATEMENTS = 3.0, 25
PREPARED = 500
MESSAGES = 760_000_000

Call = Callable[[], object]


@dataclass(frozen=True)
class Step:
    """What is done again and again: `prepare` makes the calls of these numbers ready, which is not timed.

    `counted` are what grows with each call, by name, with the first of each; `given` are the tables whose new ids later
    statements of the same call name. Our calls have the numbers below `replayed`, the replay has those from there to `end`.
    """

    what: str
    prepare: Callable[[range], Iterator[Call]]
    counted: dict[str, int]
    given: dict[str, str]
    replayed: int
    end: int


def measure() -> list[Row]:
    """A row for the order, one for its statements, one for the webhook."""
    say("one order, one webhook")
    fill_pool()
    counted = {"quote": QUOTES, "hold": HOLDS, "account": ACCOUNTS, "person": USERS}
    given = {"contract": "contracts_contract", "segment": "contracts_segment", "charge": "billing_charge"}
    ordered, recording = _beside(Step("one order", _orders, counted, given, POOL // 3, POOL))
    stored = {"webhook": "core_webhookevent"}
    received, _recording = _beside(Step("one webhook", _messages, {"message": MESSAGES}, stored, 1_000_000, 9_000_000))
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


def _beside(step: Step) -> tuple[Row, Recording]:
    for call in step.prepare(range(PREPARED)):
        call()
    recording = record(next(step.prepare(range(PREPARED, PREPARED + 1))))
    numbers = {name: first + PREPARED for name, first in step.counted.items()}
    replay = Replay(recording.statements, numbers, step.given)
    ours, beside, database = [], [], []
    mine, theirs = PREPARED + 1, step.replayed
    for _round in range(ROUNDS):
        seconds, spent, mine = _timed(step, mine)
        ours.append(seconds)
        database.append(spent)
        latency, done = replay.run({name: first + theirs for name, first in step.counted.items()}, SECONDS)
        beside.append(latency)
        theirs += done
    assert mine <= step.replayed < theirs <= step.end, "the pool is too small"
    ratio = median(ours) / median(beside)
    row = Row(
        step.what,
        f"{median(ours) * 1000:.2f} ms, {len(recording.statements)} statements",
        f"{median(beside) * 1000:.2f} ms by pgbench",
        f"{ratio:.2f}",
        f"≤ {SLOWER_AT_MOST:.0f}",
        ratio <= SLOWER_AT_MOST,
        f"{median(database) * 1000:.2f} ms of it in calls of the database, the rest in Python.",
    )
    return row, recording


def _timed(step: Step, first: int) -> tuple[float, float, int]:
    """Call for SECONDS, from the number `first` on: mean seconds of a call, those in the database of one, and the next number."""
    took = 0.0
    number = first
    while took < SECONDS:
        calls = list(step.prepare(range(number, number + PREPARED)))
        for call in calls:
            started = time.perf_counter()
            call()
            took += time.perf_counter() - started
        number += PREPARED
    spent = record(next(step.prepare(range(number, number + 1)))).seconds
    return took / (number - first), spent, number + 1
