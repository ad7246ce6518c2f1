"""SSH public keys: what real keys read as, and what is refused, with which words."""

import base64
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from accounts.ssh import parse_public_key
from core.errors import Refused

ED25519 = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
)


def line_of(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def packed(*parts: bytes) -> str:
    return base64.b64encode(b"".join(struct.pack(">I", len(part)) + part for part in parts)).decode()


def refusal_of(text: str) -> Refused:
    with pytest.raises(Refused) as refusal:
        parse_public_key(text)
    assert refusal.value.field == "public_key"
    return refusal.value


def test_known_key_has_the_fingerprint_that_ssh_keygen_prints() -> None:
    line, fingerprint = ED25519
    key = parse_public_key(f"  {line} git@github.com \n")
    assert (key.line, key.fingerprint, key.key_type, key.bits, key.comment) == (
        line,
        fingerprint,
        "ssh-ed25519",
        256,
        "git@github.com",
    )


@pytest.mark.parametrize(
    ("private", "key_type", "bits"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "ssh-ed25519", 256),
        (ec.generate_private_key(ec.SECP256R1()), "ecdsa-sha2-nistp256", 256),
        (ec.generate_private_key(ec.SECP384R1()), "ecdsa-sha2-nistp384", 384),
        (ec.generate_private_key(ec.SECP521R1()), "ecdsa-sha2-nistp521", 521),
        (rsa.generate_private_key(65537, 2048), "ssh-rsa", 2048),
        (rsa.generate_private_key(65537, 3072), "ssh-rsa", 3072),
    ],
)
def test_every_kind_of_plain_key_is_read(
    private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, key_type: str, bits: int
) -> None:
    key = parse_public_key(line_of(private))
    assert (key.key_type, key.bits, key.line) == (key_type, bits, line_of(private))


def test_security_keys_are_read() -> None:
    raw = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    encoded = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    for key_type, parts in (
        ("sk-ssh-ed25519@openssh.com", (raw, b"ssh:")),
        ("sk-ecdsa-sha2-nistp256@openssh.com", (b"nistp256", encoded, b"ssh:")),
    ):
        key = parse_public_key(f"{key_type} {packed(key_type.encode(), *parts)} yubikey")
        assert (key.key_type, key.bits, key.comment) == (key_type, 256, "yubikey")


def test_security_key_with_point_off_its_curve_or_bytes_behind_is_refused() -> None:
    kind = "sk-ecdsa-sha2-nistp256@openssh.com"
    assert refusal_of(f"{kind} {packed(kind.encode(), b'nistp256', b'x' * 65, b'ssh:')}").code == "ssh_key_damaged"
    kind = "sk-ssh-ed25519@openssh.com"
    assert refusal_of(f"{kind} {packed(kind.encode(), b'k' * 32, b'ssh:', b'more')}").code == "ssh_key_damaged"
    assert refusal_of(f"{kind} {packed(kind.encode(), b'k' * 31, b'ssh:')}").code == "ssh_key_damaged"


@pytest.mark.parametrize("encoding", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8])
def test_private_key_is_refused_as_leaked(encoding: PrivateFormat) -> None:
    private = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, encoding, NoEncryption()).decode()
    refusal = refusal_of(private)
    assert refusal.code == "ssh_key_private"
    assert "leaked" in refusal.reason
    assert private.splitlines()[1] not in refusal.reason


def test_putty_private_key_is_refused_as_leaked() -> None:
    assert refusal_of("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n").code == "ssh_key_private"


def test_short_rsa_is_refused_with_its_length() -> None:
    refusal = refusal_of(line_of(rsa.generate_private_key(65537, 1024)))
    assert refusal.code == "ssh_key_weak"
    assert "1024" in refusal.reason


def test_dsa_is_refused() -> None:
    key = dsa.generate_private_key(1024).public_key().public_numbers()
    assert refusal_of(f"ssh-dss {packed(b'ssh-dss', key.y.to_bytes(129, 'big'))}").code == "ssh_key_type"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f'command="rm -rf /" {ED25519[0]}', "ssh_key_options"),
        (f"no-pty,no-agent-forwarding {ED25519[0]}", "ssh_key_options"),
        (f"{ED25519[0]}\n{ED25519[0]}", "ssh_key_form"),
        (f"{ED25519[0]} comment\nsecond line", "ssh_key_form"),
        (f"{ED25519[0]}\x00", "ssh_key_form"),
        (f"{ED25519[0]} \x1b[2Jcomment", "ssh_key_form"),
        ("x" * 1_000_000, "ssh_key_form"),
        (f"{ED25519[0]} " + "c" * 1_000_000, "ssh_key_form"),
        ("", "ssh_key_form"),
        ("   ", "ssh_key_form"),
        ("ssh-ed25519", "ssh_key_form"),
        ("hello world", "ssh_key_form"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "ssh_key_type"),
        ("ssh-ed25519 not*base64", "ssh_key_damaged"),
        ("ssh-ed25519 AAAA", "ssh_key_damaged"),
        (ED25519[0][:-8], "ssh_key_damaged"),
        (ED25519[0].replace("ssh-ed25519", "ssh-rsa"), "ssh_key_damaged"),
        (f"ssh-ed25519 {packed(b'ssh-ed25519', b'k' * 33)}", "ssh_key_damaged"),
        (f"ssh-ed25519 {packed(b'ssh-ed25519', b'k' * 32, b'more')}", "ssh_key_damaged"),
        (f"ssh-ed25519 {packed(b'ssh-ed25519')}////", "ssh_key_damaged"),
        (f"ssh-rsa {packed(b'ssh-rsa', b'', b'')}", "ssh_key_damaged"),
        (f"ecdsa-sha2-nistp256 {packed(b'ecdsa-sha2-nistp256', b'nistp384', b'x' * 65)}", "ssh_key_damaged"),
    ],
)
def test_everything_else_is_refused_with_its_reason(text: str, code: str) -> None:
    assert refusal_of(text).code == code


def test_rsa_number_with_needless_zeros_is_refused() -> None:
    numbers = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
    body = packed(b"ssh-rsa", b"\x01\x00\x01", b"\x00\x00\x00" + numbers.n.to_bytes(256, "big"))
    assert refusal_of(f"ssh-rsa {body}").code == "ssh_key_damaged"


@given(st.text(max_size=300))
def test_no_text_breaks_the_parser(text: str) -> None:
    with pytest.raises(Refused):
        parse_public_key(text)


@given(st.binary(max_size=200), st.sampled_from(["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com"]))
def test_no_bytes_break_the_parser(blob: bytes, key_type: str) -> None:
    head = struct.pack(">I", len(key_type)) + key_type.encode()
    try:
        key = parse_public_key(f"{key_type} {base64.b64encode(head + blob).decode()}")
    except Refused:
        return
    assert parse_public_key(key.line) == key
