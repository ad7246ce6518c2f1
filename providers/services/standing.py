"""Keeping what was measured above: figures are told downward and stand here as facts."""

from typing import Any

from django.db import transaction

from core import clock
from providers.models import Offering, Provider, Standing

FIGURES = (
    "uptime_percent", "uptime_days", "response_minutes", "response_samples", "market_percent", "market_samples", "score",
    "score_samples",
)  # fmt: skip


def record_standing(provider: Provider, offering: Offering | None = None, **figures: Any) -> Standing:
    """Keep measured figures of a provider (offering None) or of one of its offerings; figures not named stay.

    Percent as Decimal (99.992), minutes and samples as int, score 0 to 10000; None says that nothing is measured any more.
    An offering that has no figures of its own is sorted and filtered by those of its provider.
    """
    foreign = sorted(set(figures) - set(FIGURES))
    if foreign:
        raise TypeError(f"not figures of a standing: {', '.join(foreign)}")
    with transaction.atomic():
        Provider.objects.select_for_update().get(pk=provider.pk)
        standing = Standing.objects.filter(provider=provider, offering=offering).first() or Standing(
            provider=provider, offering=offering
        )
        for name, value in figures.items():
            setattr(standing, name, value)
        standing.recorded_at = clock.now()
        standing.save()
        _copy_down(provider)
    return standing


def _copy_down(provider: Provider) -> None:
    """Write the figures that the market sorts and filters by into the offerings, own ones before the provider's."""
    standings = list(Standing.objects.filter(provider=provider))
    by_offering = {standing.offering_id: standing for standing in standings if standing.offering_id is not None}
    general = next((standing for standing in standings if standing.offering_id is None), None)
    rest = Offering.objects.filter(provider=provider).exclude(pk__in=by_offering)
    if general is not None:
        rest.update(**_columns(general, None))
    for offering_id, standing in by_offering.items():
        Offering.objects.filter(pk=offering_id).update(**_columns(standing, general))


def _columns(own: Standing, general: Standing | None) -> dict[str, Any]:
    uptime = own if own.uptime_percent is not None or general is None else general
    trust = own if own.score is not None or general is None else general
    return {
        "uptime_percent": uptime.uptime_percent,
        "uptime_days": uptime.uptime_days,
        "trust_rank": trust.score or 0,
    }
