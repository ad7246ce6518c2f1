"""An address that a stranger typed in reaches the public internet or nothing; vendors' calls end in an answer or one exception."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import responses
from django.db import transaction

from core import http
from core.http import OutsideError, RefusedAddress

PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2001:0:7f00:1::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "3fff::1",
    "192.88.99.1",
    "198.51.100.1",
    "203.0.113.1",
    "100.100.100.200",
    "ff02::1",
    "2001:db8::1",
    "localhost",
    "",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_our_own_network_are_not_public(address: str) -> None:
    assert not http.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2002:0101:0101::1", "::ffff:1.1.1.1"])
def test_public_addresses_are(address: str) -> None:
    assert http.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "//example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://example.com:22/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://example.com /",
        "http://exam\nple.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com/\x00",
        "http://[::1",
        "http://example.com/" + "a" * 2000,
    ],
)
def test_what_is_no_plain_web_address_is_refused_by_its_form(url: str) -> None:
    with pytest.raises(RefusedAddress) as refused:
        http.fetch_user_url(url)
    assert refused.value.permanent


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:169.254.169.254]/latest/meta-data/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
    ],
)
def test_every_spelling_of_an_inner_address_is_refused(url: str) -> None:
    with pytest.raises(RefusedAddress, match="public"):
        http.fetch_user_url(url)


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """The name server of an attacker: any name has these addresses."""

    def answer(host: str, port: int, **kwargs: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(http.socket, "getaddrinfo", answer)


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("1.1.1.1", "10.0.0.1"), ("1.1.1.1", "::1"), ()])
def test_a_name_with_one_inner_address_is_refused_altogether(monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]) -> None:
    resolving_to(monkeypatch, *addresses)
    with pytest.raises(RefusedAddress):
        http.fetch_user_url("http://example.com/")


def test_a_name_that_has_no_address_may_be_tried_again() -> None:
    with pytest.raises(OutsideError) as failed:
        http.fetch_user_url("http://no-such-name.invalid/")
    assert not failed.value.permanent


@pytest.mark.parametrize("host", ["a" * 64 + ".com", "." * 10, "xn--\u00e9.com"])
def test_a_name_that_no_name_server_takes_is_no_crash(host: str) -> None:
    with pytest.raises(OutsideError):
        http.fetch_user_url(f"http://{host}/")


# --- Against a real server ----------------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """Answers in the way that its path names, and keeps what it was asked."""

    seen: list[dict[str, Any]]

    def do_GET(self) -> None:
        """All methods are one here."""
        length = int(self.headers.get("Content-Length", 0))
        self.seen.append({"path": self.path, "method": self.command, "body": self.rfile.read(length), **self.headers})
        path, _, argument = self.path.partition("?")
        if path == "/redirect":
            self.send_response(307)
            self.send_header("Location", argument)
            self.end_headers()
        elif path == "/large":
            self.answer(b"x" * (http.LARGEST_ANSWER + 1))
        elif path == "/drip":
            self.send_response(200)
            self.end_headers()
            for _byte in range(100):
                self.wfile.write(b"x" * 20_000)
                time.sleep(0.05)
        else:
            self.answer(b"hello")

    do_POST = do_GET  # noqa: N815 -- the base class looks for this name

    def answer(self, body: bytes) -> None:
        """200."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class calls it that
        """Be quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """A server on this machine, at a port that may be fetched."""
    handler = type("OwnHandler", (Handler,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    monkeypatch.setattr(http, "ALLOWED_PORTS", http.ALLOWED_PORTS | {server.server_port})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def seen(server: ThreadingHTTPServer) -> list[dict[str, Any]]:
    return server.RequestHandlerClass.seen  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def behind_example(server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Let example.com stand for the server here, as if this machine were the public internet; other names stay what they are."""
    real = http.public_address
    monkeypatch.setattr(http, "public_address", lambda target: "127.0.0.1" if target.hostname == "example.com" else real(target))
    return lambda path: f"http://example.com:{server.server_port}{path}"


def test_the_connection_goes_to_the_address_that_was_checked_and_asks_for_the_name(
    server: ThreadingHTTPServer, seen: list[dict[str, Any]]
) -> None:
    target = urlsplit(f"http://no-such-name.invalid:{server.server_port}/a?b=c")
    answer = http.fetch_pinned(target, "127.0.0.1", "GET", {}, None, time.monotonic() + 5)
    assert (answer.status, answer.body) == (200, b"hello")
    assert seen[0]["path"] == "/a?b=c"
    assert seen[0]["Host"] == f"no-such-name.invalid:{server.server_port}"


