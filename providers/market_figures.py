"""What the public market amounts to, counted at most once a minute in each process: walks over all offerings are no page's work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.cache import caches
from django.db.models import Aggregate, Case, Count, F, IntegerField, Min, Q, Sum, Value, When
from django.db.models.functions import Coalesce

from core import clock
from providers.models import Offering, Standing
from providers.states import OfferingStatus, Visibility

KEPT_SECONDS = 60
NEWEST_SHOWN = 5
_KEY = "providers.market_figures"
_PUBLIC = Q(status=OfferingStatus.PUBLISHED, visibility=Visibility.PUBLIC, provider__active=True)
# The price in euro cents, doubled, plus one where it was converted: so the least and the middle one still tell which it is.
_MARKED_PRICE = F("price_eur_minor") * 2 + Case(When(currency="EUR", then=Value(0)), default=Value(1), output_field=IntegerField())


class _Middle(Aggregate):
    """The value in the middle, one that occurs (percentile_disc)."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    name = "Middle"


@dataclass(frozen=True)
class KindFigure:
    """One kind of offering: how many, and net prices a month in euro cents; rough ones are converted from another currency."""

    type: str
    count: int = 0
    least_minor: int | None = None
    least_is_rough: bool = False
    median_minor: int | None = None
    median_is_rough: bool = False


@dataclass(frozen=True)
class Market:
    """All of the public market at `made_at` (UTC). Medians come with what they rest on; None while nothing was measured.

    `newest` are ids of the latest offerings in stock, one of each provider.
    """

    made_at: datetime
    offerings: int
    in_stock: int
    at_once: int
    providers: int
    countries: int
    kinds: tuple[KindFigure, ...]
    uptime_percent: Decimal | None
    uptime_samples: int
    response_minutes: int | None
    response_samples: int
    newest: tuple[int, ...]


def market_now() -> Market:
    """The market's figures, at most a minute old; four queries when they are counted, none otherwise."""
    kept = caches["process"].get(_KEY)
    if not isinstance(kept, Market):
        kept = count_market()
        caches["process"].set(_KEY, kept, KEPT_SECONDS)
    return kept


def forget() -> None:
    """Count anew the next time, in this process."""
    caches["process"].delete(_KEY)


def count_market() -> Market:
    """The figures as they are now; three queries over the whole market, and one along its newest end."""
    public = Offering.objects.filter(_PUBLIC).order_by()
    kinds = list(
        public.values("type").annotate(
            count=Count("pk"),
            available=Count("pk", filter=Q(stock__gt=F("taken"))),
            auto=Count("pk", filter=Q(auto_accept=True)),
            least=Min(_MARKED_PRICE),
            median=_Middle(_MARKED_PRICE, output_field=IntegerField()),
        )
    )
    spread = public.aggregate(providers=Count("provider_id", distinct=True), countries=Count("country", distinct=True))
    measured = Standing.objects.filter(provider__active=True).aggregate(
        uptime=_Middle("uptime_percent", filter=Q(offering__isnull=False)),
        uptimes=Count("uptime_percent", filter=Q(offering__isnull=False)),
        response=_Middle("response_minutes", filter=Q(offering__isnull=True)),
        responses=Coalesce(Sum("response_samples", filter=Q(offering__isnull=True)), 0),
    )
    return Market(
        made_at=clock.now(),
        offerings=sum(kind["count"] for kind in kinds),
        in_stock=sum(kind["available"] for kind in kinds),
        at_once=sum(kind["auto"] for kind in kinds),
        providers=spread["providers"],
        countries=spread["countries"],
        kinds=tuple(_kind(kind) for kind in kinds),
        uptime_percent=measured["uptime"],
        uptime_samples=measured["uptimes"],
        response_minutes=measured["response"],
        response_samples=measured["responses"],
        newest=_newest(),
    )


def _newest() -> tuple[int, ...]:
    latest = Offering.objects.filter(_PUBLIC, stock__gt=F("taken")).order_by("-published_at", "-pk")
    found: dict[int, int] = {}
    # Companies list many at once, so a look at some more finds different ones.
    for offering, provider in latest.values_list("pk", "provider_id")[: NEWEST_SHOWN * 40]:
        found.setdefault(provider, offering)
    return tuple(found.values())[:NEWEST_SHOWN]


def _kind(row: Mapping[str, Any]) -> KindFigure:
    least, median = row["least"], row["median"]
    return KindFigure(row["type"], row["count"], least // 2, bool(least % 2), median // 2, bool(median % 2))
