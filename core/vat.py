"""The facts of VAT in the European Union: whose area an address lies in, and each member state's standard rate over the years.

Sources: the European Commission's Taxes in Europe Database (ec.europa.eu/taxation_customs/tedb), with the national law of each
change named below; Articles 5 to 7 of Directive 2006/112/EC for the territory. An accountant must confirm the table before the
first sale, and again whenever a state announces a new rate: a row with its first day is all that a change needs.
"""

import unicodedata
from datetime import date
from decimal import Decimal

# Standard rates in percent, each with the first day it is valid: as far back as anything here was sold, and the changes since 2020.
_TABLE = """
    AT  20    1984-01-01
    BE  21    1996-01-01
    BG  20    1999-01-01
    HR  25    2012-03-01
    CY  19    2014-01-13
    CZ  21    2013-01-01
    DK  25    1992-01-01
    EE  20    2009-07-01
    EE  22    2024-01-01    Käibemaksuseadus § 15
    EE  24    2025-07-01    Käibemaksuseadus § 15
    FI  24    2013-01-01
    FI  25.5  2024-09-01    Arvonlisäverolaki 84 §
    FR  20    2014-01-01
    DE  19    2007-01-01
    DE  16    2020-07-01    Zweites Corona-Steuerhilfegesetz, for half a year
    DE  19    2021-01-01
    GR  24    2016-06-01
    HU  27    2012-01-01
    IE  23    2012-01-01
    IE  21    2020-09-01    Financial Provisions (Covid-19) (No. 2) Act 2020, for half a year
    IE  23    2021-03-01
    IT  22    2013-10-01
    LV  21    2012-07-01
    LT  21    2009-09-01
    LU  17    2015-01-01
    LU  16    2023-01-01    Loi du 26 octobre 2022, for a year
    LU  17    2024-01-01
    MT  18    2004-01-01
    NL  21    2012-10-01
    PL  23    2011-01-01
    PT  23    2011-01-01
    RO  19    2017-01-01
    RO  21    2025-08-01    Legea 141/2025
    SK  20    2011-01-01
    SK  23    2025-01-01    Zákon 278/2024 Z. z.
    SI  22    2013-07-01
    ES  21    2012-09-01
    SE  25    1990-07-01
"""


def _read(table: str) -> dict[str, tuple[tuple[date, Decimal], ...]]:
    """Country -> (first day, rate as a fraction), oldest first."""
    rates: dict[str, tuple[tuple[date, Decimal], ...]] = {}
    for line in table.strip().splitlines():
        country, percent, first_day = line.split()[:3]
        rates[country] = (*rates.get(country, ()), (date.fromisoformat(first_day), Decimal(percent) / 100))
    return rates


STANDARD_RATES = _read(_TABLE)
MEMBER_STATES = frozenset(STANDARD_RATES)

# Outside of the VAT area though in a member state, by how the digits of the postcode begin. An old code that a place shared with
# others (Livigno's 23030, Campione's 22060) is inside: it names mostly people who owe the tax.
_OUTSIDE_BY_POSTCODE = {
    "DE": ("27498", "78266"),  # Heligoland, Büsingen
    "DK": ("39",),  # Greenland
    "ES": ("35", "38", "51", "52"),  # Canary Islands (two provinces), Ceuta, Melilla
    "FI": ("22",),  # Åland
    "FR": ("97", "984", "986", "987", "988"),  # overseas; 980 is Monaco, and inside
    "GR": ("63086", "63087"),  # Mount Athos
    "IT": ("23041", "22061"),  # Livigno, Campione d'Italia
}
# Countries of their own code that belong to a member state's VAT area. Åland, Guadeloupe and the like have codes too, and do not.
_BELONGS_TO = {"MC": "FR"}
# The letters before a VAT id, where they are not the country's code. XI (Northern Ireland, goods only) and EU (an old One-Stop Shop
# scheme for sellers elsewhere) name no member state.
_PREFIX_TO_STATE = {"EL": "GR"}
_STATE_TO_PREFIX = {"GR": "EL"}


class NoRate(LookupError):
    """No standard rate is known: the country is no member state, or the day lies before the table."""


def vat_state(country: str, postcode: str = "") -> str | None:
    """The member state whose VAT area an address lies in; None outside of the area. `country` is ISO 3166-1 alpha-2.

    Of the postcode only the digits count, in whatever script they are typed: "FI-22 100" is in Åland.
    """
    state = _BELONGS_TO.get(country, country)
    if state not in MEMBER_STATES:
        return None
    digits = "".join(character for character in unicodedata.normalize("NFKC", postcode) if character in "0123456789")
    return None if digits.startswith(_OUTSIDE_BY_POSTCODE.get(state, ())) else state


def standard_rate(state: str, on: date) -> Decimal:
    """The standard rate of a member state on a day, as a fraction: Decimal("0.255") for 25.5 %. Raises NoRate."""
    for first_day, rate in reversed(STANDARD_RATES.get(state, ())):
        if first_day <= on:
            return rate
    raise NoRate(f"no standard rate of {state!r} is known for {on}")


def state_of_prefix(prefix: str) -> str | None:
    """The member state whose VAT ids begin with these letters: GR for EL; None for XI, EU and everybody else's."""
    state = _PREFIX_TO_STATE.get(prefix, prefix)
    return state if state in MEMBER_STATES else None


def prefix_of_state(state: str) -> str:
    """The letters before a VAT id of a member state: EL for Greece, else its code."""
    return _STATE_TO_PREFIX.get(state, state)
