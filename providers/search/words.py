"""How text becomes words, and words become trigrams; the index and the question must do it alike. Pure."""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+(?:[.+#][^\W_]+)*")
_CORRECTABLE = re.compile(r"[a-z]{4,40}")
_LONGEST_GROUP = 4


def fold(text: str) -> str:
    """The text in lower case without accents: "Luleå" and "lulea" are the same word to us."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).replace("\x00", "")


def words(text: str) -> list[str]:
    """The words of a text, folded, in order."""
    return _WORD.findall(fold(text))


def spoken(text: str) -> set[str]:
    """Every way to name a value by some of its neighbouring words: "Debian GNU 13" is also "debian", "gnu 13", "13"."""
    parts = words(text)
    return {
        " ".join(parts[start:end])
        for start in range(len(parts))
        for end in range(start + 1, min(start + _LONGEST_GROUP, len(parts)) + 1)
    }


def correctable(texts: Iterable[str]) -> set[str]:
    """The words worth offering as a correction: letters only, four or more; model numbers are never guessed."""
    return {word for text in texts for word in words(text) if _CORRECTABLE.fullmatch(word)}


def is_correctable(word: str) -> bool:
    """Whether a typed word may be put right at all."""
    return _CORRECTABLE.fullmatch(word) is not None


def trigrams(word: str) -> list[str]:
    """The word cut into overlapping threes, with its beginning and end marked, without repeats."""
    padded = f"  {word} "
    return sorted({padded[start : start + 3] for start in range(len(padded) - 2)})


def likeness(left: str, right: str) -> float:
    """How alike two words are, 0 to 1: the share of trigrams that both have among all that either has."""
    ours, theirs = set(trigrams(left)), set(trigrams(right))
    return len(ours & theirs) / len(ours | theirs)
