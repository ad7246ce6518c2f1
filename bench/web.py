"""Only what is measured over HTTP: requests per second beside bare Django, the weight of a first visit, and memory."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bench import memory, weight
from bench.client import ask, request_for
from bench.market import People
from bench.table import Row, say

CLIENTS, SECONDS, ROUNDS = 4, 3.0, 5
AT_LEAST = 0.5
SAME_BYTES = 0.1
STARTING_SECONDS = 60


def measure(people: People) -> list[Row]:
    """Start both servers and a worker on the chosen market, and measure."""
    database = dict(connection.settings_dict)
    connection.close()
    address = f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    environment = {**os.environ, "DATABASE_URL": address}
    with ExitStack() as stack:
        ours, web = stack.enter_context(_server(environment))
        bare, _bare = stack.enter_context(_server({**environment, "DJANGO_SETTINGS_MODULE": "bench.bare_settings"}))
        small, provider = cookie_of(people.small), cookie_of(people.provider)
        say("requests per second")
        rows = [
            _beside(ours, bare, "rentals dashboard", reverse("rentals"), "/rentals", small),
            _beside(ours, bare, "market page", reverse("marketplace"), "/market", small),
        ]
        rows += weight.measure(ours, people, small)
        worker = stack.enter_context(_process([sys.executable, "manage.py", "worker"], environment))
        rows += memory.measure(ours, people, small, provider, web.pid, worker.pid)
    return rows


def cookie_of(user: User) -> str:
    """The cookie of a browser in which this user is signed in."""
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _beside(ours: int, bare: int, what: str, address: str, floor: str, cookie: str) -> Row:
    size = len(ask(ours, request_for(address, cookie)).partition(b"\r\n\r\n")[2])
    rates: dict[int, list[float]] = {ours: [], bare: []}
    sizes = {}
    for _round in range(ROUNDS):
        for port, path in ((ours, address), (bare, f"{floor}?bytes={size}")):
            answered = _load(port, path, cookie)
            rates[port].append(answered["rate"])
            sizes[port] = answered["bytes"]
    assert abs(sizes[bare] - size) <= SAME_BYTES * size, f"the bare page has {sizes[bare]} bytes, ours {size}"
    mine, beside = median(rates[ours]), median(rates[bare])
    return Row(
        what,
        f"{mine:.0f} requests/s, {sizes[ours] / 1000:.1f} kB",
        f"{beside:.0f} requests/s bare Django, {sizes[bare] / 1000:.1f} kB",
        f"{mine / beside:.2f}",
        f"≥ {AT_LEAST}",
        mine / beside >= AT_LEAST,
        f"{2000 / mine:.1f} ms of a worker's time each, bare {2000 / beside:.1f} ms.",
    )


def _load(port: int, address: str, cookie: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.client", str(port), address, cookie, str(CLIENTS), str(SECONDS)]
    answered: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answered


@contextmanager
def _server(environment: dict[str, str]) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A web server as `make run` has it, on a free port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "decentcloud.wsgi", f"--bind=127.0.0.1:{port}", "--workers=2", "--preload"]
    with _process([*command, "--log-level=warning", "--no-control-socket"], environment) as process:
        deadline = time.monotonic() + STARTING_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the web server did not start")
            time.sleep(0.1)
        yield port, process


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(command, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
