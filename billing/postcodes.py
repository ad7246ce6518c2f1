"""Only how postcodes look, where it is known: VAT ends at some of them, so that a wrong one matters."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.countries import country_name

# Country -> form, and an example. Letters are typed in any case, blanks inside are as one likes.
_FORMS: dict[str, tuple[str, str]] = {
    "AT": (r"[0-9]{4}", "1010"),
    "BE": (r"[0-9]{4}", "1000"),
    "BG": (r"[0-9]{4}", "1000"),
    "CH": (r"[0-9]{4}", "8001"),
    "CY": (r"[0-9]{4}", "1010"),
    "CZ": (r"[0-9]{5}", "110 00"),
    "DE": (r"[0-9]{5}", "20457"),
    "DK": (r"[0-9]{4}", "1050"),
    "EE": (r"[0-9]{5}", "10111"),
    "ES": (r"[0-9]{5}", "28001"),
    "FI": (r"[0-9]{5}", "00100"),
    "FR": (r"[0-9]{5}", "75001"),
    "GR": (r"[0-9]{5}", "105 57"),
    "HR": (r"[0-9]{5}", "10000"),
    "HU": (r"[0-9]{4}", "1051"),
    "IT": (r"[0-9]{5}", "00118"),
    "LT": (r"[0-9]{5}", "01100"),
    "LU": (r"[0-9]{4}", "1009"),
    "LV": (r"[0-9]{4}", "LV-1010"),
    "NL": (r"[0-9]{4}[A-Z]{2}", "1012 AB"),
    "PL": (r"[0-9]{5}", "00-001"),
    "PT": (r"[0-9]{7}", "1000-001"),
    "RO": (r"[0-9]{6}", "010011"),
    "SE": (r"[0-9]{5}", "111 22"),
    "SI": (r"[0-9]{4}", "1000"),
    "SK": (r"[0-9]{5}", "811 01"),
    "US": (r"[0-9]{5}([0-9]{4})?", "10001"),
}
_OWN_WORDS = {
    "AT": gettext_lazy("An Austrian postcode has four digits."),
    "CH": gettext_lazy("A Swiss postcode has four digits."),
    "DE": gettext_lazy("A German postcode has five digits."),
    "ES": gettext_lazy("A Spanish postcode has five digits."),
    "FR": gettext_lazy("A French postcode has five digits."),
    "IT": gettext_lazy("An Italian postcode has five digits."),
    "NL": gettext_lazy("A Dutch postcode has four digits and two letters."),
}


def postcode_problem(country: str, postcode: str) -> str:
    """What is wrong with a postcode of a country, as a sentence for who typed it; "" when nothing is known to be."""
    if country not in _FORMS:
        return ""
    form, example = _FORMS[country]
    compact = re.sub(r"[\s-]", "", postcode).upper()
    if re.fullmatch(form, compact.removeprefix(country), re.ASCII):
        return ""
    if country in _OWN_WORDS:
        return str(_OWN_WORDS[country])
    return _("A postcode in %(country)s looks like %(example)s.") % {"country": country_name(country), "example": example}
