"""Reading a query: from what was typed to the tree of language.py, or to a QueryError that points at the place. Pure."""

import re
from decimal import Decimal

from django.utils.translation import gettext as _

from providers.search.fields import BY_NAME, Field
from providers.search.language import KEYWORDS, Condition, Part, Phrase, Query, QueryError, Range, Text, Value, Word, render
from providers.search.scanner import Fault, Scanner
from providers.search.values import amount, meaning
from providers.search.words import fold, likeness, words

LONGEST = 500
MOST_PARTS = 40
_MOST_REPAIRS = 12
_OPERATORS = (">=", "<=", ">", "<", "=")
_NEAR = 0.3


def parse(text: str) -> Query:
    """The query that was typed. Raises QueryError and nothing else; text of any kind may come in."""
    reader = _Reader(text)
    try:
        return reader.query()
    except Fault as fault:
        repaired, before = _repaired(text, fault), render(Query(tuple(reader.parts)))
        raise QueryError(fault.message, fault.start, max(fault.end - fault.start, 1), repaired, before) from None


def _repaired(text: str, fault: Fault) -> str:
    """The text with faults mended one after the other until it can be read; "" when too many are left."""
    for _round in range(_MOST_REPAIRS):
        text = text[: fault.start] + fault.mended + text[fault.end :]
        try:
            return render(_Reader(text).query())
        except Fault as next_fault:
            fault = next_fault
    return ""


