"""Exchange rates, to sort and to report by, never to charge by: the ECB's euro reference rates, and a committed table offline."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from core.errors import Refused
from core.models import ReferenceRates
from core.money import currency, half_up

_TABLE = Path(__file__).parent / "data" / "ecb_reference_rates.json"


@dataclass(frozen=True)
class Rates:
    """The rates of one day: `per_euro[code]` units of that currency buy one euro's worth. Keep `day` and `source` with any use."""

    day: date
    source: str
    per_euro: dict[str, Decimal]

    def to_eur(self, minor: int, code: str) -> int:
        """Euro cents of `minor` units of `code`, half up; "≈" on every page. Raises KeyError for a currency without a rate."""
        if code == "EUR":
            return minor
        numerator, denominator = self.per_euro[code].as_integer_ratio()
        cents = half_up(abs(minor) * 100 * denominator, currency(code).scale * numerator)
        return cents if minor >= 0 else -cents


def rates_on(on: date) -> Rates:
    """The latest rates known on a day: weekends have Friday's. The committed table where the database has none. One query."""
    row = ReferenceRates.objects.filter(day__lte=on).order_by("-day").first()
    if row is None:
        return committed_rates()
    return _rates(row)


def rates_from(day: date) -> Rates | None:
    """The rates of a day, or, where none were published on it, of the next day of publication. One query.

    For tax periods, whose rates the law takes from the first publication that is not before their last day. None when nothing is
    known within a week of it: then rates are missing here, since the ECB is never silent for so long.
    """
    row = ReferenceRates.objects.filter(day__gte=day, day__lt=day + timedelta(days=7)).order_by("day").first()
    return None if row is None else _rates(row)


def _rates(row: ReferenceRates) -> Rates:
    return Rates(row.day, row.source, {code: Decimal(rate) for code, rate in row.per_euro.items()})


def to_eur(minor: int, code: str, on: date) -> int:
    """Euro cents of an amount at the rates known on a day, half up. One query, none for EUR; for many amounts use rates_on."""
    return minor if code == "EUR" else rates_on(on).to_eur(minor, code)


def record_rates(day: date, per_euro: dict[str, Decimal], source: str) -> ReferenceRates:
    """Keep a day's rates; a day that is there already stays as it is, because reports rest on it.

    Raises Refused for a rate that is not positive.
    """
    if any(not rate.is_finite() or rate <= 0 for rate in per_euro.values()):
        raise Refused("An exchange rate is a positive number.", code="bad_rate")
    written = {code: str(rate) for code, rate in per_euro.items()}
    row, _created = ReferenceRates.objects.get_or_create(day=day, defaults={"per_euro": written, "source": source})
    return row


@lru_cache(maxsize=1)
def committed_rates() -> Rates:
    """The table in the repository."""
    table = json.loads(_TABLE.read_text())
    return Rates(
        date.fromisoformat(table["day"]),
        table["source"],
        {code: Decimal(rate) for code, rate in table["per_euro"].items()},
    )
