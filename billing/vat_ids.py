"""Only what a VAT id looks like, before VIES is asked: the digits that check each other, by python-stdnum."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from stdnum import get_cc_module
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidLength, ValidationError

from core.countries import country_name
from core.errors import Refused
from core.vat import prefix_of_state, state_of_prefix

# As people write them: letters, digits, and the two signs that occur in Irish ids; blanks, dots and hyphens in between.
_WRITTEN = re.compile(r"[A-Z0-9+* .\-/]{1,40}", re.ASCII)
_ANYBODY_S = re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,18}", re.ASCII)
_COMPACT = re.compile(r"[A-Z0-9+*]{2,14}", re.ASCII)
_BETWEEN = re.compile(r"[ .\-/]")


# They look like VAT ids of the Union, and never make a reverse charge for services.
NO_BUYERS_IDS = ("XI", "EU")


@dataclass(frozen=True)
class VatId:
    """A VAT id of a member state that can exist: `prefix` as VIES writes it (EL for Greece), `number` without it."""

    prefix: str
    number: str

    def __str__(self) -> str:
        """As it is printed: "DE136695976"."""
        return f"{self.prefix}{self.number}"

    @property
    def state(self) -> str:
        """The member state, ISO 3166-1 alpha-2."""
        return state_of_prefix(self.prefix) or ""


class BadVatId(Refused):
    """What was typed cannot be a VAT id of its country: a wrong length, digits that do not fit each other. Nobody need be asked."""


def read_vat_id(country_code: str, number: str) -> VatId:
    """The id that a country's code (GR or EL for Greece) and a number, with or without its letters, make.

    Raises `Refused` for a code whose ids cannot be checked (`vat_country`, field `country_code`) and for characters that no id has
    (`vat_characters`, field `vat_number`), BadVatId (`vat_format`, field `vat_number`) for one that cannot exist.
    """
    code = country_code.strip().upper()
    state = state_of_prefix(code)
    if state is None:
        raise Refused(_no_member_state(code), code="vat_country", field="country_code")
    written = number.strip().upper()
    if not _WRITTEN.fullmatch(written):
        raise Refused(_("A VAT id has only letters and digits."), code="vat_characters", field="vat_number")
    prefix = prefix_of_state(state)
    compact = _BETWEEN.sub("", written)
    for letters in {prefix, state}:
        compact = compact.removeprefix(letters)
    return VatId(prefix, _checked(state, compact))


def split_vat_id(text: str) -> VatId:
    """The id that somebody typed in one piece, with its letters. Raises as `read_vat_id`, every field being `vat_id`."""
    compact = _BETWEEN.sub("", text.strip().upper())
    try:
        return read_vat_id(compact[:2], compact[2:])
    except Refused as refused:
        raise type(refused)(refused.reason, code=refused.code, field="vat_id") from refused


def tidy_vat_id(text: str) -> str:
    """What somebody typed as their VAT id, as it is kept and printed: compact, in capitals, a member state's with its own letters.

    An id of a country that VIES does not know is kept as it is. Raises `Refused` (field `vat_id`) for what can be none.
    """
    compact = _BETWEEN.sub("", text.strip().upper())
    if not compact:
        return ""
    if not _ANYBODY_S.fullmatch(compact):
        raise Refused(_("A VAT id begins with two letters, such as DE123456789."), code="vat_characters", field="vat_id")
    if state_of_prefix(compact[:2]) is None and compact[:2] not in NO_BUYERS_IDS:
        return compact
    return str(split_vat_id(compact))


def is_vies_id(text: str) -> bool:
    """Whether this is an id that VIES can be asked about."""
    try:
        split_vat_id(text)
    except Refused:
        return False
    return True


def _checked(state: str, number: str) -> str:
    country = country_name(state)
    module = get_cc_module(state.lower(), "vat")
    assert module is not None
    words = {"country": country}
    try:
        known: str = module.validate(number)
    except InvalidLength:
        reason = _("A VAT id of %(country)s has another length. Is a digit missing, or one too many?") % words
    except InvalidChecksum:
        reason = _("This is not a possible VAT id of %(country)s: its digits do not fit. Are two swapped?") % words
    except InvalidComponent:
        reason = _("This is not a possible VAT id of %(country)s: a part of it does not exist.") % words
    except ValidationError:
        reason = _("This is not how a VAT id of %(country)s is written.") % words
    else:
        # Some of the rules drop the letters, some leave signs in that VIES does not know.
        if _COMPACT.fullmatch(known):
            return known
        reason = _("This is not how a VAT id of %(country)s is written.") % words
    raise BadVatId(reason, code="vat_format", field="vat_number")


def _no_member_state(code: str) -> str:
    if code == "XI":
        return _("Ids of Northern Ireland (XI) count for goods only. For services it lies outside of EU VAT, and none is charged.")
    if code == "EU":
        return _("EU… numbers belong to sellers who use the One-Stop Shop; a buyer’s VAT id begins with the code of its country.")
    return _("Only VAT ids of the EU's member states can be checked. They begin with the code of their country, such as DE.")
