"""A document speaks one language from top to bottom: every phrase in all four, every figure in its marks."""

from decimal import Decimal

import pytest

from billing.documents.phrases import LANGUAGES, PHRASES
from billing.documents.words import UnknownPhrase, Words, placeholders
from billing.states import DocumentKind, DocumentLanguage

NBSP, NARROW = "\u00a0", "\u202f"


def test_the_table_has_the_languages_that_customers_choose_from() -> None:
    assert set(LANGUAGES) == {language.value for language in DocumentLanguage}


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_is_said_in_all_languages_with_the_same_figures(phrase: str) -> None:
    texts = PHRASES[phrase]
    assert len(texts) == len(LANGUAGES)
    assert all(text.strip() == text and text for text in texts)
    assert len({frozenset(placeholders(text)) for text in texts}) == 1


@pytest.mark.parametrize("kind", DocumentKind.values)
def test_every_kind_of_document_has_a_name(kind: str) -> None:
    assert len({Words(language).say(kind) for language in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize("phrase", [phrase for phrase, texts in PHRASES.items() if len(texts[0].split()) > 3])
def test_a_sentence_is_not_left_in_english(phrase: str) -> None:
    english, *others = PHRASES[phrase]
    assert english not in others


def test_a_lacking_or_needless_figure_is_a_mistake_that_shows() -> None:
    words = Words("en")
    for wrong in ({}, {"id": "1", "name": "2"}):
        with pytest.raises(UnknownPhrase):
            words.say("vat_id", **wrong)
    with pytest.raises(UnknownPhrase):
        words.say("nothing of the kind")


def test_figures_are_put_in_as_they_are() -> None:
    assert Words("en").say("delivered_by", name="{id} {0} %s") == "Delivered by {id} {0} %s"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", f"€{NBSP}1,284.50"),
        ("de", f"1.284,50{NBSP}€"),
        ("fr", f"1{NARROW}284,50{NBSP}€"),
        ("es", f"1.284,50{NBSP}€"),
        ("xx", f"€{NBSP}1,284.50"),
    ],
)
def test_money_reads_as_in_the_language(language: str, text: str) -> None:
    assert Words(language).money(128450, "EUR") == text
    assert Words(language).money(-128450, "EUR") == f"−{text}"


def test_currencies_keep_their_own_decimals() -> None:
    assert Words("de").money(11520, "JPY") == f"11.520{NBSP}¥"
    assert Words("en").money(1230, "KWD") == f"KWD{NBSP}1.230"


@pytest.mark.parametrize(
    ("language", "rate", "text"),
    [
        ("en", "0.19", "19"),
        ("de", "0.255", "25,5"),
        ("fr", "0.055", "5,5"),
        ("es", "0", "0"),
        ("en", "0.2", "20"),
        ("de", "1", "100"),
    ],
)
def test_a_rate_shows_the_decimals_that_it_has(language: str, rate: str, text: str) -> None:
    assert Words(language).rate(rate) == f"{text}{NBSP}%"


def test_days_and_hours_and_countries() -> None:
    assert [Words(language).day("2026-10-01") for language in LANGUAGES] == [
        "1 October 2026",
        "1. Oktober 2026",
        "1 octobre 2026",
        "1 de octubre de 2026",
    ]
    assert Words("de").hours(1_555_200 + 1_800) == "432,5 Std."
    # Down, never up: nobody used more than was used.
    assert Words("en").hours(3_599) == "0.99 h"
    assert Words("fr").hours(2160 * 3600) == f"2{NARROW}160 h"
    assert Words("es").country("DE") == "Alemania"
    assert Words("en").decimal(Decimal("1000.50")) == "1,000.5"


def test_what_the_law_wants_to_read() -> None:
    assert Words("en").law("S", "DE") == ""
    assert "Article 196 of Directive 2006/112/EC" in Words("en").law("AE", "DE")
    assert "Richtlinie 2006/112/EG" in Words("de").law("O", "DE")
    assert "§ 19 UStG" in Words("fr").law("E", "DE")
    assert "art. 293 B du CGI" in Words("en").law("E", "FR")
    assert Words("es").law("E", "SE").endswith("2006/112/CE.")
