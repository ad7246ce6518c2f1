"""Letters of a query: blanks, words, quotes, brackets and what mends them. Pure."""

import unicodedata
from collections.abc import Iterator

from django.utils.translation import gettext as _

from providers.search.language import OPENERS


class Fault(Exception):
    """What is wrong between `start` and `end` of the text, and what would stand there if it were right."""

    def __init__(self, message: str, start: int, end: int, mended: str) -> None:
        super().__init__(message)
        self.message, self.start, self.end, self.mended = message, start, end, mended


def is_blank(letter: str) -> bool:
    """Space, or a character that is no text at all: controls and halves of surrogate pairs."""
    return letter.isspace() or unicodedata.category(letter) in ("Cc", "Cs")


class Scanner:
    """A text and the place that was read up to."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def next(self) -> str:
        """The letter at this place, "" at the end."""
        return self.text[self.at : self.at + 1]

    def is_over(self) -> bool:
        """Whether a word cannot go on here."""
        return not self.next or is_blank(self.next)

    def skip_blank(self) -> None:
        """Go on to the next letter that is text."""
        while self.next and is_blank(self.next):
            self.at += 1

    def stands(self, keyword: str) -> bool:
        """Whether the keyword stands here as a word of its own."""
        end = self.at + len(keyword)
        return self.text.startswith(keyword, self.at) and (
            end == len(self.text) or is_blank(self.text[end]) or self.text[end] in OPENERS
        )

    def take(self, keyword: str) -> bool:
        """Step over the keyword if it stands here."""
        if not self.stands(keyword):
            return False
        self.at += len(keyword)
        return True

    def word(self, stops: str) -> str:
        """Letters up to a blank, a bracket, a quote or one of `stops`; one at least, or a Fault."""
        start = self.at
        while not self.is_over() and self.next not in OPENERS and self.next not in stops:
            self.at += 1
        if self.at == start:
            letter = self.next
            raise Fault(_("A word is missing here."), start, start + len(letter), "")
        return self.text[start : self.at]

    def quoted(self) -> str:
        """What stands between the quote here and the next one."""
        start = self.at
        end = self.text.find('"', start + 1)
        if end < 0:
            message = _("The quote opened at character %(place)s is never closed.") % {"place": start + 1}
            raise Fault(message, start, len(self.text), self.text[start:].rstrip() + '"')
        self.at = end + 1
        inside = "".join(" " if is_blank(letter) else letter for letter in self.text[start + 1 : end])
        if not inside.strip():
            raise Fault(_("Nothing stands between the quotes."), start, self.at, "")
        return " ".join(inside.split())

    def alternatives(self) -> Iterator[int]:
        """Step through (a OR b OR c): yields before each alternative, which the caller reads; a Fault if the bracket is off."""
        opened = self.at
        self.at += 1
        self.skip_blank()
        if self.next == ")":
            raise Fault(_("Nothing stands between the brackets."), opened, self.at + 1, "")
        while True:
            self._refuse_unclosed(opened, self.text[opened : self.at])
            if self.next in ("(", "-") or self.stands("OR"):
                raise Fault(_("A value is expected here."), self.at, self.at + (2 if self.stands("OR") else 1), "")
            yield self.at
            read = self.at
            self.skip_blank()
            if self.next == ")":
                self.at += 1
                return
            self._refuse_unclosed(opened, self.text[opened:read])
            if not self.take("OR"):
                raise Fault(_("Values in brackets are joined by OR."), read, self.at, " OR ")
            after = self.at
            self.skip_blank()
            if self.next == ")":
                raise Fault(_("A value has to follow OR."), read, after, "")

    def _refuse_unclosed(self, opened: int, so_far: str) -> None:
        if self.next:
            return
        message = _("The bracket opened at character %(place)s is never closed.") % {"place": opened + 1}
        values = so_far.rstrip().removesuffix(" OR").rstrip()
        raise Fault(message, opened, len(self.text), values + ")" if values != "(" else "")
