"""Only the stand-in's lines: which requests are the API's and which the page's, and what it signs its events with."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

from tests.icpay_standin import pages
from tests.icpay_standin.account import Account
from tests.icpay_standin.api import Api, Request
from tests.standin_server import Handler, RunningStandin, listening

PUBLISHABLE_KEY, SECRET_KEY = "pk_test_standin", "sk_test_standin"
WEBHOOK_SECRET = "whsec_icpay_standin"


class Standin(RunningStandin[Account, Api]):
    """An ICPay that is running."""

    header = "X-ICPay-Signature"
    secret = WEBHOOK_SECRET


@contextmanager
def standin(*, port: int = 0, webhook: str = "") -> Iterator[Standin]:
    """A running stand-in; any free port for 0."""
    account = Account()
    api = Api(account, PUBLISHABLE_KEY, SECRET_KEY)
    with listening(port, _Handler, lambda base: Standin(account, api, base, webhook)) as running:
        yield running


class _Handler(Handler[Standin]):
    def serve(self, method: str, body: str) -> None:
        address = urlsplit(self.path)
        if address.path.startswith("/pay/"):
            status, page = pages.show(self.standin.account, address.path.removeprefix("/pay/"), dict(parse_qsl(body)))
            self.send(status, "text/html; charset=utf-8", page.encode())
            self.standin.bring_over_http()
            return
        request = Request(
            method=method,
            path=address.path,
            query=address.query,
            body=body,
            token=self.bearer,
            content_type=self.headers.get("Content-Type", ""),
        )
        self.answer(self.standin.api.answer(request), _plain)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
