"""A small replica of the Internet Computer on loopback, with a memory: an ICRC-1 ledger, its index, and keys of its own.

It speaks the HTTP interface (call, read_state) in CBOR, checks every request's id and signature by itself, and answers by
certificates that its own root key and a subnet of it have signed. Candid is encoded by the same library as in the shop: what both
get wrong alike, it cannot see.
"""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cbor2
import pyblst
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from icp_candid.candid import Types, decode, encode
from icp_certificate.certificate import DER_PREFIX, IC_BLS_DST
from icp_principal import Principal

from payouts import icrc1_rail
from payouts.ic_certificate import _GENERATOR

LEDGER, INDEX = "xevnm-gaaaa-aaaar-qafnq-cai", "xrs4b-hiaaa-aaaar-qafoa-cai"
DAY, DRIFT = 86_400 * 10**9, 60 * 10**9
Tree = list[Any]


class BlsKey:
    """A key of a subnet, or the root's."""

    def __init__(self, secret: int) -> None:
        self.secret = secret
        self.der = DER_PREFIX + pyblst.BlstP2Element().uncompress(_GENERATOR).scalar_mul(secret).compress()

    def sign(self, message: bytes) -> bytes:
        signature: bytes = pyblst.BlstP1Element().hash_to_group(message, IC_BLS_DST).scalar_mul(self.secret).compress()
        return signature


@dataclass
class Replica:
    """The memory. `drops` is how often a method's call is carried out and not answered, `errors` what the ledger says instead."""

    fee: int = 10_000
    decimals: int = 6
    symbol: str = "ckUSDC"
    now: Callable[[], int] = time.time_ns
    root: BlsKey = field(default_factory=lambda: BlsKey(0xC0FFEE))
    subnet: BlsKey = field(default_factory=lambda: BlsKey(0xBEEF))
    balances: Counter[str] = field(default_factory=Counter)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=Counter)
    errors: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    slow: bool = False
    rejects: str = ""
    signs_with: BlsKey | None = None
    answered: dict[bytes, Tree] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def calls(self, method: str) -> int:
        """How often a method was called."""
        return sum(request["method_name"] == method for request in self.requests)

    # --- The ledger ---

    def carry_out(self, request: dict[str, Any]) -> bytes:
        method, sender = request["method_name"], Principal(request["sender"])
        if Principal(request["canister_id"]).to_str() == INDEX:
            return reply(icrc1_rail._History, self._history(request["arg"]))
        match method:
            case "icrc1_symbol":
                return reply(Types.Text, self.symbol)
            case "icrc1_decimals":
                return reply(Types.Nat8, self.decimals)
            case "icrc1_fee":
                return reply(Types.Nat, self.fee)
            case "icrc1_balance_of":
                asked = decode(request["arg"], [icrc1_rail._Account])[0]["value"]
                return reply(Types.Nat, self.balances[asked["owner"].to_str()])
        assert method == "icrc1_transfer", method
        return reply(icrc1_rail._Result, self._transfer(sender, decode(request["arg"], [icrc1_rail._Transfer])[0]["value"]))

    def _transfer(self, sender: Principal, wanted: dict[str, Any]) -> dict[str, Any]:
        """In the order of the reference ledger: the fee, then time, then repeats, then the balance."""
        (created,), (fee,), amount = wanted["created_at_time"], wanted["fee"], wanted["amount"]
        if planned := self.errors.get("icrc1_transfer"):
            return {"Err": planned.pop(0)}
        if fee != self.fee:
            return {"Err": {"BadFee": {"expected_fee": self.fee}}}
        if created < self.now() - DAY - DRIFT:
            return {"Err": {"TooOld": None}}
        if created > self.now() + DRIFT:
            return {"Err": {"CreatedInFuture": {"ledger_time": self.now()}}}
        block = {"from": sender, "to": wanted["to"]["owner"], "amount": amount, "fee": fee, "memo": wanted["memo"], "at": created}
        if block in self.blocks:
            return {"Err": {"Duplicate": {"duplicate_of": self.blocks.index(block)}}}
        if self.balances[sender.to_str()] < amount + fee:
            return {"Err": {"InsufficientFunds": {"balance": self.balances[sender.to_str()]}}}
        self.balances[sender.to_str()] -= amount + fee
        self.balances[block["to"].to_str()] += amount
        self.blocks.append(block)
        return {"Ok": len(self.blocks) - 1}

    def _history(self, arg: bytes) -> dict[str, Any]:
        asked = decode(arg, [icrc1_rail._HistoryOf])[0]["value"]
        owner, before = asked["account"]["owner"], (asked["start"] or [len(self.blocks)])[0]
        mine = [number for number, block in enumerate(self.blocks) if owner in (block["from"], block["to"]) and number < before]
        return {"Ok": {"transactions": [_found(number, self.blocks[number]) for number in mine[::-1][: asked["max_results"]]]}}

    # --- The interface ---

    def call(self, envelope: dict[str, Any]) -> tuple[int, bytes]:
        with self.lock:
            request = envelope["content"]
            name = checked(envelope, "call", self.now())
            self.requests.append(request)
            if self.rejects:
                outcome = forked(labeled(b"reject_message", leaf(self.rejects.encode())), labeled(b"status", leaf(b"rejected")))
            else:
                outcome = forked(labeled(b"reply", leaf(self.carry_out(request))), labeled(b"status", leaf(b"replied")))
            self.answered[name] = outcome
            if self.drops[request["method_name"]]:
                self.drops[request["method_name"]] -= 1
                return 0, b""
            if self.slow:
                return 202, cbor2.dumps({"status": "accepted"})
            return 200, cbor2.dumps({"status": "replied", "certificate": self.certificate(name)})

    def read_state(self, envelope: dict[str, Any]) -> tuple[int, bytes]:
        with self.lock:
            checked(envelope, "read_state", self.now())
            ((_label, name),) = envelope["content"]["paths"]
            return 200, cbor2.dumps({"certificate": self.certificate(name)})

    def certificate(self, name: bytes) -> bytes:
        """The outcome of a call, signed by the subnet, for which the root vouches."""
        tree = forked(
            labeled(b"request_status", labeled(name, self.answered[name])),
            labeled(b"time", leaf(leb128(self.now()))),
        )
        subnet_id = Principal.self_authenticating(self.subnet.der).bytes
        ranges = cbor2.dumps([[Principal.from_str(LEDGER).bytes, Principal.from_str(INDEX).bytes]])
        above = forked(
            labeled(b"canister_ranges", labeled(subnet_id, labeled(b"", leaf(ranges)))),
            forked(
                labeled(b"subnet", labeled(subnet_id, labeled(b"public_key", leaf(self.subnet.der)))),
                labeled(b"time", leaf(leb128(self.now()))),
            ),
        )
        vouched = cbor2.dumps({"tree": above, "signature": signed(above, self.root)})
        signature = signed(tree, self.signs_with or self.subnet)
        return cbor2.dumps({"tree": tree, "signature": signature, "delegation": {"subnet_id": subnet_id, "certificate": vouched}})


