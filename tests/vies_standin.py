"""VIES on loopback: answers as it is told to, counts, and takes no question that the Commission's own description would not."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django import Settings

PATH = "/check-vat-number"
# CheckVatRequest of the description; all of them are texts. Held against the vendor's own file by the tests of the gateway.
KNOWN = {"countryCode", "vatNumber", "requesterMemberStateCode", "requesterNumber"}
SELLER_ID = "DE136695976"


def valid(name: str = "PAPIERBOOT SARL", address: str = "1 RUE DE LA PAIX\n75002 PARIS") -> dict[str, Any]:
    """VIES's yes."""
    return {
        "countryCode": "FR",
        "vatNumber": "40303265045",
        "requestDate": "2026-11-19T09:30:00.000Z",
        "valid": True,
        "requestIdentifier": "WAPIAAAAW1234567",
        "name": name,
        "address": address,
    }


def invalid() -> dict[str, Any]:
    """VIES's no."""
    return {**valid("---", "---"), "valid": False, "requestIdentifier": ""}


def trouble(word: str = "MS_UNAVAILABLE") -> dict[str, Any]:
    """What comes when a member state is silent, with status 200 too."""
    return {"actionSucceed": False, "errorWrappers": [{"error": word}]}


class Vies:
    """What it answers next (for ever), after how many seconds, with which status; and what it was asked."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] | bytes = valid()
        self.status = 200
        self.seconds = 0.0
        self.asked: list[dict[str, str]] = []
        self.complaints: list[str] = []

    def says(self, answer: dict[str, Any] | bytes, *, status: int = 200, seconds: float = 0.0) -> None:
        """From now on."""
        self.answer, self.status, self.seconds = answer, status, seconds

    def take(self, path: str, body: bytes) -> None:
        """Note a question, and whatever is wrong with it."""
        question = json.loads(body)
        self.asked.append(question)
        if path != PATH:
            self.complaints.append(f"asked at {path}")
        if not question.keys() <= KNOWN or not all(isinstance(value, str) for value in question.values()):
            self.complaints.append(f"odd members: {question}")


@pytest.fixture
def vies(settings: Settings) -> Iterator[Vies]:
    """The stand-in, asked on behalf of a seller with a VAT id."""
    state = Vies()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            if state.seconds:
                time.sleep(state.seconds)
            body = state.answer if isinstance(state.answer, bytes) else json.dumps(state.answer).encode()
            try:
                self.send_response(state.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                # Who asked has gone.
                pass

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    settings.VIES_BASE = f"http://127.0.0.1:{server.server_address[1]}"
    settings.INVOICE_SELLER_VAT_ID = SELLER_ID
    yield state
    server.shutdown()
    server.server_close()
    assert state.complaints == []


@pytest.fixture
def no_vies(settings: Settings) -> None:
    """Nobody listens where VIES should be."""
    settings.VIES_BASE = "http://127.0.0.1:9"
