"""Only the ledger's mechanics: post an entry that sums to zero in each currency, once per key; read balances.

What is posted when stands in `billing/postings.py` and `billing/balance_postings.py`; no other module writes the ledger.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict, Unpack

from django.db import connection
from django.db.models import Model, Sum

from billing.models import Dispute, Document, LedgerEntry, LedgerLine, Payment, Refund
from billing.states import LedgerAccount
from contracts.models import Contract, Segment
from core import clock

_LINKS = ("contract", "segment", "payment", "refund", "dispute", "document")
# One statement for the entry with its lines: of two with the same key the second waits for the first, and then adds nothing.
_POST = (
    "WITH entry AS ("  # noqa: S608 (constants)
    f"INSERT INTO billing_ledgerentry (key, kind, at, {', '.join(f'{name}_id' for name in _LINKS)})"
    f" VALUES (%s, %s, %s, {', '.join(['%s'] * len(_LINKS))}) ON CONFLICT (key) DO NOTHING RETURNING id)"
    " INSERT INTO billing_ledgerline (entry_id, account, owner, currency, amount)"
    " SELECT entry.id, line.* FROM entry, unnest((%s)::text[], (%s)::text[], (%s)::text[], (%s)::numeric[])"
    " AS line RETURNING entry_id"
)


@dataclass(frozen=True)
class Line:
    """One side of an entry: debit positive, credit negative, in minor units of `currency`, or of the entry's where it is empty."""

    account: LedgerAccount
    owner: Model | str
    amount: int
    currency: str = ""

    @property
    def owner_name(self) -> str:
        """``segment:12``, or the name itself, such as a gateway's."""
        if isinstance(self.owner, str):
            return self.owner
        return f"{self.owner._meta.model_name}:{self.owner.pk}"


class Links(TypedDict, total=False):
    """What an entry belongs to."""

    contract: Contract | None
    segment: Segment | None
    payment: Payment | None
    refund: Refund | None
    dispute: Dispute | None
    document: Document | None


def debit(account: LedgerAccount, owner: Model | str, amount: int, currency: str = "") -> Line:
    """A line on the left."""
    return Line(account, owner, amount, currency)


def credit(account: LedgerAccount, owner: Model | str, amount: int, currency: str = "") -> Line:
    """A line on the right."""
    return Line(account, owner, -amount, currency)


def post(key: str, kind: str, currency: str, lines: Iterable[Line], **links: Unpack[Links]) -> LedgerEntry | None:
    """Append one entry in `currency`, or in each line's own; returns None when `key` was posted before. Zero lines are left out.

    Raises ValueError when the lines do not sum to zero in each currency, or nothing is left of them: both are our bugs.
    Call it inside the transaction of the change, with the payment's row locked.
    """
    kept = [line for line in lines if line.amount]
    sums: Counter[str] = Counter()
    for line in kept:
        sums[line.currency or currency] += line.amount
    if not kept or any(sums.values()):
        raise ValueError(f"unbalanced or empty entry {key}")
    entry = LedgerEntry(key=key, kind=kind, at=clock.now(), **links)
    columns = zip(*((line.account.value, line.owner_name, line.currency or currency, line.amount) for line in kept), strict=True)
    with connection.cursor() as cursor:
        linked = [getattr(entry, f"{name}_id") for name in _LINKS]
        cursor.execute(_POST, [key, kind, entry.at, *linked, *map(list, columns)])
        posted = cursor.fetchone()
    if posted is None:
        return None
    (entry.pk,) = posted
    return entry


def balance(account: LedgerAccount, owner: Model | str, currency: str) -> int:
    """What stands on an account of an owner, debit positive, in minor units."""
    name = Line(account, owner, 0).owner_name
    total = LedgerLine.objects.filter(account=account, owner=name, currency=currency).aggregate(total=Sum("amount"))["total"]
    return int(total or 0)
