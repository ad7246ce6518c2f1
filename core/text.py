"""Which text PostgreSQL can store, and what to do with the rest: NUL and lone surrogates would end in an error 500."""

from typing import Any

REPLACEMENT = "\ufffd"


def is_storable(text: str) -> bool:
    """Whether PostgreSQL takes it as text or inside jsonb: no NUL, no half of a surrogate pair."""
    if "\x00" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def storable(value: Any) -> Any:
    """The same JSON value with every character that cannot be stored replaced by U+FFFD, keys too."""
    if isinstance(value, str):
        if is_storable(value):
            return value
        return "".join(
            REPLACEMENT if character == "\x00" or "\ud800" <= character <= "\udfff" else character for character in value
        )
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value
