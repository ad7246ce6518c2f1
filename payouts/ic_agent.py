"""Only the calls to the Internet Computer: a canister is asked with our wallet's key, and only a certified answer is believed.

Balances, fees and decimals are asked by replicated calls, too: an answer to a query comes from one machine that nobody vouches
for, and a wrong number of decimals would pay a thousandfold. The agent library builds requests, Candid and the trees of
certificates; they travel by `core.http`, with our time-outs.
"""

import secrets
import time
from datetime import timedelta
from typing import Any

import cbor2
from django.conf import settings
from icp_agent.agent import sign_request
from icp_candid.candid import Type, decode, encode
from icp_certificate.certificate import Certificate
from icp_principal import Principal

from billing.gateway_facts import GatewayError
from core import clock
from core.http import Answer, OutsideError, call
from payouts.ic_certificate import ROOT_KEY, BadCertificate, checked_certificate, content
from payouts.ic_key import BadKey, wallet_key
from payouts.rail_facts import nanoseconds

# How long a replica may still take a request up.
_LIVES = timedelta(minutes=4)
# A call is answered within seconds; what takes longer is asked for so often, so many seconds apart.
_LOOKS, PAUSE = 20, 1
_TIMEOUT = (3, 20)
_OK, _ACCEPTED = 200, 202
_CBOR = {"Content-Type": "application/cbor"}


def ask(canister: str, method: str, arguments: list[dict[str, Any]], answers: Type) -> Any:
    """Call a method of a canister (its id in text) and return its one answer, decoded from Candid as the type `answers`.

    Raises `GatewayError`, never permanent: whether the call was carried out is then unknown, unless its repeat tells.
    """
    target = Principal.from_str(canister)
    request = {
        **_signed_part("call"),
        "canister_id": target.bytes,
        "method_name": method,
        "arg": encode(arguments),
        "nonce": secrets.token_bytes(16),
    }
    try:
        certificate, name = _certified_answer(target, request)
        return _reply(certificate, name, method, answers)
    except (BadCertificate, BadKey, OutsideError) as error:
        raise GatewayError(f"The Internet Computer gives no answer to {method}: {error}") from error


def _certified_answer(target: Principal, request: dict[str, Any]) -> tuple[Certificate, bytes]:
    """The certificate with the outcome of a call, and the call's name in it."""
    name, envelope = sign_request(request, wallet_key())
    answer = _post("v4", target, "call", envelope)
    if answer.status_code == _OK:
        said = content(answer.content)
        if said.get("status") != "replied":
            # One machine's refusal, which nobody vouches for: the repeat will tell.
            raise OutsideError(f"not taken up: {said.get('reject_message', said.get('status'))}", permanent=False)
        return _believed(said, target), name
    if answer.status_code != _ACCEPTED:
        raise OutsideError(f"status {answer.status_code}", permanent=False)
    for _look in range(_LOOKS):
        certificate = _read_state(target, name)
        if _status(certificate, name) in {"replied", "rejected", "done"}:
            return certificate, name
        time.sleep(PAUSE)
    raise OutsideError("not answered in time", permanent=False)


def _read_state(target: Principal, name: bytes) -> Certificate:
    request = {**_signed_part("read_state"), "paths": [[b"request_status", name]]}
    answer = _post("v3", target, "read_state", sign_request(request, wallet_key())[1])
    if answer.status_code != _OK:
        raise OutsideError(f"status {answer.status_code}", permanent=False)
    return _believed(content(answer.content), target)


def _signed_part(kind: str) -> dict[str, Any]:
    return {
        "request_type": kind,
        "sender": wallet_key().sender().bytes,
        "ingress_expiry": nanoseconds(clock.now() + _LIVES),
    }


def _post(version: str, target: Principal, verb: str, envelope: bytes) -> Answer:
    url = f"{settings.ICRC1_API_BASE}/api/{version}/canister/{target.to_str()}/{verb}"
    return call("POST", url, data=envelope, headers=_CBOR, timeout=_TIMEOUT)


def _believed(said: dict[str, Any], target: Principal) -> Certificate:
    raw = said.get("certificate")
    if not isinstance(raw, bytes):
        raise BadCertificate("the answer has no certificate")
    return checked_certificate(raw, target.bytes, root_key(), clock.now())


def root_key() -> bytes:
    """The key that all trust hangs on (DER): the Internet Computer's own, or that of a replica on a desk (ICRC1_ROOT_KEY, hex)."""
    return bytes.fromhex(settings.ICRC1_ROOT_KEY) if settings.ICRC1_ROOT_KEY else ROOT_KEY


def _status(certificate: Certificate, name: bytes) -> str:
    found = certificate.lookup_request_status(name)
    return bytes(found).decode() if found else ""


def _reply(certificate: Certificate, name: bytes, method: str, answers: Type) -> Any:
    status = _status(certificate, name)
    if status == "rejected":
        raise OutsideError(f"rejected: {certificate.lookup_reject_message(name)}", permanent=False)
    raw = certificate.lookup_reply(name) if status == "replied" else None
    if raw is None:
        raise BadCertificate(f"the certificate does not tell of {method}")
    try:
        return decode(bytes(raw), [answers])[0]["value"]
    except (ValueError, TypeError, KeyError, IndexError, UnicodeDecodeError, cbor2.CBORError) as error:
        raise BadCertificate(f"the answer is not what {method} promises: {type(error).__name__}") from error
