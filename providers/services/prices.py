"""Keeping the euro prices that the market sorts and searches by at the latest reference rates."""

from django.db import connection, transaction

from core import clock
from core.currencies import currency
from core.rates import rates_on
from providers.models import Offering

# Half up, as core.rates computes it: numeric division here is exact far beyond a cent.
_REPRICE = """
    UPDATE providers_offering
    SET price_eur_minor = fresh.price, setup_eur_minor = fresh.setup
    FROM (
        SELECT id, floor(monthly_minor * 100 / (%(scale)s * %(rate)s::numeric) + 0.5)::bigint AS price,
               floor(setup_fee_minor * 100 / (%(scale)s * %(rate)s::numeric) + 0.5)::bigint AS setup
        FROM providers_offering WHERE currency = %(code)s
    ) AS fresh
    WHERE providers_offering.id = fresh.id
      AND (providers_offering.price_eur_minor, providers_offering.setup_eur_minor) IS DISTINCT FROM (fresh.price, fresh.setup)
"""


def reprice_offerings() -> int:
    """Convert the prices of all offerings in foreign currencies anew; returns how many changed. For the schedule, once a day."""
    rates = rates_on(clock.now().date())
    changed = 0
    for code in Offering.objects.exclude(currency="EUR").order_by().values_list("currency", flat=True).distinct():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_REPRICE, {"code": code, "rate": str(rates.per_euro[code]), "scale": currency(code).scale})
            changed += cursor.rowcount
    return changed
