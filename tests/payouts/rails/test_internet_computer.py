"""Only certified answers are believed, whoever forges which part of one; and requests are such as replicas take."""

from datetime import UTC, datetime, timedelta

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from icp_candid.candid import Types
from icp_certificate.certificate import Certificate
from icp_principal import Principal
from pytest_django import Settings

from billing.gateway_facts import GatewayError
from core import clock
from payouts.ic_agent import ask
from payouts.ic_certificate import ROOT_KEY, BadCertificate, checked_certificate, is_signed
from payouts.ic_key import BadKey, wallet_key
from tests.payouts.rails.replica import LEDGER, BlsKey, Replica, Tree, digest, leaf, signed

# Answered and signed by mainnet years ago: a rejected call, its subnet's key vouched for by the root key.
FROM_MAINNET = bytes.fromhex(
    "d9d9f7a364747265658301830182045820250f5e26868d9c1ea7ab29cbe9c15bf1c47c0d7605e803e39e375a7fe09c6ebb830183024e726571756573"
    "745f7374617475738301820458204b268227774ec77ff2b37ecb12157329d54cf376694bdd59ded7803efd82386f83025820edad510eaaa08ed2acd4"
    "781324e6446269da6753ec17760f206bbe81c465ff528301830183024b72656a6563745f636f64658203410383024e72656a6563745f6d6573736167"
    "658203584443616e69737465722069766733372d71696161612d61616161622d61616167612d63616920686173206e6f20757064617465206d657468"
    "6f64202772656769737465722783024673746174757382034872656a65637465648204582097232f31f6ab7ca4fe53eb6568fc3e02bc22fe94ab31d0"
    "10e5fb3c642301f1608301820458203a48d1fc213d49307103104f7d72c2b5930edba8787b90631f343b3aa68a5f0a83024474696d65820349e2dc93"
    "9091c696eb16697369676e6174757265583089a2be21b5fa8ac9fab1527e041327ce899d7da971436a1f2165393947b4d942365bfe5488710e61a619"
    "ba48388a21b16a64656c65676174696f6ea2697375626e65745f6964581dd77b2a2f7199b9a8aec93fe6fb588661358cf12223e9a3af7b4ebac4026b"
    "6365727469666963617465590231d9d9f7a26474726565830182045820ae023f28c3b9d966c8fb09f9ed755c828aadb5152e00aaf700b18c9c067294"
    "b483018302467375626e6574830182045820e83bb025f6574c8f31233dc0fe289ff546dfa1e49bd6116dd6e8896d90a4946e830182045820e7826190"
    "92d69d5bebf0924138bd4116b0156b5a95e25c358ea8cf7e7161a661830183018204582062513fa926c9a9ef803ac284d620f303189588e1d3904349"
    "ab63b6470856fc4883018204582060e9a344ced2c9c4a96a0197fd585f2d259dbd193e4eada56239cac26087f9c58302581dd77b2a2f7199b9a8aec9"
    "3fe6fb588661358cf12223e9a3af7b4ebac402830183024f63616e69737465725f72616e6765738203581bd9d9f781824a000000000020000001014a"
    "00000000002fffff010183024a7075626c69635f6b657982035885308182301d060d2b0601040182dc7c0503010201060c2b0601040182dc7c050302"
    "010361009933e1f89e8a3c4d7fdcccdbd518089e2bd4d8180a261f18d9c247a52768ebce98dc7328a39814a8f911086a1dd50cbe015e2a53b7bf78b5"
    "5288893daa15c346640e8831d72a12bdedd979d28470c34823b8d1c3f4795d9c3984a247132e94fe82045820996f17bb926be3315745dea7282005a7"
    "93b58e76afeb5d43d1a28ce29d2d158583024474696d6582034995b8aac0e4eda2ea16697369676e61747572655830ace9fcdd9bc977e05d6328f889"
    "dc4e7c99114c737a494653cb27a1f55c06f4555e0f160980af5ead098acc195010b2f7"
)


def symbol() -> str:
    return str(ask(LEDGER, "icrc1_symbol", [], Types.Text))


def test_a_certificate_of_mainnet_is_signed_by_its_subnet_and_the_subnet_s_by_the_root_key() -> None:
    parts = cbor2.loads(FROM_MAINNET)
    above = cbor2.loads(parts["delegation"]["certificate"])
    root = ROOT_KEY[-96:]
    subnet = bytes(Certificate(above).lookup([b"subnet", parts["delegation"]["subnet_id"], b"public_key"]))[-96:]
    assert is_signed(root, above["signature"], _message(above["tree"]))
    assert is_signed(subnet, parts["signature"], _message(parts["tree"]))
    assert not is_signed(root, parts["signature"], _message(parts["tree"]))
    assert not is_signed(subnet, parts["signature"], _message(above["tree"]))


