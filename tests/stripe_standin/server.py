"""Only the stand-in's lines: HTTP on loopback in front of the API and the pages, and events brought to the shop."""

import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from tests.stripe_standin import pages
from tests.stripe_standin.account import Account
from tests.stripe_standin.api import Api, Request
from tests.stripe_standin.objects import Obj

SECRET_KEY = "sk_test_standin"
WEBHOOK_SECRET = "whsec_standin"

# Brings a signed event (raw body, signature) to the shop; whether it was taken.
Send = Callable[[bytes, str], bool]


@dataclass(repr=False)
class Standin:
    """Account, API and address of a stand-in that is running."""

    account: Account
    api: Api
    base: str
    webhook: str = ""
    # Events that a person holds back; tests bring them themselves.
    held: bool = False
    brought: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def waiting(self) -> list[Obj]:
        """Events that were not brought yet."""
        return self.account.events[self.brought :]

    def bring(self, send: Send) -> int:
        """Bring all that waits, once each, in order; how many were taken."""
        with self.lock:
            events = self.waiting()
            self.brought += len(events)
        return sum(send(*signed(event, int(self.account.now()))) for event in events)

    def bring_over_http(self) -> None:
        """Bring what waits to the shop's address, unless it is held back; what is refused stays for the next time."""
        if self.webhook and not self.held:
            self.bring(self._post)

    def _post(self, body: bytes, header: str) -> bool:
        request = urllib.request.Request(
            self.webhook, data=body, headers={"Content-Type": "application/json", "Stripe-Signature": header}
        )
        try:
            with urllib.request.urlopen(request, timeout=10):
                return True
        except (urllib.error.URLError, OSError):
            return False


def signed(event: Obj, stamp: int, secret: str = WEBHOOK_SECRET) -> tuple[bytes, str]:
    """An event's raw body, and its signature at that time."""
    body = json.dumps(event, separators=(",", ":")).encode()
    return body, signature(body, stamp, secret)


def signature(body: bytes, stamp: int, secret: str = WEBHOOK_SECRET) -> str:
    """The header that Stripe sends with these bytes."""
    return f"t={stamp},v1={hmac.new(secret.encode(), f'{stamp}.'.encode() + body, hashlib.sha256).hexdigest()}"


@contextmanager
def standin(*, port: int = 0, webhook: str = "") -> Iterator[Standin]:
    """A running stand-in; any free port for 0."""
    account = Account()
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    base = f"http://127.0.0.1:{server.server_address[1]}"
    account.page_base = base
    running = Standin(account, Api(account, SECRET_KEY), base, webhook)
    server.standin = running  # type: ignore[attr-defined] # the handler's way to it
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _standin(self) -> Standin:
        running: Standin = self.server.standin  # type: ignore[attr-defined] # put there by `standin`
        return running

    def do_GET(self) -> None:
        self._serve("GET", "")

    def do_POST(self) -> None:
        self._serve("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Silence: the requests are kept for whoever wants to see them."""

    def _serve(self, method: str, body: str) -> None:
        address = urlsplit(self.path)
        if not address.path.startswith("/v1/"):
            self._show(method, address.path, dict(parse_qsl(body)))
            return
        request = Request(
            method=method,
            path=address.path,
            query=address.query,
            body=body,
            key=self.headers.get("Idempotency-Key", ""),
            token=self.headers.get("Authorization", "").removeprefix("Bearer "),
            version=self.headers.get("Stripe-Version", ""),
        )
        answer = self._standin.api.answer(request)
        if answer is None:
            self.close_connection = True
            return
        self._send(answer[0], "application/json", json.dumps(answer[1]).encode())
        self._standin.bring_over_http()

    def _show(self, method: str, path: str, form: dict[str, str]) -> None:
        page = pages.show(self._standin, method, path, form)
        if page.location:
            self.send_response(303)
            self.send_header("Location", page.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._send(page.status, "text/html; charset=utf-8", page.html.encode())
        self._standin.bring_over_http()

    def _send(self, status: int, content_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Request-Id", "req_standin")
        self.end_headers()
        self.wfile.write(content)