class _Reader(Scanner):
    """The grammar, one pass over one text; `parts` is what was understood so far."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.parts: list[Part] = []

    def query(self) -> Query:
        """Everything up to the end."""
        if len(self.text) > LONGEST:
            cut = self.text.rfind(" ", 0, LONGEST)
            start = cut if cut > 0 else LONGEST
            raise Fault(_("A query has at most %(most)s characters.") % {"most": LONGEST}, start, len(self.text), "")
        parts = self.parts
        self.skip_blank()
        while self.next:
            start = self.at
            if parts and self.take("AND"):
                self._refuse_end_after("AND", start)
                parts.append(self._part())
            elif parts and self.take("OR"):
                self._refuse_end_after("OR", start)
                parts[-1] = self._joined(parts[-1], self._part(), start)
            else:
                parts.append(self._part())
            if len(parts) > MOST_PARTS:
                raise Fault(_("A query has at most %(most)s parts.") % {"most": MOST_PARTS}, start, len(self.text), "")
            self.skip_blank()
        return Query(tuple(parts))

    def _refuse_end_after(self, keyword: str, start: int) -> None:
        self.skip_blank()
        if not self.next:
            raise _one_is_missing(keyword, start)

    def _part(self) -> Part:
        start = self.at
        negated = self._negation()
        self._refuse_nothing(start)
        if self.next == "(":
            return Text(self._texts(), negated)
        if self.next == '"':
            return Text((self._phrase(),), negated)
        word_at = self.at
        word = self.word(stops=":")
        if self.next != ":":
            return Text((Word(_spoken(word, word_at, self.at)),), negated)
        field = BY_NAME.get(fold(word))
        if field is None:
            raise self._unknown_field(word, word_at)
        self.at += 1
        return Condition(field.name, self._values(field, start), negated)

    def _negation(self) -> bool:
        negated = False
        while self.next == "-" or self.stands("NOT"):
            self.at += 1 if self.next == "-" else 3
            negated = not negated
            self.skip_blank()
        return negated

    def _refuse_nothing(self, start: int) -> None:
        if not self.next:
            raise Fault(_("Something has to follow here."), start, len(self.text), "")
        if self.next in "])":
            raise Fault(_("This bracket was never opened."), self.at, self.at + 1, " ")
        if self.next == "[":
            raise Fault(_("A range belongs to a field, such as memory:[16 TO 64]."), self.at, self.at + 1, " ")
        for keyword in KEYWORDS:
            if self.stands(keyword):
                raise _one_is_missing(keyword, self.at)

    def _texts(self) -> tuple[Word | Phrase, ...]:
        texts: list[Word | Phrase] = []
        for start in self.alternatives():
            if self.next == '"':
                texts.append(self._phrase())
                continue
            word = self.word(stops=":")
            if self.next == ":":
                raise Fault(_("A field stands before its brackets, such as country:(DE OR NL)."), start, self.at + 1, "")
            texts.append(Word(_spoken(word, start, self.at)))
        return tuple(dict.fromkeys(texts))

    def _phrase(self) -> Phrase:
        start = self.at
        return Phrase(_spoken(self.quoted(), start, self.at))

    def _unknown_field(self, word: str, start: int) -> Fault:
        end = start + len(word)
        nearest = max(BY_NAME, key=lambda name: likeness(name, fold(word)))
        message = _("There is no field %(word)s.") % {"word": word}
        if likeness(nearest, fold(word)) >= _NEAR:
            return Fault(message, start, end, BY_NAME[nearest].name)
        return Fault(message, start, end + 1, f"{word} ")

    def _joined(self, left: Part, right: Part, start: int) -> Part:
        """What stands on both sides of an OR: words with words, one field with itself; nothing else."""
        if not left.negated and not right.negated:
            if isinstance(left, Text) and isinstance(right, Text):
                return Text(tuple(dict.fromkeys(left.any_of + right.any_of)))
            if isinstance(left, Condition) and isinstance(right, Condition) and left.field == right.field:
                return Condition(left.field, tuple(dict.fromkeys(left.values + right.values)))
        raise Fault(_("OR joins words, or values of one field, such as country:(DE OR NL)."), start, start + 2, "")

    # Values

    def _values(self, field: Field, start: int) -> tuple[Value, ...]:
        if self.is_over() or self.next in ")]":
            raise Fault(_("%(field)s needs a value.") % {"field": field.name}, start, self.at, "")
        if self.next != "(":
            return (self._value(field),)
        return tuple(dict.fromkeys([self._value(field) for _start in self.alternatives()]))

    def _value(self, field: Field) -> Value:
        start = self.at
        if self.next == "[":
            return self._range(field)
        if any(self.text.startswith(sign, start) for sign in _OPERATORS):
            return self._compared(field)
        if self.next == '"':
            inside = self.quoted()
            return meaning(field, inside, start + 1)
        text = self.word(stops="")
        if field.takes_numbers and ".." in text:
            low, _dots, high = text.partition("..")
            return self._ordered(_bound(field, low, start), _bound(field, high, self.at - len(high)), start)
        return meaning(field, text, start)

    def _compared(self, field: Field) -> Value:
        start = self.at
        sign = next(sign for sign in _OPERATORS if self.text.startswith(sign, start))
        self.at += len(sign)
        if not field.takes_numbers:
            message = _("%(field)s is not a number, so it cannot be compared.") % {"field": field.name}
            raise Fault(message, start, self.at, "")
        self.skip_blank()
        number_at = self.at
        if not self.next or self.next in '()[]"':
            raise Fault(_("A number has to follow %(sign)s.") % {"sign": sign}, start, self.at, f"{sign}0 ")
        bound = amount(field, self.word(stops=""), number_at)
        if sign == "=":
            return Range(bound, bound)
        if sign.startswith(">"):
            return Range(bound, None, above=sign == ">")
        return Range(None, bound, below=sign == "<")

    def _range(self, field: Field) -> Range:
        opened = self.at
        inside = re.compile(r"[^\[\]()\":]*").match(self.text, opened + 1)
        end = inside.end() if inside else opened + 1
        is_closed = self.text[end : end + 1] == "]"
        tokens = list(re.compile(r"[^\s]+").finditer(self.text, opened + 1, end))
        bounds = [token for token in tokens if token.group() != "TO"]
        low, high = [*(token.group() for token in bounds[:2]), "*", "*"][:2]
        if not field.takes_numbers:
            message = _("%(field)s is not a number, so it has no range.") % {"field": field.name}
            raise Fault(message, opened, end + is_closed, f'"{low}"')
        mended = f"[{low} TO {high}]"
        if not is_closed:
            # What follows the second bound was meant to stand behind the range.
            stop = bounds[1].end() if len(bounds) > 1 else tokens[-1].end() if tokens else opened + 1
            message = _("The bracket opened at character %(place)s is never closed.") % {"place": opened + 1}
            raise Fault(message, opened, stop, mended)
        if [token.group() == "TO" for token in tokens] != [False, True, False]:
            raise Fault(_("A range is written as [16 TO 64]."), opened, end + 1, mended)
        self.at = end + 1
        return self._ordered(_bound(field, low, bounds[0].start()), _bound(field, high, bounds[1].start()), opened)

    def _ordered(self, low: Decimal | None, high: Decimal | None, start: int) -> Range:
        if low is not None and high is not None and low > high:
            raise Fault(_("The range starts above its end."), start, self.at, f"[{high} TO {low}]")
        return Range(low, high)


def _one_is_missing(keyword: str, start: int) -> Fault:
    message = _("%(word)s joins two things; one is missing.") % {"word": keyword}
    return Fault(message, start, start + len(keyword), "")


def _spoken(text: str, start: int, end: int) -> str:
    if not words(text):
        raise Fault(_("A word has letters or digits."), start, end, " ")
    return text


def _bound(field: Field, text: str, start: int) -> Decimal | None:
    return None if text in ("*", "") else amount(field, text, start)
