"""Only the narrow rows that lists of offerings read instead of models: what a line shows, and what it may be sorted by."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import CharField, F, Func, QuerySet

from providers.models import Offering


class OfferLine(NamedTuple):
    """One offering of a list, with the name of its provider and where its price stands in the market (None: not measured)."""

    id: int
    slug: str
    name: str
    provider_name: str
    type: str
    stock: int
    taken: int
    cpu_model: str
    cores: int
    memory_gb: Decimal
    memory_ecc: bool
    disk_type: str
    disk_count: int
    disk_gb: int
    gpu_name: str
    gpu_count: int
    gpu_gb: Decimal
    uplink_mbit: int
    traffic_tb: Decimal | None
    traffic_unmetered: bool
    country: str
    city: str
    currency: str
    monthly_minor: int
    price_eur_minor: int
    published_at: datetime | None
    trust_rank: int
    uptime_percent: Decimal | None
    uptime_days: int
    market_percent: Decimal | None
    market_samples: int | None

    @property
    def free(self) -> int:
        """How many can be rented now."""
        return self.stock - self.taken


_ELSEWHERE = {
    "market_percent": "standing__market_percent",
    "market_samples": "standing__market_samples",
}
# Looked up for each line: joined, all providers there are would be read to name those of one page.
_PROVIDER_NAME: Func = Func(
    F("provider_id"), template="(SELECT name FROM providers_provider WHERE id = %(expressions)s)", output_field=CharField()
)
_COLUMNS = tuple(_ELSEWHERE.get(name, name) for name in OfferLine._fields)


def offer_lines(offerings: QuerySet[Offering]) -> list[OfferLine]:
    """The offerings as lines, in their order. One query."""
    return [OfferLine._make(row) for row in offerings.annotate(provider_name=_PROVIDER_NAME).values_list(*_COLUMNS)]
