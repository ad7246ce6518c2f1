"""Only the platform's wallet key on the Internet Computer: read from the settings, it signs and is never printed."""

from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from django.conf import settings
from icp_principal import Principal

# An Ed25519 seed, as 64 hexadecimal digits.
SEED_DIGITS = 64
# The order of the group of each curve. Source: SEC 2, "Recommended Elliptic Curve Domain Parameters", 2.4.1 and 2.4.2.
_ORDERS = {
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
}
_Private = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


class BadKey(ValueError):
    """The settings hold no key of a kind that the Internet Computer takes. The message never quotes it."""


class WalletKey:
    """A key in the shape that the agent library signs with. `sender` is the principal that the tokens belong to."""

    def __init__(self, private: _Private) -> None:
        self._private = private
        self._public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sender(self) -> Principal:
        """The principal of this key."""
        return Principal.self_authenticating(self._public)

    def sign(self, message: bytes) -> tuple[bytes, bytes]:
        """The public key (DER) and the signature. Source: "The Internet Computer Interface Specification", Signatures."""
        if isinstance(self._private, Ed25519PrivateKey):
            return self._public, self._private.sign(message)
        r, s = decode_dss_signature(self._private.sign(message, ec.ECDSA(SHA256())))
        # Of the two signatures that are right, replicas take the one with the smaller s.
        s = min(s, _ORDERS[self._private.curve.name] - s)
        return self._public, r.to_bytes(32, "big") + s.to_bytes(32, "big")


def wallet_key() -> WalletKey:
    """The key in ICRC1_WALLET_KEY: a PEM (Ed25519, secp256k1 or P-256; its line breaks may be written as \\n), or a seed in hex.

    Raises BadKey.
    """
    return _parsed(settings.ICRC1_WALLET_KEY)


@lru_cache(maxsize=2)
def _parsed(text: str) -> WalletKey:
    written = text.strip().replace("\\n", "\n")
    try:
        if written.startswith("-----BEGIN"):
            private = load_pem_private_key(written.encode(), password=None)
        elif len(written) == SEED_DIGITS:
            private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(written))
        else:
            raise BadKey("it is neither a PEM nor 64 hexadecimal digits")
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # The error's own words may quote a part of it.
        raise BadKey(str(error) if isinstance(error, BadKey) else "it cannot be read") from None
    if isinstance(private, Ed25519PrivateKey):
        return WalletKey(private)
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _ORDERS:
        return WalletKey(private)
    raise BadKey("it is of a kind that the Internet Computer does not take")
