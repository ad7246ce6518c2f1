"""Reference rates come from the ECB's own file, each published day once, and its silence or nonsense changes nothing."""

from datetime import date
from decimal import Decimal

import pytest
import requests
import responses
from pytest_django import Settings

from core import ecb
from core.models import ReferenceRates
from core.rates import rates_on

pytestmark = pytest.mark.django_db
URL = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml"
QUOTED = {"USD": "1.0705", "JPY": "171.94", "GBP": "0.84638", "CHF": "0.9634", "PLN": "4.3090", "SEK": "11.3595", "BGN": "1.9558"}


def table(*days: str, **quoted: str) -> bytes:
    """The bank's file, as it writes it."""
    rates = "".join(f'<Cube currency="{code}" rate="{rate}"/>' for code, rate in {**QUOTED, **quoted}.items())
    cubes = "".join(f'<Cube time="{day}">{rates}</Cube>' for day in days)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"'
        ' xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><gesmes:subject>Reference rates</gesmes:subject>'
        f"<Cube>{cubes}</Cube></gesmes:Envelope>"
    ).encode()


@responses.activate
def test_each_published_day_is_kept_once() -> None:
    responses.get(URL, body=table("2026-11-20", "2026-11-19"))
    assert ecb.fetch_rates() == 2
    assert ecb.fetch_rates() == 0
    friday = rates_on(date(2026, 11, 21))
    assert friday.day == date(2026, 11, 20)
    assert friday.per_euro["SEK"] == Decimal("11.3595")
    assert "BGN" not in friday.per_euro


@responses.activate
def test_what_the_bank_does_not_quote_is_computed_and_the_source_says_so() -> None:
    responses.get(URL, body=table("2026-11-20"))
    ecb.fetch_rates()
    kept = rates_on(date(2026, 11, 20))
    assert kept.per_euro["KWD"] == Decimal("0.3283")
    assert "KWD, which the ECB does not quote" in kept.source


@responses.activate
def test_a_gap_heals_itself() -> None:
    responses.get(URL, body=table("2026-11-17"))
    ecb.fetch_rates()
    responses.replace("GET", URL, body=table("2026-11-20", "2026-11-19", "2026-11-18", "2026-11-17", USD="1.2"))
    assert ecb.fetch_rates() == 3
    assert rates_on(date(2026, 11, 17)).per_euro["USD"] == Decimal("1.0705")


@responses.activate
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>maintenance</html>",
        b"not xml at all",
        table(),
        table("2026-13-45"),
        table("2026-11-20", USD="n/a"),
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + table("2026-11-20"),
        b" " * (ecb.LARGEST + 1),
    ],
)
def test_what_is_no_table_of_rates_changes_nothing(body: bytes) -> None:
    responses.get(URL, body=body)
    assert ecb.fetch_rates() == 0
    assert not ReferenceRates.objects.exists()


@responses.activate
@pytest.mark.parametrize("rate", ["0", "-1.1", "NaN", "Infinity"])
def test_a_rate_that_is_none_is_not_kept(rate: str) -> None:
    responses.get(URL, body=table("2026-11-20", USD=rate))
    assert ecb.fetch_rates() == 0
    assert not ReferenceRates.objects.exists()


@responses.activate
def test_a_day_without_one_of_our_currencies_is_not_kept() -> None:
    responses.get(URL, body=table("2026-11-20").replace(b'<Cube currency="SEK" rate="11.3595"/>', b""))
    assert ecb.fetch_rates() == 0


@responses.activate
@pytest.mark.parametrize("silence", [{"status": 503}, {"body": requests.ConnectionError("refused")}])
def test_the_banks_silence_is_no_error(silence: dict[str, object]) -> None:
    responses.get(URL, **silence)
    assert ecb.fetch_rates() == 0


@responses.activate
def test_without_an_address_nobody_is_asked(settings: Settings) -> None:
    settings.ECB_RATES_URL = ""
    assert ecb.fetch_rates() == 0
    assert len(responses.calls) == 0
