"""Postcodes where their form is known, and kind words where it is missed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.postcodes import _FORMS, postcode_problem
from core.countries import CODES


def test_every_example_fits_its_own_form() -> None:
    assert {country: postcode_problem(country, example) for country, (_form, example) in _FORMS.items()} == dict.fromkeys(
        _FORMS, ""
    )


@pytest.mark.parametrize(
    ("country", "typed"),
    [
        ("DE", "20457"),
        ("DE", "D-20457".removeprefix("D-")),
        ("DE", "DE-20457"),
        ("NL", "1012ab"),
        ("SE", "11122"),
        ("IE", ""),
        ("HK", "-"),
    ],
)
def test_blanks_hyphens_and_letters_of_the_country_are_no_matter(country: str, typed: str) -> None:
    assert postcode_problem(country, typed) == ""


@pytest.mark.parametrize(
    ("country", "typed", "words"),
    [
        ("DE", "2045", "A German postcode has five digits."),
        ("DE", "", "A German postcode has five digits."),
        ("DE", "２０４５７", "A German postcode has five digits."),
        ("CH", "80011", "A Swiss postcode has four digits."),
        ("NL", "1012", "A Dutch postcode has four digits and two letters."),
        ("PL", "0000", "A postcode in Poland looks like 00-001."),
        ("SE", "x" * 20, "A postcode in Sweden looks like 111 22."),
    ],
)
def test_what_is_wrong_is_said_in_words(country: str, typed: str, words: str) -> None:
    assert postcode_problem(country, typed) == words


@given(country=st.sampled_from(CODES), typed=st.text(max_size=20))
def test_whatever_is_typed_there_is_an_answer(country: str, typed: str) -> None:
    assert isinstance(postcode_problem(country, typed), str)
