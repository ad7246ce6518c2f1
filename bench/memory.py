"""Only memory: what web server and queue worker hold together after a thousand mixed requests, shared pages counted once."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.urls import reverse

from bench.client import ask, request_for
from bench.market import People
from bench.table import Row, say
from billing.sandbox_messages import SIGNATURE_HEADER, signature
from core import clock
from core.models import WebhookEvent

REQUESTS, MESSAGES = 1000, 50
MOST_BYTES = 400 * 10**6
PATIENCE_SECONDS = 60


def measure(port: int, people: People, customer: str, provider: str, web: int, worker: int) -> list[Row]:
    """Ask for a thousand pages of all kinds, let the worker work on messages, and look."""
    say("memory")
    pages = [
        (reverse("home"), ""),
        (reverse("marketplace"), ""),
        (reverse("marketplace") + "?q=nvme+8+cores&country=DE", customer),
        (reverse("offering", args=[people.offering]), customer),
        (reverse("rentals"), customer),
        (reverse("rental", args=[people.rental]), customer),
        (reverse("provider_desk"), provider),
        (reverse("api_schema"), ""),
        (reverse("account_login"), ""),
        (reverse("how"), ""),
    ]
    requests = [request_for(address, cookie) for address, cookie in pages]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: ask(port, requests[number % len(requests)]), range(REQUESTS)))
    assert not any(answer.startswith(b"HTTP/1.1 5") for answer in answers)
    _give_work(port)
    held = {"web server": _held_by(web), "queue worker": _held_by(worker)}
    total = sum(sum(processes) for processes in held.values())
    parts = [f"{name} {sum(parts) / 1e6:.0f} MB in {len(parts)} processes" for name, parts in held.items()]
    return [
        Row(
            f"memory (PSS) after {REQUESTS:,} requests",
            f"{total / 1e6:.0f} MB",
            ", ".join(parts),
            "",
            f"< {MOST_BYTES / 1e6:.0f} MB",
            total < MOST_BYTES,
            "By process: "
            + "; ".join(name + " " + " + ".join(f"{one / 1e6:.0f}" for one in parts) for name, parts in held.items())
            + ".",
        )
    ]


def _give_work(port: int) -> None:
    """Send signed messages as a bank does, and wait until the worker has dealt with them."""
    path = reverse("webhook_sandbox")
    for _message in range(MESSAGES):
        body = json.dumps({"id": f"bench-{uuid4()}", "kind": "bench.nothing", "object_id": "none"}).encode()
        signed = signature(settings.SANDBOX_WEBHOOK_SECRETS[0], body, clock.now())
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{SIGNATURE_HEADER}: {signed}\r\nContent-Length: {len(body)}\r\n\r\n"
        answer = ask(port, head.encode() + body)
        assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while WebhookEvent.objects.filter(processed_at=None).exists():
        assert time.monotonic() < deadline, "the worker does not work"
        time.sleep(0.2)
    connection.close()


def _held_by(leader: int) -> list[int]:
    """The proportional set size in bytes of a process and all below it."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (folder / "stat").exists():
            # The name in parentheses may hold anything; behind it come state and parent.
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    tree = [leader]
    for one in tree:
        tree += [child for child, parent in parents.items() if parent == one]
    return [_pss(one) for one in tree]


def _pss(process: int) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
