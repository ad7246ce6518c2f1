"""Only the stand-in's lines: which requests are the API's and which the pages', and what it signs its events with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from tests.standin_server import Handler, RunningStandin, listening
from tests.stripe_standin import pages
from tests.stripe_standin.account import Account
from tests.stripe_standin.api import Api, Request

SECRET_KEY = "sk_test_standin"
WEBHOOK_SECRET = "whsec_standin"


@dataclass(repr=False)
class Standin(RunningStandin[Account, Api]):
    """A Stripe that is running."""

    header = "Stripe-Signature"
    secret = WEBHOOK_SECRET

    # Events that a person holds back; tests bring them themselves.
    held: bool = False

    def bring_over_http(self) -> None:
        """Bring what waits to the shop's address, unless it is held back."""
        if not self.held:
            super().bring_over_http()


@contextmanager
def standin(*, port: int = 0, webhook: str = "") -> Iterator[Standin]:
    """A running stand-in; any free port for 0."""
    account = Account()

    def make(base: str) -> Standin:
        account.page_base = base
        return Standin(account, Api(account, SECRET_KEY), base, webhook)

    with listening(port, _Handler, make) as running:
        yield running


class _Handler(Handler[Standin]):
    always: ClassVar[dict[str, str]] = {"Request-Id": "req_standin"}

    def serve(self, method: str, body: str) -> None:
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
            token=self.bearer,
            version=self.headers.get("Stripe-Version", ""),
        )
        self.answer(self.standin.api.answer(request))

    def _show(self, method: str, path: str, form: dict[str, str]) -> None:
        page = pages.show(self.standin, method, path, form)
        if page.location:
            self.send_response(303)
            self.send_header("Location", page.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send(page.status, "text/html; charset=utf-8", page.html.encode())
        self.standin.bring_over_http()
