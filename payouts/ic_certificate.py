"""Only what makes an answer of the Internet Computer believable: a certificate that its root key has signed, for our canister, now.

A certificate is a tree of hashes, its root signed with BLS12-381 by a subnet, whose own key stands in a certificate signed by the
root key. Source: "The Internet Computer Interface Specification", Certification. The tree is read by the agent library; its own
check of signatures wants a package that no index has, so they are checked here with pyblst.
"""

from datetime import datetime, timedelta
from typing import Any

import cbor2
import pyblst
from icp_certificate.certificate import IC_BLS_DST, IC_ROOT_KEY, Certificate, extract_der

from payouts.rail_facts import nanoseconds, nanoseconds_of

# The generator of the group that keys are in, compressed. Source: draft-irtf-cfrg-pairing-friendly-curves, 4.2.1.
_GENERATOR = bytes.fromhex(
    "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
)
# An older or a coming one may be a recording. Requests live as long.
FRESH = timedelta(minutes=5)
ROOT_KEY = bytes(IC_ROOT_KEY)


class BadCertificate(ValueError):
    """What came back proves nothing."""


def checked_certificate(raw: bytes, canister: bytes, root_key: bytes, now: datetime) -> Certificate:
    """The certificate in these bytes, signed under `root_key` (DER) for the canister, and fresh at `now`. Raises BadCertificate."""
    try:
        certificate = Certificate(cbor2.loads(raw))
        _check_signature(certificate, _signing_key(certificate, canister, root_key))
        made_at = certificate.lookup_time()
    except BadCertificate:
        raise
    except Exception as error:
        # It came from outside: whatever a library finds wrong with it, it proves nothing.
        raise BadCertificate(f"the certificate cannot be read: {type(error).__name__}") from error
    if abs(made_at - nanoseconds(now)) > nanoseconds_of(FRESH):
        raise BadCertificate("the certificate is not of this moment")
    return certificate


def _signing_key(certificate: Certificate, canister: bytes, root_key: bytes) -> bytes:
    """The key that must have signed it: the root's, or a subnet's that answers for this canister, vouched for by the root's."""
    if certificate.delegation is None:
        return root_key
    above = Certificate(cbor2.loads(certificate.delegation["certificate"]))
    if above.delegation is not None:
        raise BadCertificate("a subnet was vouched for by somebody else than the root")
    _check_signature(above, root_key)
    # The library looks up the subnet's key and its range of canisters; the signature was checked above.
    key: bytes = certificate.check_delegation(canister, must_verify=False)
    return key


def _check_signature(certificate: Certificate, key: bytes) -> None:
    if certificate.signature is None or not is_signed(extract_der(key), certificate.signature, certificate.signed_message()):
        raise BadCertificate("the certificate is not signed by whom it should be")


def is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a BLS signature (48 bytes, in G1) over the message was made with this key (96 bytes, in G2)."""
    try:
        point, public = pyblst.BlstP1Element().uncompress(signature), pyblst.BlstP2Element().uncompress(key)
    except ValueError:
        # No point of the curve, or outside of the group.
        return False
    hashed = pyblst.BlstP1Element().hash_to_group(message, IC_BLS_DST)
    generator = pyblst.BlstP2Element().uncompress(_GENERATOR)
    answer: bool = pyblst.final_verify(pyblst.miller_loop(point, generator), pyblst.miller_loop(hashed, public))
    return answer


def content(answer: bytes) -> dict[str, Any]:
    """The CBOR map in an answer. Raises BadCertificate for anything else."""
    try:
        found = cbor2.loads(answer)
    except (cbor2.CBORError, ValueError, EOFError):
        found = None
    if not isinstance(found, dict):
        raise BadCertificate("the answer is no map of CBOR")
    return found
