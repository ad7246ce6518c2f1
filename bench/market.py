"""Only the markets that are measured: filled once, chosen one at a time, and who is looked at in them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.db.models import Count

from accounts.models import User
from bench.stage import CLUSTER, SIZES, database_of
from bench.table import Row, say
from contracts.models import Contract
from contracts.states import State
from decentcloud import embedded_database
from decentcloud.load.contracts import SMALL
from providers.models import Offering
from providers.search.facets import refresh_facets
from providers.states import OfferingStatus

LOAD_SECONDS, LOAD_BYTES = 600, 8 * 10**9


@dataclass(frozen=True)
class People:
    """Who is looked at: one with a page of rentals, one with very many, the provider with most contracts; and two addresses."""

    small: User
    great: User
    provider: User
    rental: str
    offering: str


def fill(size: str) -> list[Row]:
    """Make the database of this size and load its market."""
    cluster = embedded_database.running(Path(os.environ[CLUSTER]))
    assert cluster is not None, "bench.measure is started by bench"
    name = database_of(size)
    embedded_database.ensure_database(cluster, name)
    environment = {**os.environ, "DATABASE_URL": cluster.url(name)}
    say(f"loading the market of {size}")
    _manage(environment, "migrate", "--verbosity=0")
    started = time.monotonic()
    asked = SIZES[size]
    _manage(environment, "load_market", f"--offerings={asked.offerings}", f"--contracts={asked.contracts}")
    seconds = time.monotonic() - started
    with chosen(size), connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (held,) = cursor.fetchone()
    return [
        Row(
            f"load {asked.contracts:,} contracts, {asked.offerings:,} offerings",
            f"{seconds:.0f} s, {held / 1e9:.2f} GB",
            "",
            "",
            f"≤ {LOAD_SECONDS} s, ≤ {LOAD_BYTES / 1e9:.0f} GB",
            seconds <= LOAD_SECONDS and held <= LOAD_BYTES,
        )
    ]


@contextmanager
def chosen(size: str) -> Iterator[None]:
    """Work on the market of this size within the block."""
    connection.close()
    before, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], database_of(size)
    try:
        # As the worker does every minute.
        refresh_facets()
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def people() -> People:
    """Whom to look at in the chosen market."""
    by_customer = Contract.objects.values("customer__person").annotate(count=Count("pk"))
    great = by_customer.order_by("-count", "customer")[0]["customer__person"]
    small = by_customer.filter(count=SMALL).order_by("customer")[0]["customer__person"]
    provider = Contract.objects.values("provider__account__person").annotate(count=Count("pk")).order_by("-count", "provider")[0]
    rental = Contract.objects.filter(customer__person=small, state=State.ACTIVE).order_by("pk")[0]
    offering = Offering.objects.filter(status=OfferingStatus.PUBLISHED, visibility="public").order_by("pk")[0]
    users = User.objects.in_bulk([small, great, provider["provider__account__person"]])
    return People(
        users[small], users[great], users[provider["provider__account__person"]], str(rental.reference), str(offering.slug)
    )


def _manage(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], env=environment, check=True, stdout=sys.stderr)
