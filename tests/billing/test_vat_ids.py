"""What can be a VAT id: each member state's form, kindly said where it is missed, and nothing else let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.vat_ids import BadVatId, is_vies_id, read_vat_id, split_vat_id, tidy_vat_id
from core.errors import Refused
from core.vat import MEMBER_STATES, prefix_of_state

# One possible id of every member state: published examples and those of python-stdnum's own documentation.
POSSIBLE = (
    "ATU13585627 BE0428759497 BG175074752 CY10259033P CZ25123891 DE136695976 DK13585628 EE100931558 EL094259216 ESB58378431 "
    "FI20774740 FR40303265045 HR33392005961 HU12892312 IE6433435F IT00743110157 LT119511515 LU15027442 LV40003521600 MT11679112 "
    "NL004495445B01 PL8567346215 PT501964843 RO18547290 SE123456789701 SI50223054 SK2022749619"
).split()


def test_every_member_state_has_an_example() -> None:
    assert {vat_id[:2] for vat_id in POSSIBLE} == {prefix_of_state(state) for state in MEMBER_STATES}


@pytest.mark.parametrize("text", POSSIBLE)
def test_an_id_is_read_in_one_piece_or_two_with_or_without_its_letters(text: str) -> None:
    assert str(split_vat_id(text)) == text
    assert str(read_vat_id(text[:2], text[2:])) == text
    assert str(read_vat_id(text[:2].lower(), text)) == text
    assert tidy_vat_id(f" {text[:2].lower()} {text[2:4]}-{text[4:6]}.{text[6:]} ") == text
    assert is_vies_id(text)


def test_greece_may_be_called_by_its_country_s_code() -> None:
    for code, number in (("GR", "094259216"), ("EL", "094259216"), ("gr", "GR094259216"), ("GR", "EL 094259216")):
        found = read_vat_id(code, number)
        assert (str(found), found.prefix, found.state) == ("EL094259216", "EL", "GR")
    assert tidy_vat_id("GR094259216") == "EL094259216"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DE136695978", "its digits do not fit. Are two swapped?"),
        ("DE13669597", "has another length"),
        ("DE0", "This is not how a VAT id of Germany is written."),
        ("DEABCDEFGHI", "This is not how a VAT id of Germany is written."),
        ("FR1", "VAT id of France"),
        ("ES58378431", "VAT id of Spain"),
    ],
)
def test_what_cannot_be_an_id_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(BadVatId, match=words.replace("?", r"\?")) as refused:
        read_vat_id(text[:2], text[2:])
    assert (refused.value.code, refused.value.field) == ("vat_format", "vat_number")
    with pytest.raises(BadVatId) as refused:
        split_vat_id(text)
    assert refused.value.field == "vat_id"
    assert not is_vies_id(text)


@pytest.mark.parametrize(
    ("code", "words"),
    [("XI", "count for goods only"), ("EU", "sellers who use the One-Stop Shop"), ("CH", "member states"), ("", "EU")],
)
def test_ids_that_vies_is_not_asked_about_are_refused_kindly(code: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        read_vat_id(code, "110305878")
    assert (refused.value.code, refused.value.field) == ("vat_country", "country_code")


@pytest.mark.parametrize(
    "number",
    [
        "136695976'; DROP TABLE billing_vatcheck; --",
        "<script>",
        "13669597\x00",
        "136695976\n",
        "１３６６９５９７６",
        "1" * 41,
        "١٣٦٦٩٥٩٧٦",
        "%00",
        "../..",
    ],
)
def test_characters_that_no_id_has_are_refused(number: str) -> None:
    with pytest.raises(Refused):
        read_vat_id("DE", f"{number}x")
    with pytest.raises(Refused):
        tidy_vat_id(f"DE{number}x")


def test_a_million_characters_are_refused_at_once() -> None:
    for text in ("1" * 1_000_000, "DE" * 500_000, " " * 1_000_000 + "DE136695976x"):
        with pytest.raises(Refused):
            read_vat_id("DE", text)
        with pytest.raises(Refused):
            tidy_vat_id(f"DE{text}")


def test_ids_of_elsewhere_are_kept_as_they_are() -> None:
    assert tidy_vat_id("CHE-123.456.788") == "CHE123456788"
    assert tidy_vat_id("") == ""
    assert tidy_vat_id("gb 980 7806 84") == "GB980780684"


@pytest.mark.parametrize("text", ["XI110305878", "EU372022452", "7", "DE", "1234567890", "DE136695978"])
def test_what_can_be_nobody_s_id_is_not_kept(text: str) -> None:
    with pytest.raises(Refused) as refused:
        tidy_vat_id(text)
    assert refused.value.field == "vat_id"


@given(code=st.text(max_size=4), number=st.text(max_size=50))
def test_whatever_is_typed_there_is_a_plain_id_or_a_reason(code: str, number: str) -> None:
    try:
        found = str(read_vat_id(code, number))
    except Refused as refused:
        found = "" if not refused.reason else "DE"
    assert found.isascii()
    assert 2 <= len(found) <= 16
