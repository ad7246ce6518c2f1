"""The only module that reads SSH public keys. It parses the blob for real and gives back one canonical line."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key
from django.utils.translation import gettext as _

from core.errors import Refused

# The longest real key, RSA with 16 384 bits, has about 2 800 characters and a comment.
LONGEST_LINE = 8192
RSA_BITS_AT_LEAST = 2048
RSA_BITS_AT_MOST = 16384

_SK_ED25519 = "sk-ssh-ed25519@openssh.com"
_SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
_PLAIN_TYPES = frozenset({"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"})
_TYPES = _PLAIN_TYPES | {_SK_ED25519, _SK_ECDSA}
_SECRET = re.compile(r"PRIVATE KEY|PuTTY-User-Key-File", re.IGNORECASE)


@dataclass(frozen=True)
class PublicKey:
    """A key that was parsed: `line` is "type base64" without options or comment, `fingerprint` as ssh-keygen prints it."""

    key_type: str
    bits: int
    line: str
    fingerprint: str
    comment: str


def parse_public_key(text: str) -> PublicKey:
    """Read one public key as it stands in a .pub file.

    Raises Refused on field `public_key`, with code `ssh_key_private`, `ssh_key_form`, `ssh_key_options`,
    `ssh_key_type`, `ssh_key_damaged` or `ssh_key_weak`.
    """
    if _SECRET.search(text):
        raise _refused(
            "ssh_key_private",
            _(
                "This is a private key. It has just left your machine, so treat it as leaked: make a new pair with "
                "ssh-keygen, replace this one everywhere, and paste only the file that ends in .pub. We kept nothing."
            ),
        )
    line = text.strip()
    if not line or len(line) > LONGEST_LINE or not line.replace("\t", " ").isprintable():
        raise _refused("ssh_key_form", _("Paste one key, on one line, as it stands in the file that ends in .pub."))
    words = line.split(None, 2)
    key_type = words[0]
    if key_type not in _TYPES:
        raise _unknown_type(line, key_type)
    if len(words) < 2:
        raise _refused("ssh_key_form", _("The key is cut off after its type. Copy the whole line."))
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise _damaged() from error
    if _inner_type(blob) != key_type:
        raise _refused(
            "ssh_key_damaged",
            _("The line says %(type)s, but the key inside is of another type. Copy the whole line once more.") % {"type": key_type},
        )
    bits = _plain_bits(key_type, blob) if key_type in _PLAIN_TYPES else _security_key_bits(key_type, blob)
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return PublicKey(
        key_type=key_type,
        bits=bits,
        line=f"{key_type} {base64.b64encode(blob).decode()}",
        fingerprint=f"SHA256:{digest}",
        comment=" ".join(words[2].split()) if len(words) == 3 else "",
    )


def _refused(code: str, reason: str) -> Refused:
    return Refused(reason, code=code, field="public_key")


def _damaged() -> Refused:
    return _refused("ssh_key_damaged", _("The key is damaged or cut off. Copy the whole line once more."))


def _unknown_type(line: str, first: str) -> Refused:
    if any(word in _TYPES for word in re.split(r"[\s,]+", line)):
        return _refused(
            "ssh_key_options",
            _("The line begins with options. Remove everything before the type, such as ssh-ed25519."),
        )
    if "-cert-v01@" in first:
        return _refused("ssh_key_type", _("This is a certificate. Paste the plain public key that it was made from."))
    if first == "ssh-dss":
        return _refused("ssh_key_type", _("DSA keys are no longer safe. Make a new pair: ssh-keygen -t ed25519."))
    return _refused(
        "ssh_key_form",
        _("A public key begins with its type, such as ssh-ed25519, ecdsa-sha2-nistp256 or ssh-rsa."),
    )


def _take(blob: bytes, at: int) -> tuple[bytes, int]:
    """The length-prefixed string at this place and where the next one begins."""
    start = at + 4
    size = int.from_bytes(blob[at:start], "big")
    end = start + size
    if len(blob) < start or len(blob) < end:
        raise _damaged()
    return blob[start:end], end


def _inner_type(blob: bytes) -> str:
    return _take(blob, 0)[0].decode("ascii", "replace")


def _plain_bits(key_type: str, blob: bytes) -> int:
    """Size of an ed25519, ECDSA or RSA key; the key must write itself back as the very same bytes."""
    try:
        key = load_ssh_public_key(key_type.encode() + b" " + base64.b64encode(blob))
        again = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _damaged() from error
    if base64.b64decode(again) != blob:
        raise _damaged()
    if isinstance(key, ed25519.Ed25519PublicKey):
        return 256
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.key_size
    if isinstance(key, rsa.RSAPublicKey):
        return _strong_enough(key)
    raise _damaged()


def _strong_enough(key: rsa.RSAPublicKey) -> int:
    if not RSA_BITS_AT_LEAST <= key.key_size <= RSA_BITS_AT_MOST:
        raise _refused(
            "ssh_key_weak",
            _("An RSA key needs %(least)d to %(most)d bits, this one has %(bits)d. Better: ssh-keygen -t ed25519.")
            % {"least": RSA_BITS_AT_LEAST, "most": RSA_BITS_AT_MOST, "bits": key.key_size},
        )
    return key.key_size


def _security_key_bits(key_type: str, blob: bytes) -> int:
    """Size of a FIDO key: the point must lie on its curve, an application name follows, and then nothing."""
    end = _take(blob, 0)[1]
    try:
        if key_type == _SK_ECDSA:
            curve, end = _take(blob, end)
            point, end = _take(blob, end)
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            if curve != b"nistp256":
                raise _damaged()
        else:
            point, end = _take(blob, end)
            ed25519.Ed25519PublicKey.from_public_bytes(point)
    except ValueError as error:
        raise _damaged() from error
    application, end = _take(blob, end)
    if not application or end != len(blob):
        raise _damaged()
    return 256