def _message(tree: Tree) -> bytes:
    return b"\x0dic-state-root" + digest(tree)


def test_an_answer_is_believed_when_the_root_vouches_for_the_subnet_that_signed_it(ic: Replica) -> None:
    assert symbol() == "ckUSDC"


def test_an_answer_that_takes_long_is_waited_for(ic: Replica) -> None:
    ic.slow = True
    assert symbol() == "ckUSDC"
    assert ic.calls("icrc1_symbol") == 1


def test_an_answer_signed_by_anybody_else_is_none(ic: Replica) -> None:
    ic.signs_with = BlsKey(666)
    with pytest.raises(GatewayError, match="not signed by whom it should be") as refused:
        symbol()
    assert not refused.value.permanent


def test_a_subnet_that_another_root_vouches_for_is_not_believed(ic: Replica, settings: Settings) -> None:
    settings.ICRC1_ROOT_KEY = ""
    with pytest.raises(GatewayError, match="not signed by whom it should be"):
        symbol()


def test_an_answer_of_another_hour_is_a_recording(ic: Replica) -> None:
    now = ic.now()
    name = b"n" * 32
    ic.answered[name] = leaf(b"")
    raw = ic.certificate(name)
    ledger, at = Principal.from_str(LEDGER).bytes, datetime.fromtimestamp(now // 10**9, UTC)
    assert checked_certificate(raw, ledger, ic.root.der, at)
    for later in (timedelta(minutes=6), -timedelta(minutes=6)):
        with pytest.raises(BadCertificate, match="not of this moment"):
            checked_certificate(raw, ledger, ic.root.der, at + later)


def test_a_subnet_answers_for_its_own_canisters_only(ic: Replica) -> None:
    ic.answered[b"n" * 32] = leaf(b"")
    other = Principal.from_str("ryjl3-tyaaa-aaaaa-aaaba-cai").bytes
    with pytest.raises(BadCertificate):
        checked_certificate(ic.certificate(b"n" * 32), other, ic.root.der, clock.now())


def test_a_changed_leaf_breaks_the_signature(ic: Replica) -> None:
    ic.answered[b"n" * 32] = leaf(b"paid")
    raw = ic.certificate(b"n" * 32)
    assert b"paid" in raw
    with pytest.raises(BadCertificate, match="not signed"):
        checked_certificate(raw.replace(b"paid", b"PAID"), Principal.from_str(LEDGER).bytes, ic.root.der, clock.now())


def test_what_the_root_itself_has_signed_needs_nobody_between(ic: Replica) -> None:
    tree = [2, b"time", leaf(b"\x80\x80\x80\x80\x80\x80\x80\x01")]
    raw = cbor2.dumps({"tree": tree, "signature": signed(tree, ic.root)})
    with pytest.raises(BadCertificate, match="not of this moment"):
        checked_certificate(raw, b"", ic.root.der, clock.now())


@pytest.mark.parametrize("raw", [b"", b"\xff", cbor2.dumps({}), cbor2.dumps({"tree": [9], "signature": b""}), cbor2.dumps(["x"])])
def test_rubbish_is_no_certificate(raw: bytes) -> None:
    with pytest.raises(BadCertificate):
        checked_certificate(raw, b"", ROOT_KEY, clock.now())


def test_a_rejection_and_a_broken_line_are_no_answers(ic: Replica) -> None:
    ic.rejects = "canister trapped"
    with pytest.raises(GatewayError, match="canister trapped"):
        symbol()
    ic.rejects = ""
    ic.drops["icrc1_symbol"] = 1
    with pytest.raises(GatewayError):
        symbol()
    assert symbol() == "ckUSDC"


def test_an_answer_of_another_type_is_none(ic: Replica) -> None:
    with pytest.raises(GatewayError, match="not what icrc1_symbol promises"):
        ask(LEDGER, "icrc1_symbol", [], Types.Nat)


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP256R1()])
def test_a_key_of_either_curve_signs_what_replicas_take(ic: Replica, settings: Settings, curve: ec.EllipticCurve) -> None:
    private = ec.generate_private_key(curve)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    settings.ICRC1_WALLET_KEY = pem.replace("\n", "\\n")
    assert symbol() == "ckUSDC"
    assert ic.requests[0]["sender"] == wallet_key().sender().bytes


@pytest.mark.parametrize("key", ["", "abc", "z" * 64, "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----"])
def test_a_key_that_is_none_is_refused_without_being_quoted(settings: Settings, key: str) -> None:
    settings.ICRC1_WALLET_KEY = key
    with pytest.raises(BadKey) as refused:
        wallet_key()
    assert not key or key not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_key_is_never_printed(settings: Settings) -> None:
    settings.ICRC1_WALLET_KEY = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    assert "9d61" not in repr(wallet_key()) + str(wallet_key())
