"""The only module that asks the European Central Bank: its euro reference rates of the last ninety days, kept day by day."""

import logging
from datetime import date
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree as ET

from django.conf import settings

from core.currencies import CURRENCIES
from core.errors import Refused
from core.http import OutsideError, call
from core.models import ReferenceRates
from core.rates import record_rates

log = logging.getLogger(__name__)

SOURCE = "European Central Bank, euro foreign exchange reference rates"
LARGEST = 2 * 1024 * 1024
# What the ECB does not quote, by a fixed number of units of a currency that it does.
NOT_QUOTED = {"KWD": ("USD", Decimal("0.3067"))}
_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"


class BadRates(ValueError):
    """The answer is not a table of reference rates."""


def fetch_rates() -> int:
    """Keep every published day that is not there yet; returns how many are new. For the schedule.

    The bank's silence is logged and nothing more: the next run finds what this one has missed.
    """
    if not settings.ECB_RATES_URL:
        return 0
    try:
        # Of what is no table, an error page for one, the reading says so.
        published = read_rates(call("GET", settings.ECB_RATES_URL).content)
    except (OutsideError, BadRates) as error:
        log.warning("no reference rates from the ECB: %s", error)
        return 0
    known = set(ReferenceRates.objects.filter(day__in=published).values_list("day", flat=True))
    return sum(_keep(day, per_euro) for day, per_euro in sorted(published.items()) if day not in known)


def read_rates(body: bytes) -> dict[date, dict[str, Decimal]]:
    """Units per euro by day and currency, as the bank writes them. Raises BadRates."""
    # Entities, which make a small file a large one, need a document type; the bank's has none.
    if len(body) > LARGEST or b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise BadRates("it is too large, or no plain table")
    try:
        days = ET.fromstring(body).iter(_CUBE)  # noqa: S314 -- see above
        found = {date.fromisoformat(day.attrib["time"]): _rates_of(day) for day in days if "time" in day.attrib}
    except (ET.ParseError, KeyError, ValueError, InvalidOperation) as error:
        raise BadRates(f"it cannot be read: {type(error).__name__}") from error
    if not found:
        raise BadRates("it names no day")
    return found


def _rates_of(day: ET.Element) -> dict[str, Decimal]:
    rates = {one.attrib["currency"]: Decimal(one.attrib["rate"]) for one in day}
    return {code: rate for code, rate in rates.items() if code in CURRENCIES}


def _keep(day: date, per_euro: dict[str, Decimal]) -> bool:
    """Keep one day, with what the bank does not quote."""
    source = f"{SOURCE} of {day}"
    rates = dict(per_euro)
    for code, (quoted, units) in NOT_QUOTED.items():
        if quoted in rates and rates[quoted].is_finite():
            rates[code] = (rates[quoted] * units).quantize(Decimal("0.0001"))
            source += f"; {code}, which the ECB does not quote, from the {quoted} rate at {units} {code} per {quoted}"
    if missing := CURRENCIES.keys() - rates.keys() - {"EUR"}:
        log.warning("the ECB quotes no %s on %s", ", ".join(sorted(missing)), day)
        return False
    try:
        record_rates(day, rates, source)
    except Refused as refused:
        log.warning("rates of %s are refused: %s", day, refused.reason)
        return False
    return True
