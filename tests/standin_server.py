"""Only what stand-ins for gateways share: HTTP on loopback, signed events that are brought to the shop, once each and in order."""

import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Generic, Protocol, TypeVar

Event = dict[str, Any]
# Brings a signed event (raw body, signature) to the shop; whether it was taken.
Send = Callable[[bytes, str], bool]


class Memory(Protocol):
    """What happened at a stand-in, and what time it is there."""

    events: list[Event]

    @property
    def now(self) -> Callable[[], float]:
        """In seconds since 1970."""


A = TypeVar("A", bound=Memory)
P = TypeVar("P")


@dataclass(repr=False)
class RunningStandin(Generic[A, P]):
    """Account, API and address of a stand-in that is running. `header` is where it writes the signature made with `secret`."""

    header: ClassVar[str]
    secret: ClassVar[str]

    account: A
    api: P
    base: str
    webhook: str = ""
    brought: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def waiting(self) -> list[Event]:
        """Events that were not brought yet."""
        return self.account.events[self.brought :]

    def bring(self, send: Send) -> int:
        """Bring all that waits, once each, in order; how many were taken."""
        with self.lock:
            events = self.waiting()
            self.brought += len(events)
        return sum(send(*signed(event, int(self.account.now()), self.secret)) for event in events)

    def bring_over_http(self) -> None:
        """Bring what waits to the shop's address."""
        if self.webhook:
            self.bring(self._post)

    def _post(self, body: bytes, header: str) -> bool:
        headers = {"Content-Type": "application/json", self.header: header}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.webhook, data=body, headers=headers), timeout=10):
                return True
        except (urllib.error.URLError, OSError):
            return False


R = TypeVar("R", bound=RunningStandin[Any, Any])


def signed(event: Event, stamp: int, secret: str) -> tuple[bytes, str]:
    """An event's raw body, and its signature at that time."""
    body = json.dumps(event, separators=(",", ":")).encode()
    return body, signature(body, stamp, secret)


def signature(body: bytes, stamp: int, secret: str) -> str:
    """The header that is sent with these bytes: both gateways write it alike."""
    return f"t={stamp},v1={hmac.new(secret.encode(), f'{stamp}.'.encode() + body, hashlib.sha256).hexdigest()}"


@contextmanager
def listening(port: int, handler: type["Handler[R]"], make: Callable[[str], R]) -> Iterator[R]:
    """A stand-in that listens; any free port for 0. `make` gets its address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    running = make(f"http://127.0.0.1:{server.server_address[1]}")
    server.standin = running  # type: ignore[attr-defined] # the handler's way to it
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler, ABC, Generic[R]):
    """One request; which are answered how is each stand-in's own."""

    protocol_version = "HTTP/1.1"
    always: ClassVar[dict[str, str]] = {}

    @property
    def standin(self) -> R:
        """Where it came in."""
        running: R = self.server.standin  # type: ignore[attr-defined] # put there by `listening`
        return running

    @property
    def bearer(self) -> str:
        """The key that came with it."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def do_GET(self) -> None:
        self.serve("GET", "")

    def do_POST(self) -> None:
        self.serve("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Silence: the requests are kept for whoever wants to see them."""

    @abstractmethod
    def serve(self, method: str, body: str) -> None:
        """Answer, or break the line."""

    def answer(self, said: tuple[int, Any] | None, default: Callable[[Any], object] | None = None) -> None:
        """What an API has said, as JSON, and then the events that follow from it; None breaks the line."""
        if said is None:
            self.close_connection = True
            return
        self.send(said[0], "application/json", json.dumps(said[1], default=default).encode())
        self.standin.bring_over_http()

    def send(self, status: int, content_type: str, content: bytes) -> None:
        """One answer."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.always.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