def reply(kind: Any, value: Any) -> bytes:
    """A reply in Candid."""
    answer: bytes = encode([{"type": kind, "value": value}])
    return answer


def _found(number: int, block: dict[str, Any]) -> dict[str, Any]:
    accounts = {name: {"owner": block[name], "subaccount": []} for name in ("from", "to")}
    moved = {**accounts, "amount": block["amount"], "memo": block["memo"], "created_at_time": [block["at"]]}
    return {"id": number, "transaction": {"transfer": [moved]}}


# --- Trees and signatures, by the interface specification and not by the library ---


def leaf(value: bytes) -> Tree:
    return [3, value]


def labeled(label: bytes, tree: Tree) -> Tree:
    return [2, label, tree]


def forked(left: Tree, right: Tree) -> Tree:
    return [1, left, right]


def digest(tree: Tree) -> bytes:
    match tree:
        case [3, value]:
            return _hash("ic-hashtree-leaf", value)
        case [2, label, below]:
            return _hash("ic-hashtree-labeled", label + digest(below))
        case [1, left, right]:
            return _hash("ic-hashtree-fork", digest(left) + digest(right))
        case [4, pruned]:
            return bytes(pruned)
    raise AssertionError(tree)


def signed(tree: Tree, key: BlsKey) -> bytes:
    return key.sign(_separated("ic-state-root", digest(tree)))


def _separated(domain: str, content: bytes) -> bytes:
    return bytes([len(domain)]) + domain.encode() + content


def _hash(domain: str, content: bytes) -> bytes:
    return hashlib.sha256(_separated(domain, content)).digest()


def leb128(number: int) -> bytes:
    out = bytearray()
    while True:
        number, rest = number >> 7, number & 0x7F
        out.append(rest | (0x80 if number else 0))
        if not number:
            return bytes(out)


def request_id(value: Any) -> bytes:
    """The representation-independent hash of a request."""
    if isinstance(value, dict):
        return hashlib.sha256(b"".join(sorted(request_id(key) + request_id(item) for key, item in value.items()))).digest()
    if isinstance(value, list):
        return hashlib.sha256(b"".join(request_id(item) for item in value)).digest()
    raw = leb128(value) if isinstance(value, int) else value.encode() if isinstance(value, str) else value
    return hashlib.sha256(raw).digest()


def checked(envelope: dict[str, Any], kind: str, now: int) -> bytes:
    """The id of a request that is signed by its sender and will expire soon, as replicas ask for it."""
    content = envelope["content"]
    assert content["request_type"] == kind
    assert now < content["ingress_expiry"] <= now + 300 * 10**9
    assert len(content.get("nonce", b"")) <= 32
    assert Principal.self_authenticating(envelope["sender_pubkey"]).bytes == content["sender"]
    name = request_id(content)
    message, signature = _separated("ic-request", name), envelope["sender_sig"]
    key = load_der_public_key(envelope["sender_pubkey"])
    if isinstance(key, Ed25519PublicKey):
        key.verify(signature, message)
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    return name


# --- Its lines ---


@contextmanager
def replica() -> Iterator[tuple[Replica, str]]:
    """A running replica and its address."""
    memory = Replica()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.replica = memory  # type: ignore[attr-defined] # the handler's way to it
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield memory, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Silence."""

    def do_POST(self) -> None:
        memory: Replica = self.server.replica  # type: ignore[attr-defined] # put there by `replica`
        envelope = cbor2.loads(self.rfile.read(int(self.headers["Content-Length"])))
        _empty, _api, version, _canister, _id, verb = self.path.split("/")
        assert self.headers["Content-Type"] == "application/cbor"
        assert (version, verb) in {("v4", "call"), ("v3", "read_state")}
        status, body = memory.call(envelope) if verb == "call" else memory.read_state(envelope)
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/cbor")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
