"""Addresses for tokens: each kind in its canonical form, and a single wrong character is seen."""

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import BadAddress, check_evm_address, check_icp_account_id, check_icp_principal, check_solana_address

# The ledgers of ICP and of NNS, and a user's key.
PRINCIPALS = [
    "ryjl3-tyaaa-aaaaa-aaaba-cai",
    "rrkah-fqaaa-aaaaa-aaaaq-cai",
    "un4fu-tqaaa-aaaab-qadjq-cai",
]
ACCOUNT_ID = "4dfa940def17f1427ae47378c440f10185867677109a02bc8374fc25b9dee8af"
# From EIP-55.
EVM = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
]


def principal_text(content: bytes) -> str:
    """As the specification writes one, for this file's own questions."""
    letters = base64.b32encode(binascii.crc32(content).to_bytes(4, "big") + content).decode().rstrip("=").lower()
    return "-".join(letters[at : at + 5] for at in range(0, len(letters), 5))


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_known_principals_are_right(principal: str) -> None:
    assert check_icp_principal(principal) == principal


@pytest.mark.parametrize("written", [" ryjl3-tyaaa-aaaaa-aaaba-cai\n", "RYJL3-TYAAA-AAAAA-AAABA-CAI", "ryjl3tyaaaaaaaaaaabacai"])
def test_a_principal_gets_its_canonical_form(written: str) -> None:
    assert check_icp_principal(written) == "ryjl3-tyaaa-aaaaa-aaaba-cai"


@given(st.binary(min_size=2, max_size=29))
def test_every_principal_reads_as_itself(content: bytes) -> None:
    assert check_icp_principal(principal_text(content)) == principal_text(content)


@given(st.binary(min_size=2, max_size=29), st.data())
def test_one_wrong_character_of_a_principal_is_seen(content: bytes, data: st.DataObject) -> None:
    right = principal_text(content)
    places = [place for place, letter in enumerate(right) if letter != "-"]
    place = data.draw(st.sampled_from(places))
    letter = data.draw(st.sampled_from([letter for letter in "abcdefghijklmnopqrstuvwxyz234567" if letter != right[place]]))
    wrong = right[:place] + letter + right[place + 1 :]
    try:
        # The last letter's spare bits say nothing: then it is the same principal, in its canonical form.
        assert check_icp_principal(wrong) == right
        assert place == places[-1]
    except BadAddress:
        pass


def test_a_refusal_names_the_field() -> None:
    with pytest.raises(BadAddress) as refused:
        check_icp_principal("hello")
    assert (refused.value.code, refused.value.field) == ("bad_address", "address")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-",
        "hello",
        "ryjl3-tyaaa-aaaaa-aaaba-ca",
        "ryjl3-tyaaa-aaaaa-aaaba-cai-cai",
        "ryjl3-tyaaa-aaaaa-aaaba-ca1",
        "ryjl3-tyaaa-aaaaa-aaaba-caì",
        principal_text(b"x" * 30),
        "k2t6j-2nvnp-4zjm3-25dtz-6xhaa-c7boj-5gayf-oj3xs-i43lp-teztq-6ae-dfxgiyy.102030405060708090a0b0c0d0e0f1",
        "x" * 10_000,
        ACCOUNT_ID,
    ],
)
def test_what_is_no_principal_is_refused(written: str) -> None:
    with pytest.raises(BadAddress):
        check_icp_principal(written)


@pytest.mark.parametrize("written", ["aaaaa-aa", "2vxsx-fae"])
def test_principals_of_nobody_are_refused(written: str) -> None:
    with pytest.raises(BadAddress, match="belongs to nobody"):
        check_icp_principal(written)


def test_a_known_account_id_is_right_in_any_case() -> None:
    assert check_icp_account_id(ACCOUNT_ID) == ACCOUNT_ID
    assert check_icp_account_id(f" {ACCOUNT_ID.upper()} ") == ACCOUNT_ID


@given(st.integers(0, 63), st.integers(1, 15))
def test_one_wrong_digit_of_an_account_id_is_seen(place: int, more: int) -> None:
    digit = f"{(int(ACCOUNT_ID[place], 16) + more) % 16:x}"
    with pytest.raises(BadAddress):
        check_icp_account_id(ACCOUNT_ID[:place] + digit + ACCOUNT_ID[place + 1 :])


@pytest.mark.parametrize("written", ["", ACCOUNT_ID[:-1], f"0x{ACCOUNT_ID}", f"{ACCOUNT_ID}00", "z" * 64, "٣" * 64, PRINCIPALS[0]])
def test_what_is_no_account_id_is_refused(written: str) -> None:
    with pytest.raises(BadAddress):
        check_icp_account_id(written)


@pytest.mark.parametrize("address", EVM)
def test_addresses_of_the_standard_are_right(address: str) -> None:
    assert check_evm_address(f" {address} ") == address


@pytest.mark.parametrize("place", range(2, 42))
def test_one_wrong_digit_of_an_evm_address_is_seen(place: int) -> None:
    address = EVM[0]
    digit = f"{(int(address[place], 16) + 1) % 16:x}"
    with pytest.raises(BadAddress):
        check_evm_address(address[:place] + digit + address[place + 1 :])


@pytest.mark.parametrize(
    "written",
    ["0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED"],
)
def test_an_evm_address_without_its_check_is_refused(written: str) -> None:
    with pytest.raises(BadAddress, match="as your wallet shows it"):
        check_evm_address(written)


@pytest.mark.parametrize(
    "written",
    ["", "0x", EVM[0][2:], EVM[0] + "0", "0X" + EVM[0][2:], "0x" + "g" * 40, "0x" + "٣" * 40, ACCOUNT_ID, PRINCIPALS[0]],
)
def test_what_is_no_evm_address_is_refused(written: str) -> None:
    with pytest.raises(BadAddress):
        check_evm_address(written)


def test_the_address_of_nobody_is_refused() -> None:
    with pytest.raises(BadAddress, match="belongs to nobody"):
        check_evm_address("0x" + "0" * 40)


@pytest.mark.parametrize(
    "address",
    ["So11111111111111111111111111111111111111112", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"],
)
def test_known_addresses_of_solana_are_right(address: str) -> None:
    assert check_solana_address(f" {address} ") == address


@pytest.mark.parametrize(
    "written",
    ["", "1" * 31, "z" * 44, "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt10", EVM[0]],
)
def test_what_is_no_address_of_solana_is_refused(written: str) -> None:
    with pytest.raises(BadAddress):
        check_solana_address(written)


def test_the_address_of_nobody_on_solana_is_refused() -> None:
    with pytest.raises(BadAddress, match="belongs to nobody"):
        check_solana_address("1" * 32)
