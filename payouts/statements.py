"""Only what a monthly statement says: the lines that the ledger has for a provider, one currency, one month (UTC). In minor units.

Each line is one entry of the ledger, in order; what is paid out is negative. The paper adds the days of a rental up to one line.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Self

from django.db import connection
from django.utils.translation import gettext as _

from billing.ledger import Line as LedgerLine
from billing.states import LedgerAccount
from payouts.models import Payout
from providers.models import Provider

COLUMNS = ("booked_at", "what", "rental", "offering", "earned", "fee", "yours", "reference", "balance", "currency")


def month_start(month: date) -> datetime:
    """When a month begins, UTC."""
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def month_after(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


# The kinds of entries whose key ends with the id of a payout.
_STEPS = frozenset({"payout_sent", "payout_failed", "payout_returned"})


@dataclass(frozen=True)
class Booked:
    """One entry: `yours` moves the provider's balance, `fee` of `earned` was ours. `rental` is a contract's reference."""

    at: datetime
    kind: str
    key: str
    rental: str
    offering: str
    yours: int
    fee: int

    @property
    def earned(self) -> int:
        """Before our fee; 0 for a payout."""
        return self.yours + self.fee if self.rental else 0

    @property
    def payout_id(self) -> int | None:
        """The payout whose step it is; what came back of one is named by its own row."""
        return int(self.key.rpartition(":")[2]) if self.kind in _STEPS else None


_LINES = """
    SELECT entry.at, entry.kind, entry.key, coalesce(contract.reference, ''), coalesce(contract.offering_name, ''),
        -sum(line.amount), -coalesce((SELECT sum(fee.amount) FROM billing_ledgerline AS fee
                                      WHERE fee.entry_id = entry.id AND fee.account = %(fee)s), 0)
    FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
    LEFT JOIN contracts_contract AS contract ON contract.id = entry.contract_id
    WHERE line.account = %(payable)s AND line.owner = %(owner)s AND line.currency = %(currency)s
        AND entry.at >= %(since)s AND entry.at < %(until)s
    GROUP BY entry.id, contract.id ORDER BY entry.at, entry.id
"""
_BEFORE = """
    SELECT -coalesce(sum(line.amount), 0)
    FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
    WHERE line.account = %(payable)s AND line.owner = %(owner)s AND line.currency = %(currency)s AND entry.at < %(since)s
"""


def _facts(provider: Provider, currency: str, month: date) -> dict[str, Any]:
    return {
        "payable": LedgerAccount.PROVIDER_PAYABLE.value,
        "fee": LedgerAccount.PLATFORM_FEE.value,
        "owner": LedgerLine(LedgerAccount.PROVIDER_PAYABLE, provider, 0).owner_name,
        "currency": currency,
        "since": month_start(month),
        "until": month_start(month_after(month)),
    }


def booked_in(provider: Provider, currency: str, month: date) -> list[Booked]:
    """Everything that was booked for a provider in a month, oldest first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_LINES, _facts(provider, currency, month))
        return [
            Booked(at, kind, key, rental, offering, int(yours), int(fee))
            for at, kind, key, rental, offering, yours, fee in cursor.fetchall()
        ]


def balance_before(provider: Provider, currency: str, month: date) -> int:
    """What was owed to the provider when a month began; negative when it owed us."""
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, _facts(provider, currency, month))
        return int(cursor.fetchone()[0])


def what(kind: str) -> str:
    """An entry's kind in words."""
    words = {
        "release": _("Earned"),
        "refund_decided": _("Taken back for a refund"),
        "loss_regained": _("Taken back for a refund"),
        "dispute_lost": _("Taken back by a customer’s bank"),
        "payout_sent": _("Paid out"),
        "payout_failed": _("Payout failed"),
        "payout_returned": _("Payout came back"),
        "payout_reversed": _("Settled out of an earlier payout"),
        "debt_written_off": _("What you owed is written off"),
    }
    return words.get(kind, kind.replace("_", " ").capitalize())


def references(booked: list[Booked]) -> dict[int, str]:
    """The outside references of the payouts among some entries, by their ids. One statement."""
    ids = {row.payout_id for row in booked if row.payout_id is not None}
    return dict(Payout.objects.filter(pk__in=ids).values_list("pk", "reference"))


def lines_for_sheet(provider: Provider, currency: str, month: date) -> Iterator[tuple[Any, ...]]:
    """The rows of the CSV, in the order of COLUMNS; amounts still in minor units."""
    booked = booked_in(provider, currency, month)
    found = references(booked)
    balance = balance_before(provider, currency, month)
    for row in booked:
        balance += row.yours
        reference = found.get(row.payout_id, "") if row.payout_id is not None else ""
        at = f"{row.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        yield at, what(row.kind), row.rental, row.offering, row.earned, row.fee, row.yours, reference, balance, currency


# On paper -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sum:
    """One line of the paper: a rental's days of a month as one, anything else by itself. `day` is where it is of one day."""

    kind: str
    rental: str
    offering: str
    day: str
    count: int
    earned: int
    fee: int
    yours: int
    reference: str = ""


@dataclass(frozen=True)
class Content:
    """What a statement says for ever. Amounts in minor units of `currency`; `closing` = `opening` + the sums' `yours`."""

    month: str
    currency: str
    opening: int
    closing: int
    provider: dict[str, str]
    payer: dict[str, str]
    is_draft: bool
    sums: list[Sum]

    def as_json(self) -> dict[str, Any]:
        """For keeping in a row."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """What was kept."""
        return cls(**{**data, "sums": [Sum(**row) for row in data["sums"]]})


def summed(booked: list[Booked]) -> list[Sum]:
    """Releases added up by rental, in the order of their first; then what was taken back and paid out, entry by entry."""
    rentals: dict[str, list[Booked]] = {}
    for row in booked:
        if row.kind == "release":
            rentals.setdefault(row.rental, []).append(row)
    earned = [
        Sum(
            "release",
            rental,
            rows[0].offering,
            "",
            len(rows),
            sum(row.earned for row in rows),
            sum(row.fee for row in rows),
            sum(row.yours for row in rows),
        )
        for rental, rows in rentals.items()
    ]
    found = references(booked)
    others = [
        Sum(
            row.kind,
            row.rental,
            row.offering,
            f"{row.at.astimezone(UTC):%Y-%m-%d}",
            1,
            row.earned,
            row.fee,
            row.yours,
            found.get(row.payout_id, "") if row.payout_id is not None else "",
        )
        for row in booked
        if row.kind != "release"
    ]
    return earned + others
