"""`manage.py load_market --offerings N --contracts M`: a market of any size, for measuring; never for a shop that is open."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from core import clock
from decentcloud.load.offerings import load_offerings


class Command(BaseCommand):
    """Adds offerings and contracts to whatever is there, by COPY, and says how long it took."""

    help = "Loads a large market by COPY, for measuring."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--offerings", type=int, default=1_000, help="how many offerings to add (default 1000)")
        parser.add_argument("--contracts", type=int, default=0, help="how many contracts to add (default none)")

    def handle(self, *args: Any, offerings: int, contracts: int, **options: Any) -> None:
        now = clock.now()
        started = monotonic()
        shelves = load_offerings(offerings, now)
        self._say(f"{len(shelves.offerings):,} offerings of {len(shelves.providers):,} providers", started)
        with connection.cursor() as cursor:
            # Autovacuum would come too late for the first measurement.
            cursor.execute("VACUUM ANALYZE")
        self._say("statistics", started)

    def _say(self, what: str, started: float) -> None:
        self.stdout.write(f"{monotonic() - started:7.1f} s  {what}")
