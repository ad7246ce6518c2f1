"""Only the stand-in's lines: HTTP on loopback in front of the API and the page, and events brought to the shop."""

import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from tests.icpay_standin import pages
from tests.icpay_standin.account import Account, Obj
from tests.icpay_standin.api import Api, Request

PUBLISHABLE_KEY, SECRET_KEY = "pk_test_standin", "sk_test_standin"
WEBHOOK_SECRET = "whsec_icpay_standin"

# Brings a signed event (raw body, signature) to the shop; whether it was taken.
Send = Callable[[bytes, str], bool]


@dataclass(repr=False)
class Standin:
    """Account, API and address of a stand-in that is running."""

    account: Account
    api: Api
    base: str
    webhook: str = ""
    brought: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def bring(self, send: Send) -> int:
        """Bring all that waits, once each, in order; how many were taken."""
        with self.lock:
            events = self.account.events[self.brought :]
            self.brought += len(events)
        return sum(send(*signed(event, int(self.account.now()))) for event in events)

    def bring_over_http(self) -> None:
        """Bring what waits to the shop's address."""
        if self.webhook:
            self.bring(self._post)

    def _post(self, body: bytes, header: str) -> bool:
        headers = {"Content-Type": "application/json", "X-ICPay-Signature": header}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.webhook, data=body, headers=headers), timeout=10):
                return True
        except (urllib.error.URLError, OSError):
            return False


def signed(event: Obj, stamp: int, secret: str = WEBHOOK_SECRET) -> tuple[bytes, str]:
    """An event's raw body, and its signature at that time."""
    body = json.dumps(event, separators=(",", ":")).encode()
    return body, signature(body, stamp, secret)


def signature(body: bytes, stamp: int, secret: str = WEBHOOK_SECRET) -> str:
    """The header that ICPay sends with these bytes."""
    return f"t={stamp},v1={hmac.new(secret.encode(), f'{stamp}.'.encode() + body, hashlib.sha256).hexdigest()}"


@contextmanager
def standin(*, port: int = 0, webhook: str = "") -> Iterator[Standin]:
    """A running stand-in; any free port for 0."""
    account = Account()
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    base = f"http://127.0.0.1:{server.server_address[1]}"
    running = Standin(account, Api(account, PUBLISHABLE_KEY, SECRET_KEY), base, webhook)
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
        if address.path.startswith("/pay/"):
            status, page = pages.show(self._standin.account, address.path.removeprefix("/pay/"), dict(parse_qsl(body)))
            self._send(status, "text/html; charset=utf-8", page.encode())
            self._standin.bring_over_http()
            return
        request = Request(
            method=method,
            path=address.path,
            query=address.query,
            body=body,
            token=self.headers.get("Authorization", "").removeprefix("Bearer "),
            content_type=self.headers.get("Content-Type", ""),
        )
        answer = self._standin.api.answer(request)
        if answer is None:
            self.close_connection = True
            return
        self._send(answer[0], "application/json", json.dumps(answer[1], default=_plain).encode())
        self._standin.bring_over_http()

    def _send(self, status: int, content_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
