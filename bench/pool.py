"""Only what is to be used up: open quotes by the ten thousand, each of a customer of its own, all of one offering.

Their ids, and those that orders will get, begin high up and apart from each other, so that a number tells what it is.
"""

from django.db import connection
from django.db.models import Model

from accounts.models import Account, User
from billing.models import Charge, Quote
from billing.services import create_quote
from billing.tax import TaxFacts
from contracts.models import Contract, Segment
from core import clock
from core.models import WebhookEvent
from decentcloud.load.people import load_people
from providers.models import Offering, StockHold
from providers.states import OfferingStatus, Visibility

POOL = 60_000
QUOTES, HOLDS, USERS, ACCOUNTS = 710_000_000, 720_000_000, 730_000_000, 740_000_000
_BEGIN = {
    User: USERS,
    Account: ACCOUNTS,
    Contract: 810_000_000,
    Segment: 820_000_000,
    Charge: 830_000_000,
    WebhookEvent: 840_000_000,
}


def fill_pool() -> None:
    """Make POOL quotes: the n-th has the id QUOTES + n, its hold HOLDS + n, its user USERS + n, its account ACCOUNTS + n."""
    for model, first in _BEGIN.items():
        run(f"ALTER SEQUENCE {model._meta.db_table}_id_seq RESTART WITH {first}")
    # One more, whose quote is the pattern.
    people = load_people("bench", POOL + 1, clock.now())
    offered = Offering.objects.filter(status=OfferingStatus.PUBLISHED, visibility=Visibility.PUBLIC, currency="EUR")
    offering = offered.select_related("provider").filter(min_hours__lte=720, max_hours__gte=720).order_by("pk")[0]
    run("UPDATE providers_offering SET stock = stock + %s, taken = taken + %s WHERE id = %s", 2 * POOL, POOL, offering.pk)
    last_user, last_account = User.objects.get(pk=people.users[-1]), Account.objects.get(pk=people.accounts[-1])
    pattern = create_quote(last_account, last_user, offering, 720, TaxFacts("DE"))
    copied(StockHold, pattern.hold_id, POOL, {"id": HOLDS, "account_id": ACCOUNTS})
    copied(Quote, pattern.pk, POOL, {"id": QUOTES, "account_id": ACCOUNTS, "user_id": USERS, "hold_id": HOLDS})
    run("ANALYZE")


def copied(model: type[Model], pattern: int, count: int, counted: dict[str, int], **others: str) -> None:
    """`count` rows like the one of `pattern`, with columns that count up from a number, and others made by an expression of it."""
    fresh = {name: f"{first} + n" for name, first in counted.items()} | {"public_id": "gen_random_uuid()"} | others
    columns = [str(field.column) for field in model._meta.local_concrete_fields if not field.generated]
    values = ", ".join(fresh.get(column, f'pattern."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    table = model._meta.db_table
    run(
        f"INSERT INTO {table} ({names}) SELECT {values}"  # noqa: S608 -- names of our own tables
        f" FROM {table} AS pattern, generate_series(0, %s) AS n WHERE pattern.id = %s",
        count - 1,
        pattern,
    )


def run(statement: str, *values: int) -> None:
    """A statement of our own."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values) or None)
