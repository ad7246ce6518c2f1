"""The query language: what can be asked, where an error points, and that nothing typed can break it."""

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from providers.search.fields import FIELDS, Kind
from providers.search.language import KEYWORDS, Condition, Is, Phrase, Query, QueryError, Range, Text, Word, render
from providers.search.parser import LONGEST, parse
from providers.search.words import words as in_words


def test_the_whole_language_in_one_query() -> None:
    query = parse('cores:>=4 memory:[16 TO 64] country:(DE OR NL) -type:gpu "free text" ryzen')
    assert query.parts == (
        Condition("cores", (Range(Decimal(4), None),)),
        Condition("memory", (Range(Decimal(16), Decimal(64)),)),
        Condition("country", (Is("DE"), Is("NL"))),
        Condition("type", (Is("gpu"),), negated=True),
        Text((Phrase("free text"),)),
        Text((Word("ryzen"),)),
    )


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("RAM:>=64GB", "memory:>=64"),
        ("memory:1tb", "memory:1024"),
        ("disk:>1.5tb", "disk:>1500"),
        ("uplink:>=10gbit", "uplink:>=10000"),
        ("price:<=40€", "price:<=40"),
        ("uptime:>=99.99%", "uptime:>=99.99"),
        ("memory:16..64", "memory:[16 TO 64]"),
        ("memory:[16 TO *]", "memory:>=16"),
        ("memory:[* TO *]", "memory:[* TO *]"),
        ("cores:=4", "cores:4"),
        ("country:germany", "country:DE"),
        ('country:"United Kingdom"', "country:GB"),
        ("country:uk", "country:GB"),
        ("type:vps", "type:compute"),
        ("gpu:>=2", "gpu:>=2"),
        ("gpu:4090", "gpu:4090"),
        ("gpu:=4090", "gpu:=4090"),
        ("traffic:unmetered", "traffic:unmetered"),
        ('os:"Debian 13"', 'os:"debian 13"'),
        ("ecc:true -auto:no", "ecc:yes -auto:no"),
        ("NOT type:gpu", "-type:gpu"),
        ("a AND b", "a b"),
        ("ryzen OR epyc", "(ryzen OR epyc)"),
        ("country:DE OR country:NL", "country:(DE OR NL)"),
        ("--fast", "fast"),
        ("city:Luleå", "city:lulea"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_spellings_become_one(typed: str, canonical: str) -> None:
    assert render(parse(typed)) == canonical


@pytest.mark.parametrize(
    ("typed", "position", "length", "repaired"),
    [
        ("cores:>=16 memory:>=512 country:(DE OR", 32, 6, "cores:>=16 memory:>=512 country:DE"),
        ("country:(DE NL)", 11, 1, "country:(DE OR NL)"),
        ("country:(DE OR )", 11, 3, "country:DE"),
        ("corse:>=4", 0, 5, "cores:>=4"),
        ("qqq:zzz", 0, 4, "qqq zzz"),
        ("memory:[64 TO 16]", 7, 10, "memory:[16 TO 64]"),
        ("memory:[16 64]", 7, 7, "memory:[16 TO 64]"),
        ("memory:[16 TO 64 cores:4", 7, 9, "memory:[16 TO 64] cores:4"),
        ("type:gpuu", 5, 4, "type:gpu"),
        ("country:germny", 8, 6, "country:DE"),
        ("cores:many", 6, 4, "cores:0"),
        ("memory:64kb", 7, 4, "memory:64"),
        ("os:>=13", 3, 2, "os:13"),
        ('fast "quiet', 5, 6, 'fast "quiet"'),
        ("fast )", 5, 1, "fast"),
        ("cores:", 0, 6, ""),
        ("fast -", 5, 1, "fast"),
        ("fast OR", 5, 2, "fast"),
        ("ecc:perhaps", 4, 7, "ecc:yes"),
        ("cores:4 OR country:DE", 8, 2, "cores:4 country:DE"),
        ("cores:99999999999", 6, 11, "cores:0"),
    ],
)
def test_an_error_points_at_the_place_and_offers_a_query_that_works(typed: str, position: int, length: int, repaired: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(typed)
    error = caught.value
    assert (error.position, error.length, error.repaired) == (position, length, repaired)
    assert error.message


def test_an_error_keeps_what_was_understood_before_it() -> None:
    with pytest.raises(QueryError) as caught:
        parse("cores:>=16 memory:>=512 country:(DE OR")
    assert caught.value.before == "cores:>=16 memory:>=512"


def test_what_is_too_long_is_cut_at_a_word() -> None:
    with pytest.raises(QueryError) as caught:
        parse("quiet " * 100)
    assert len(caught.value.repaired) <= LONGEST
    assert set(caught.value.repaired.split()) == {"quiet"}


numbers = st.decimals(min_value=0, max_value=999_999_999, places=3)
bounds = st.one_of(st.none(), numbers)
plain = st.from_regex(r"[a-z0-9]{1,12}( [a-z0-9]{1,12})?", fullmatch=True)
words = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), exclude_characters='"()[]:'), min_size=1).filter(
    lambda text: bool(in_words(text)) and text[0] != "-" and text not in KEYWORDS and len(text) < 40
)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    low, high = draw(bounds), draw(bounds)
    if low is not None and high is not None:
        return Range(min(low, high), max(low, high))
    return Range(low, high, above=low is not None and draw(st.booleans()), below=high is not None and draw(st.booleans()))


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(FIELDS))
    value: st.SearchStrategy[Is | Range]
    if field.kind is Kind.NUMBER or (field.choices and field.takes_numbers):
        value = ranges()
    elif field.kind is Kind.NUMBER_OR_NAME:
        value = ranges() | plain.filter(lambda text: not text.isdigit() or int(text) > 64).map(Is)
    elif field.kind is Kind.FLAG:
        value = st.sampled_from(["yes", "no"]).map(Is)
    elif field.kind is Kind.COUNTRY:
        value = st.sampled_from(["DE", "NL", "NO", "GB"]).map(Is)
    elif field.choices:
        value = st.sampled_from(sorted(field.choices.values())).map(Is)
    else:
        value = plain.map(Is)
    values = draw(st.lists(value, min_size=1, max_size=3, unique=True))
    return Condition(field.name, tuple(values), draw(st.booleans()))


texts = st.builds(
    Text,
    st.lists(words.map(Word) | plain.map(Phrase), min_size=1, max_size=3, unique=True).map(tuple),
    st.booleans(),
)
queries = st.lists(conditions() | texts, max_size=6).map(lambda parts: Query(tuple(parts)))


@given(queries)
@settings(max_examples=400, deadline=None)
def test_every_query_reads_back_as_itself(query: Query) -> None:
    written = render(query)
    if len(written) <= LONGEST:
        assert parse(written) == query


def understood(typed: str) -> Query:
    """The query, or the repaired one; an error's place lies within what was typed."""
    try:
        return parse(typed)
    except QueryError as error:
        place, length, repaired, before = error.position, error.length, error.repaired, error.before
    assert 0 <= place <= len(typed)
    assert length >= 1
    parse(before)
    return parse(repaired)


@given(st.text(max_size=120) | st.text('ab4 :()[]"->=<*.ORTN\x00€%', max_size=60) | st.text(max_size=600))
@example("\x00\ud800")
@example("gpu:(((((")
@example("country:(DE OR (NL))")
@example("memory:[1 TO 2 TO 3]")
@settings(max_examples=1500, deadline=None)
def test_nothing_typed_raises_anything_but_a_query_error(typed: str) -> None:
    query = understood(typed)
    assert parse(render(query)) == query or len(render(query)) > LONGEST
