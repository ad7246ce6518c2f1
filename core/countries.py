"""Countries: the ISO 3166 codes that we accept and their names. The only place that asks Babel for country names."""

from functools import cache

from babel import Locale
from django.utils.translation import get_language

_TABLE = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
    CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
    KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
    MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
    SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
    UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
CODES: tuple[str, ...] = tuple(_TABLE.split())
_KNOWN = frozenset(CODES)


def is_country(code: object) -> bool:
    """Whether this is an ISO 3166-1 alpha-2 code in capitals."""
    return isinstance(code, str) and code in _KNOWN


@cache
def _names(language: str) -> dict[str, str]:
    territories = Locale.parse(language, sep="-").territories
    return {code: territories.get(code, code) for code in CODES}


def country_name(code: str, language: str | None = None) -> str:
    """The country's name in a language (the request's when none is given); an unknown code stays as it is."""
    return _names(language or get_language() or "en").get(code, code)


def country_choices(language: str | None = None) -> list[tuple[str, str]]:
    """Code and name of every country, sorted by name, for a select."""
    return sorted(_names(language or get_language() or "en").items(), key=lambda pair: pair[1])
