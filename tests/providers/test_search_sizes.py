"""Sizes typed as words: a number belongs to the unit behind it."""

import pytest

from providers.search.language import Phrase, QueryError, Text, Word, render
from providers.search.parser import parse
from providers.search.sizes import read, spoken_sizes


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("8 cores, 32 GB, Germany", '"8 cores" "32 gb" Germany'),
        ("2 tb storage", '"2 tb" storage'),
        ("cores 8", "cores 8"),
        ("8 -cores", "8 -cores"),
        ('"8 cores"', '"8 cores"'),
        ("rtx 4090 gb300", "rtx 4090 gb300"),
        ("country:DE 8 vcpu", 'country:DE "8 vcpu"'),
    ],
)
def test_a_number_and_its_unit_are_one_phrase(typed: str, canonical: str) -> None:
    assert render(read(typed)) == canonical


def test_a_joined_query_reads_as_itself() -> None:
    joined = read("8 cores, 32 GB")
    assert read(render(joined)) == joined
    assert joined.parts == (Text((Phrase("8 cores"),)), Text((Phrase("32 gb"),)))


def test_what_is_no_size_stays_as_it_was_parsed() -> None:
    assert read("fast server") == parse("fast server")
    assert read("8").parts == (Text((Word("8"),)),)


def test_faults_are_the_parsers() -> None:
    with pytest.raises(QueryError):
        read("country:(DE OR")


def test_an_offering_says_its_sizes_the_way_they_are_typed() -> None:
    said = spoken_sizes(8, ("32", "1920"))
    for phrase in ("8 cores", "8 vcpu", "32 gb", "32gb", "1920 gb", "1.92 tb"):
        assert phrase in said
    assert spoken_sizes(0, ()) == ""
