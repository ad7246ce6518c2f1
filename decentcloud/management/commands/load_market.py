"""`manage.py load_market --offerings N --contracts M`: a market of any size, for measuring; never for a shop that is open."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from core import clock
from decentcloud.load.contracts import ContractLoader
from decentcloud.load.offerings import load_offerings
from providers.search.facets import refresh_facets
from providers.states import OfferingStatus


class Command(BaseCommand):
    """Adds offerings and contracts to whatever is there, by COPY, and says how long it took."""

    help = "Loads a large market by COPY, for measuring."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--offerings", type=int, default=1_000, help="how many offerings to add (default 1000)")
        parser.add_argument("--contracts", type=int, default=0, help="how many contracts to add (default none)")

    def handle(self, *args: Any, offerings: int, contracts: int, **options: Any) -> None:
        if offerings < 1 or contracts < 0:
            raise CommandError("At least one offering; contracts are rented from the offerings of the same load.")
        now = clock.now()
        started = monotonic()
        shelves = load_offerings(offerings, now)
        self._say(f"{len(shelves.offerings):,} offerings of {len(shelves.providers):,} providers", started)
        if contracts:
            on_market = [one for one in shelves.offerings if one.status == OfferingStatus.PUBLISHED]
            people = ContractLoader(on_market, now).load(contracts, lambda what: self._say(what, started))
            self._say(f"{contracts:,} contracts of {len(people.users):,} customers", started)
            great, small = (f"customer-{user}@load.invalid" for user in people.users[:2])
            self.stdout.write(f"Many rentals: {great}. One page of them: {small}.")
        refresh_facets()
        with connection.cursor() as cursor:
            # Autovacuum would come too late for the first measurement.
            cursor.execute("VACUUM ANALYZE")
        self._say("statistics", started)

    def _say(self, what: str, started: float) -> None:
        self.stdout.write(f"{monotonic() - started:7.1f} s  {what}")
