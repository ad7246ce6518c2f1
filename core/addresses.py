"""Only what an address for tokens looks like: the digits that check each other, before anything is sent to it."""

import base64
import binascii
import re

from Crypto.Hash import keccak
from django.utils.translation import gettext as _

from core.errors import Refused

# A principal is up to 29 bytes; with its check sequence that is 53 characters, with the dashes between them 63.
# Source: "ID encoding specification", internetcomputer.org.
_PRINCIPAL = re.compile(r"[a-z2-7-]{1,63}", re.ASCII)
_PRINCIPAL_BYTES = 29
_CHECK_BYTES = 4
# The management canister and whoever calls without a key: what is sent there belongs to nobody, or to everybody.
_NOBODY = (b"", b"\x04")
_ACCOUNT_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)
_EVM = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_SIGNS58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58 = re.compile(f"[{_SIGNS58}]{{32,44}}", re.ASCII)
_SOLANA_BYTES = 32
# The system program: all zeros.
_SOLANA_NOBODY = "1" * 32
# Nobody has the key to it.
_EVM_ZERO = "0x" + "0" * 40


class BadAddress(Refused):
    """What was typed cannot be an address of its network, or tokens sent there would be lost."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, code="bad_address", field="address")


def check_icp_principal(text: str) -> str:
    """The Internet Computer's principal in its canonical form: small letters and digits, in groups of five.

    Raises BadAddress for what is none, and for the two principals that belong to nobody.
    """
    written = text.strip().lower()
    if "." in written:
        raise BadAddress(_("This is an account with a sub-account. Give a principal alone, or an account id of 64 digits."))
    if not _PRINCIPAL.fullmatch(written):
        raise BadAddress(_("A principal has groups of five small letters and digits from 2 to 7, with dashes between them."))
    decoded = _decoded(written.replace("-", ""))
    check, principal = decoded[:_CHECK_BYTES], decoded[_CHECK_BYTES:]
    if len(decoded) < _CHECK_BYTES or len(principal) > _PRINCIPAL_BYTES or check != _crc32(principal):
        raise BadAddress(_("This is not a possible principal: its characters do not fit each other. Is one missing or mistyped?"))
    if principal in _NOBODY:
        raise BadAddress(_("This principal belongs to nobody; tokens sent to it would be lost."))
    return _grouped(principal)


def check_icp_account_id(text: str) -> str:
    """An account id of the ICP ledger in its canonical form: 64 hexadecimal digits, small. Raises BadAddress for what is none.

    Its first four bytes are the CRC-32 of the other 28.
    """
    written = text.strip().lower()
    if not _ACCOUNT_ID.fullmatch(written):
        raise BadAddress(_("An account id has 64 digits and letters from a to f."))
    decoded = bytes.fromhex(written)
    if decoded[:_CHECK_BYTES] != _crc32(decoded[_CHECK_BYTES:]):
        raise BadAddress(_("This is not a possible account id: its digits do not fit each other. Are two swapped?"))
    return written


def check_evm_address(text: str) -> str:
    """An address of Ethereum and its kin with the capitals of EIP-55, which are its check digits.

    Raises BadAddress for what is none, and for one in small letters alone: it carries no check, a mistyped digit could not be
    seen, and nobody could bring the tokens back.
    """
    written = text.strip()
    if not _EVM.fullmatch(written):
        raise BadAddress(_("An address begins with 0x; 40 digits and letters from a to f follow."))
    if written == _EVM_ZERO:
        raise BadAddress(_("This address belongs to nobody; tokens sent to it would be lost."))
    capitals = _with_capitals(written[2:].lower())
    if written == capitals:
        return capitals
    if written[2:] in {written[2:].lower(), written[2:].upper()}:
        raise BadAddress(_("Copy the address as your wallet shows it, with small letters and capitals: they tell a mistyped one."))
    raise BadAddress(_("This is not a possible address: its small letters and capitals do not fit. Is a character mistyped?"))


def check_solana_address(text: str) -> str:
    """An address of Solana: 32 bytes in base 58. Raises BadAddress for what is none. Nothing in it checks a mistyped letter."""
    written = text.strip()
    if not _BASE58.fullmatch(written) or _base58_bytes(written) != _SOLANA_BYTES:
        raise BadAddress(_("An address of Solana has 32 to 44 letters and digits, without 0, O, I and l. Copy it once more."))
    if written == _SOLANA_NOBODY:
        raise BadAddress(_("This address belongs to nobody; tokens sent to it would be lost."))
    return written


def _base58_bytes(written: str) -> int:
    value = 0
    for sign in written:
        value = value * len(_SIGNS58) + _SIGNS58.index(sign)
    # Each leading 1 is a byte of zeros.
    return (value.bit_length() + 7) // 8 + len(written) - len(written.lstrip("1"))


def _decoded(letters: str) -> bytes:
    padded = letters.upper() + "=" * (-len(letters) % 8)
    try:
        return base64.b32decode(padded)
    except binascii.Error:
        return b""


def _grouped(principal: bytes) -> str:
    letters = base64.b32encode(_crc32(principal) + principal).decode().rstrip("=").lower()
    return "-".join(letters[at : at + 5] for at in range(0, len(letters), 5))


def _crc32(content: bytes) -> bytes:
    return binascii.crc32(content).to_bytes(_CHECK_BYTES, "big")


def _with_capitals(digits: str) -> str:
    # EIP-55: a letter is a capital where the digit at its place in the hash is eight or more.
    digest = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    return "0x" + "".join(digit.upper() if int(place, 16) > 7 else digit for digit, place in zip(digits, digest, strict=False))
