"""What a search reads: the indexes of filters have all that is counted and sorted by, so that no wide row is looked at."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from providers.flags import BITS
from providers.models import Offering
from providers.search.asked import FLAGS, SORTS, UPTIMES, MarketQuery
from providers.search.finding import search
from providers.services import hold_stock, record_standing


def plan_of_matches(asked: MarketQuery) -> str:
    """How the matches of a search are fetched where the table is too large to be read whole."""
    with CaptureQueriesContext(connection) as captured:
        search(None, asked)
    (statement,) = (query["sql"] for query in captured if query["sql"].startswith("WITH found_0"))
    matches = statement.partition("(")[2].partition("), met AS")[0]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {matches}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize(
    "filters",
    ["cores_min=96", "type=compute&memory_min=8", "cores_min=96&memory_min=512", "country=DE&cores_max=4"],
)
def test_matches_of_a_filter_are_read_from_an_index_alone(filters: str, sort: str, publish: Callable[..., Offering]) -> None:
    publish()
    assert "Index Only Scan using offering_" in plan_of_matches(MarketQuery.from_params(QueryDict(f"{filters}&sort={sort}")))


def test_an_offerings_bits_follow_its_properties(publish: Callable[..., Offering], customer_account: Account) -> None:
    assert set(BITS) == {*FLAGS, *UPTIMES}

    def bits() -> set[str]:
        offering.refresh_from_db()
        return {name for name, bit in BITS.items() if offering.flags & bit}

    offering = publish(stock=1, memory_ecc=True, traffic_unmetered=False, auto_accept=True)
    assert bits() == {"in_stock", "ecc", "auto_accept"}
    hold_stock(offering.pk, customer_account, 10)
    assert bits() == {"ecc", "auto_accept"}
    record_standing(offering.provider, offering, uptime_percent=Decimal("99.95"), uptime_days=90)
    assert bits() == {"ecc", "auto_accept", "999", "d90"}
