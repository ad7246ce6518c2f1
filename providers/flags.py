"""The yes-or-no properties that offerings are counted by, each a bit of one small column. Which bit is what is said only here."""

from decimal import Decimal
from functools import reduce
from operator import add

from django.db.models import Case, F, Q, Value, When

# In the order of the bits, which stand in the database: a new one goes to the end.
PROPERTIES = {
    "in_stock": Q(taken__lt=F("stock")),
    "ecc": Q(memory_ecc=True),
    "unmetered": Q(traffic_unmetered=True),
    "auto_accept": Q(auto_accept=True),
    "999": Q(uptime_percent__gte=Decimal("99.9")),
    "9999": Q(uptime_percent__gte=Decimal("99.99")),
    "d90": Q(uptime_days__gte=90),
}
BITS = {name: 1 << place for place, name in enumerate(PROPERTIES)}
FLAGS = reduce(add, (Case(When(true, then=Value(BITS[name])), default=Value(0)) for name, true in PROPERTIES.items()))
