"""Words that are looked up once stay those of their language."""

from django.utils import translation

from core.words import gettext, kept_words


def test_a_message_is_remembered_for_each_language_by_itself() -> None:
    for _again in range(2):
        with translation.override("de"):
            assert gettext("Monday") == "Montag"
        with translation.override("en"):
            assert gettext("Monday") == "Monday"
        with translation.override(None):
            assert gettext("Monday") == "Monday"


def test_what_was_said_of_a_figure_is_said_once_a_language() -> None:
    said: list[tuple[str | None, int]] = []

    @kept_words
    def days(count: int) -> str:
        said.append((translation.get_language(), count))
        return f"{count} {gettext('Monday')}"

    for language, words in (("de", "2 Montag"), ("en", "2 Monday"), ("de", "2 Montag")):
        with translation.override(language):
            assert days(2) == words
            assert days(count=2) == words
    assert said == [("de", 2), ("en", 2)]
