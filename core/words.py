"""Only words said again and again: translations and figures in words, looked up once per process and language.

For presenters of lists, which say the same few things in every row: an ordinary look-up costs more than the row around it.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import ParamSpec, cast

from django.utils import translation

__all__ = ["gettext", "kept_words"]

P = ParamSpec("P")


@lru_cache(maxsize=4096)
def _gettext(_language: str | None, message: str) -> str:
    return translation.gettext(message)


def gettext(message: str) -> str:
    """The message in the active language. For messages that stand in the code, not for what somebody wrote."""
    return _gettext(translation.get_language(), message)


def kept_words(say: Callable[P, str]) -> Callable[P, str]:
    """Remember what was said of the same figures in the same language: a page of rows says few things many times."""

    @lru_cache(maxsize=4096)
    def kept(_language: str | None, *figures: Hashable) -> str:
        return cast(Callable[..., str], say)(*figures)

    @wraps(say)
    def said(*args: P.args, **kwargs: P.kwargs) -> str:
        return kept(translation.get_language(), *cast(tuple[Hashable, ...], args), *cast(dict[str, Hashable], kwargs).values())

    return said