def test_a_body_and_headers_are_sent(behind_example: Callable[[str], str], seen: list[dict[str, Any]]) -> None:
    http.fetch_user_url(behind_example("/hook"), method="POST", headers={"X-Own": "1"}, body=b"payload")
    assert (seen[0]["method"], seen[0]["body"], seen[0]["X-Own"]) == ("POST", b"payload", "1")


def test_a_redirect_into_our_network_is_refused(behind_example: Callable[[str], str], seen: list[dict[str, Any]]) -> None:
    inside = behind_example("/inside").replace("example.com", "localhost")
    with pytest.raises(RefusedAddress):
        http.fetch_user_url(behind_example(f"/redirect?{inside}"))
    assert [request["path"].split("?")[0] for request in seen] == ["/redirect"]


def test_a_redirect_that_is_followed_takes_no_body_and_no_headers_along(
    behind_example: Callable[[str], str], seen: list[dict[str, Any]]
) -> None:
    answer = http.fetch_user_url(
        behind_example("/redirect?/landed"), method="POST", headers={"Authorization": "secret"}, body=b"secret"
    )
    assert answer.url == behind_example("/landed")
    assert (seen[1]["method"], seen[1]["body"]) == ("GET", b"")
    assert "Authorization" not in seen[1]


def test_redirects_end(behind_example: Callable[[str], str], seen: list[dict[str, Any]]) -> None:
    with pytest.raises(OutsideError, match="too many"):
        http.fetch_user_url(behind_example("/redirect?" + "/redirect?" * 10))
    assert len(seen) == http.MOST_REDIRECTS + 1


def test_an_answer_that_is_too_large_is_cut(behind_example: Callable[[str], str]) -> None:
    with pytest.raises(OutsideError, match="large"):
        http.fetch_user_url(behind_example("/large"))


def test_a_server_that_drips_is_left(behind_example: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LONGEST_FETCH", 0.2)
    with pytest.raises(OutsideError, match="long"):
        http.fetch_user_url(behind_example("/drip"))


def test_a_proxy_of_the_environment_is_not_used(behind_example: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    assert http.fetch_user_url(behind_example("/")).body == b"hello"


# --- Vendors ------------------------------------------------------------------------------------------------------------------


@responses.activate
@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_any_status_of_a_vendor_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    responses.get("https://vendor.test/x", status=status, headers={"Location": "https://elsewhere.test/"})
    assert http.call("GET", "https://vendor.test/x").status_code == status
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize("error", [requests.ConnectionError("no"), requests.ReadTimeout("slow")])
def test_a_vendor_that_does_not_answer_may_be_tried_again(error: Exception) -> None:
    responses.post("https://vendor.test/secret-path", body=error)
    with pytest.raises(OutsideError) as failed:
        http.call("POST", "https://vendor.test/secret-path", json={})
    assert not failed.value.permanent
    assert "secret" not in str(failed.value)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "call", [lambda: http.call("GET", "https://vendor.test/"), lambda: http.fetch_user_url("http://example.com/")]
)
def test_nobody_is_called_inside_of_a_transaction(call: Callable[[], object]) -> None:
    with responses.RequestsMock() as nobody, transaction.atomic():
        with pytest.raises(RuntimeError, match="durable"):
            call()
        assert len(nobody.calls) == 0


# --- For somebody who waits ---------------------------------------------------------------------------------------------------


class Slow(BaseHTTPRequestHandler):
    """Answers after a while."""

    def do_GET(self) -> None:
        time.sleep(0.6)
        try:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
        except OSError:
            # Who asked has gone.
            pass

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def slow() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def test_who_waits_gets_an_answer_that_comes_in_time(slow: str) -> None:
    assert http.call_within("GET", slow, seconds=5.0).content == b"ok"


def test_who_waits_is_told_in_time_that_none_came(slow: str) -> None:
    started = time.monotonic()
    with pytest.raises(OutsideError, match=r"127\.0\.0\.1 did not answer") as error:
        http.call_within("GET", slow, seconds=0.2)
    assert time.monotonic() - started < 0.5
    assert not error.value.permanent


def test_waiting_in_line_counts_as_waiting(slow: str) -> None:
    def impatient(_number: int) -> float:
        started = time.monotonic()
        with pytest.raises(OutsideError):
            http.call_within("GET", slow, seconds=0.3)
        return time.monotonic() - started

    with ThreadPoolExecutor(2 * http.PATIENT_CALLS) as crowd:
        assert max(crowd.map(impatient, range(2 * http.PATIENT_CALLS))) < 0.6


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_inside_of_a_transaction(slow: str) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        http.call_within("GET", slow)
