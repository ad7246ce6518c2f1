"""What a written value means to a field: numbers with units, yes and no, closed lists, countries. Pure."""

import re
from decimal import Decimal
from functools import cache

from django.utils.translation import gettext as _

from core.countries import CODES, country_name
from providers.search.fields import NO, YES, Field, Kind
from providers.search.language import Is, Range, Value
from providers.search.scanner import Fault
from providers.search.words import fold, likeness, words

_NUMBER = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([^\W\d_]{1,4}|[€%])?")
_FINEST = Decimal("0.000001")
_MOST = Decimal(999_999_999)


def meaning(field: Field, text: str, start: int) -> Value:
    """A plain value without sign or brackets, as it stands at `start`. Raises Fault."""
    plain = fold(text)
    if field.kind is Kind.NUMBER or (field.kind is Kind.NUMBER_OR_NAME and _is_amount(field, plain)):
        exact = amount(field, text, start)
        return Range(exact, exact)
    if field.kind is Kind.FLAG:
        return _flag(field, plain, start, len(text))
    if field.choices:
        return _choice(field, plain, start, len(text))
    if field.kind is Kind.COUNTRY:
        return _country(plain, start, len(text))
    if not words(plain):
        raise Fault(_("%(field)s needs a word.") % {"field": field.name}, start, start + len(text), "a")
    return Is(" ".join(plain.replace('"', " ").split()))


def amount(field: Field, text: str, start: int) -> Decimal:
    """A number, multiplied by its unit if it has one. Raises Fault."""
    found = _NUMBER.fullmatch(fold(text))
    unit = found.group(2) if found else None
    if found is None or (unit is not None and unit not in field.units):
        raise _not_a_number(field, text, start)
    exact = (Decimal(found.group(1)) * (field.units[unit] if unit else 1)).quantize(_FINEST)
    if exact > _MOST:
        raise Fault(_("That is more than anybody has."), start, start + len(text), str(_MOST))
    return exact


def _is_amount(field: Field, plain: str) -> bool:
    found = _NUMBER.fullmatch(plain)
    if found is None or (found.group(2) is not None and found.group(2) not in field.units):
        return False
    return field.most is None or Decimal(found.group(1)) <= field.most


def _not_a_number(field: Field, text: str, start: int) -> Fault:
    message = _("%(field)s is compared with a number.") % {"field": field.name}
    if field.units:
        message = _("%(field)s is compared with a number; units are %(units)s.") % {
            "field": field.name,
            "units": ", ".join(field.units),
        }
    begins = re.match(r"[0-9]{1,9}(?:\.[0-9]{1,6})?(?![0-9])", text)
    return Fault(message, start, start + len(text), begins.group() if begins else "0")


def _flag(field: Field, plain: str, start: int, length: int) -> Is:
    if plain in YES:
        return Is("yes")
    if plain in NO:
        return Is("no")
    raise Fault(_("%(field)s is yes or no.") % {"field": field.name}, start, start + length, "yes")


def _choice(field: Field, plain: str, start: int, length: int) -> Is:
    if plain in field.choices:
        return Is(field.choices[plain])
    kinds = list(dict.fromkeys(field.choices.values()))
    message = _("%(field)s is one of %(choices)s.") % {"field": field.name, "choices": ", ".join(kinds)}
    raise Fault(message, start, start + length, max(kinds, key=lambda kind: likeness(kind, plain)))


def _country(plain: str, start: int, length: int) -> Is:
    code = _country_codes().get(plain)
    if code is not None:
        return Is(code)
    names = _country_codes()
    nearest = max(names, key=lambda name: likeness(name, plain))
    message = _("No country is called that; use its name or its two letters, such as DE.")
    raise Fault(message, start, start + length, names[nearest])


@cache
def _country_codes() -> dict[str, str]:
    """Every way to write a country: code, English name, and the one habit that is no code."""
    codes = {fold(code): code for code in CODES}
    return {fold(country_name(code, "en")): code for code in CODES} | codes | {"uk": "GB"}
