"""The only module that calls other machines. Vendors by `call`; an address that a user typed in only by `fetch_user_url`."""

import ipaddress
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import ConnectionPool

from core.transactions import require_no_transaction

TIMEOUT = (3.05, 15.0)
# For a service that is slow by nature, and only in the queue.
PATIENT_TIMEOUT = (3.05, 20.0)
# For somebody who waits: an answer to them is to be there within three seconds.
ON_A_PAGE = 2.4
USER_AGENT = "DecentCloud/1"
LARGEST_ANSWER = 1024 * 1024
MOST_REDIRECTS = 3
PATIENT_CALLS = 4
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The whole of a user's fetch, redirects and a server that drips byte by byte included.
LONGEST_FETCH = 20.0
ALLOWED_PORTS = frozenset({80, 443, 8080, 8443})

# Not public whatever `is_global` of this Python says: protocol assignments (one cloud's metadata among them), relays.
_NOT_PUBLIC = tuple(ipaddress.ip_network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20"))
# The only part of IPv6 that is given out to the public; NAT64 and other carriers of IPv4 addresses lie outside of it.
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# What `call` returns, by a name for those who may not know where it comes from.
Answer = requests.Response

# Threads start with the first call: a process that forks before has none to lose.
_patient_calls = ThreadPoolExecutor(PATIENT_CALLS, thread_name_prefix="call-within")


class OutsideError(Exception):
    """An outside call did not give an answer that can be used. `permanent` says whether trying again is pointless."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class RefusedAddress(OutsideError):
    """The address leads, or could lead, into our own network, or is no web address at all. Nothing was sent there."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


@dataclass(frozen=True)
class Fetched:
    """What a user's address answered: `url` after redirects, at most LARGEST_ANSWER bytes of `body`."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


def call(method: str, url: str, *, timeout: tuple[float, float] = TIMEOUT, **kw: Any) -> requests.Response:
    """Call a service that we chose, at an address out of the settings. Never inside a transaction (RuntimeError).

    `timeout` is (connect, read) in seconds; further arguments as for requests.request. Redirects are not followed: an API that
    redirects has moved, and a key must not follow. Any status is returned; raises OutsideError (not permanent) when no answer
    came: refused, timed out, broken off.
    """
    require_no_transaction()
    headers = {"User-Agent": USER_AGENT, **(kw.pop("headers", None) or {})}
    kw.setdefault("allow_redirects", False)
    try:
        return requests.request(method, url, timeout=timeout, headers=headers, **kw)
    except requests.RequestException as error:
        host = urlsplit(url).hostname
        raise OutsideError(f"{host} did not answer: {type(error).__name__}", permanent=False) from error


def call_within(method: str, url: str, *, seconds: float = ON_A_PAGE, **kw: Any) -> requests.Response:
    """As `call`, for somebody who waits on a page: no answer within `seconds`, the look-up of the name included, is OutsideError.

    What still comes afterwards is thrown away. At most PATIENT_CALLS are under way at once in a process; the next ones wait their
    turn, and that counts too.
    """
    require_no_transaction()
    kw.setdefault("timeout", (seconds, seconds))
    under_way = _patient_calls.submit(call, method, url, **kw)
    try:
        return under_way.result(seconds)
    except TimeoutError as error:
        under_way.cancel()
        raise OutsideError(f"{urlsplit(url).hostname} did not answer within {seconds:g} s", permanent=False) from error


def fetch_user_url(
    url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Fetched:
    """Fetch an address that a user typed in, without letting it reach into our network. Never inside a transaction (RuntimeError).

    Every address that the name resolves to must be a public one; the connection goes to exactly the address that was checked, so
    a second answer of the name server changes nothing. Each of at most MOST_REDIRECTS redirects is checked the same way, and
    loses body and headers. No proxy, no netrc, no cookies. Raises RefusedAddress, or OutsideError when no answer came, the
    answer is larger than LARGEST_ANSWER, or all of it took longer than LONGEST_FETCH seconds.
    """
    require_no_transaction()
    deadline = time.monotonic() + LONGEST_FETCH
    sent_headers = dict(headers or {})
    for _hop in range(MOST_REDIRECTS + 1):
        target = checked_url(url)
        answer = fetch_pinned(target, public_address(target), method, sent_headers, body, deadline)
        location = answer.headers.get("Location")
        if answer.status not in REDIRECTS or not location:
            return answer
        url = urljoin(url, location)
        sent_headers, body = {}, None
        method = "HEAD" if method == "HEAD" else "GET"
    raise OutsideError("too many redirects", permanent=True)


def checked_url(url: str) -> SplitResult:
    """The parts of a web address that may be fetched, by its form alone. Raises RefusedAddress."""
    if len(url) > 2000 or any(ord(character) <= 32 or ord(character) == 127 or character == "\\" for character in url):
        raise RefusedAddress("the address has characters that no address has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedAddress("this is no address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RefusedAddress("only http and https addresses are fetched")
    if parts.username is not None or parts.password is not None:
        raise RefusedAddress("an address with a login in it is not fetched")
    if port is not None and port not in ALLOWED_PORTS:
        raise RefusedAddress(f"port {port} is not fetched")
    return parts


def public_address(target: SplitResult) -> str:
    """The address to connect to: the first that the name resolves to, if all of them are public. Raises RefusedAddress."""
    host = target.hostname or ""
    try:
        found = socket.getaddrinfo(host, target.port or _default_port(target), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise OutsideError(f"{host} has no address", permanent=False) from None
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise RefusedAddress(f"{host} does not lead to a public address")
    return addresses[0]


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet: not private, loopback, link-local (cloud metadata), shared,
    multicast, reserved, and not an IPv6 address that carries such an IPv4 one.
    """
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if address.scope_id is not None or address not in _PUBLIC_IPV6:
            return False
    return address.is_global and not address.is_multicast and not any(address in net for net in _NOT_PUBLIC)


def fetch_pinned(
    target: SplitResult, address: str, method: str, headers: Mapping[str, str], body: bytes | None, deadline: float
) -> Fetched:
    """One request for `target`, sent to `address` whatever its name resolves to now; the certificate must be the name's."""
    url = target.geturl()
    with requests.Session() as session:
        session.trust_env = False
        adapter = _PinnedAdapter(address)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers, "Host": target.netloc}
        try:
            with session.request(
                method, url, headers=sent, data=body, timeout=TIMEOUT, allow_redirects=False, stream=True
            ) as response:
                return Fetched(url, response.status_code, dict(response.headers), _bounded_body(response, deadline))
        except requests.RequestException as error:
            raise OutsideError(f"{target.hostname} did not answer: {type(error).__name__}", permanent=False) from error


def _bounded_body(response: requests.Response, deadline: float) -> bytes:
    """The body, as long as it stays small and comes in time."""
    body = bytearray()
    for chunk in response.iter_content(16 * 1024):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise OutsideError("the answer is too large", permanent=True)
        if time.monotonic() > deadline:
            raise OutsideError("the answer took too long", permanent=False)
    return bytes(body)


def _default_port(target: SplitResult) -> int:
    return 443 if target.scheme == "https" else 80


class _PinnedAdapter(HTTPAdapter):
    """Connects to one fixed address, and asks there for the name of the URL, in TLS too."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> ConnectionPool:
        """A pool for the fixed address, which checks the certificate against the name."""
        target, for_tls = self.build_connection_pool_key_attributes(request, verify, cert)
        pool_kwargs: dict[str, Any] = {**for_tls}
        if target["scheme"] == "https":
            pool_kwargs |= {"server_hostname": target["host"], "assert_hostname": target["host"]}
        pool: ConnectionPool = self.poolmanager.connection_from_host(
            self._address, port=target["port"], scheme=target["scheme"], pool_kwargs=pool_kwargs
        )
        return pool
