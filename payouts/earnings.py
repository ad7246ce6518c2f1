"""Only reads of what a provider earns, from the ledger: sums in each currency, months, contracts, payouts. In minor units."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import Count, QuerySet

from billing.ledger import Line
from billing.states import LedgerAccount
from contracts.models import Contract
from core import clock
from core.pages import Page, keyset
from payouts.models import Payout, Release
from payouts.states import PayoutState
from providers.models import Provider

NEWEST = ("-created_at", "-id")
NEWEST_PAYOUT = ("-id",)
MONTHS = 12
LATEST = 5


@dataclass(frozen=True)
class Earned:
    """One currency. `escrow` is what customers have paid and is not earned yet, before VAT and before our fee; `released` the
    provider's shares so far, `taken_back` what of them went back, `fee` ours; `paid` has left to the provider, `sent` of it is not
    settled yet. `payable` is what the ledger owes the provider: negative when more was taken back than is earned since.
    """

    currency: str
    escrow: int = 0
    released: int = 0
    taken_back: int = 0
    fee: int = 0
    paid: int = 0
    sent: int = 0
    payable: int = 0

    @property
    def earned(self) -> int:
        """The provider's own, so far."""
        return self.released - self.taken_back


_SUMS = """
    SELECT line.currency,
        -coalesce(sum(amount) FILTER (WHERE line.account = %(payable)s AND entry.kind = 'release'), 0),
        coalesce(sum(amount) FILTER (WHERE line.account = %(payable)s AND entry.contract_id IS NOT NULL
                                     AND entry.kind <> 'release'), 0),
        coalesce(sum(amount) FILTER (WHERE line.account = %(payable)s AND entry.contract_id IS NULL
                                     AND entry.kind <> 'debt_written_off'), 0),
        -coalesce(sum(amount) FILTER (WHERE line.account = %(payable)s), 0)
    FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
    WHERE line.account = %(payable)s AND line.owner = %(owner)s GROUP BY line.currency
"""
_OF_CONTRACTS = """
    SELECT line.currency, -coalesce(sum(amount) FILTER (WHERE line.account = %(escrow)s), 0),
        -coalesce(sum(amount) FILTER (WHERE line.account = %(fee)s), 0)
    FROM contracts_contract AS contract JOIN billing_ledgerentry AS entry ON entry.contract_id = contract.id
    JOIN billing_ledgerline AS line ON line.entry_id = entry.id
    WHERE contract.provider_id = %(provider)s AND line.account IN (%(escrow)s, %(fee)s) GROUP BY line.currency
"""


def earned_by(provider: Provider) -> list[Earned]:
    """What a provider has earned, a row for each currency, in the order of their codes. Three statements."""
    facts: dict[str, str | int] = {
        "payable": LedgerAccount.PROVIDER_PAYABLE.value,
        "escrow": LedgerAccount.ESCROW.value,
        "fee": LedgerAccount.PLATFORM_FEE.value,
        "owner": Line(LedgerAccount.PROVIDER_PAYABLE, provider, 0).owner_name,
        "provider": provider.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, facts)
        sums = {currency: tuple(map(int, figures)) for currency, *figures in cursor.fetchall()}
        cursor.execute(_OF_CONTRACTS, facts)
        held = {currency: tuple(map(int, figures)) for currency, *figures in cursor.fetchall()}
    on_the_way = _on_the_way(provider)
    found = []
    for currency in sorted({*sums, *held}):
        released, taken_back, paid, payable = sums.get(currency, (0, 0, 0, 0))
        escrow, fee = held.get(currency, (0, 0))
        found.append(Earned(currency, escrow, released, taken_back, fee, paid, on_the_way.get(currency, 0), payable))
    return found


def _on_the_way(provider: Provider) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for currency, amount in Payout.objects.filter(provider=provider, state=PayoutState.SENT).values_list(
        "currency", "amount_minor"
    ):
        sums[currency] += amount
    return sums


def released_by_month(provider: Provider, until: datetime) -> dict[str, dict[date, int]]:
    """The provider's shares by currency and month (UTC), of the twelve months that end with the one of `until`. One statement."""
    year, month = divmod(until.year * 12 + until.month - MONTHS, 12)
    first = until.replace(year=year, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT currency, date_trunc('month', created_at AT TIME ZONE 'UTC')::date, sum(amount_minor - fee_minor)
            FROM payouts_release WHERE provider_id = %s AND created_at >= %s GROUP BY 1, 2""",
            [provider.pk, first],
        )
        found: dict[str, dict[date, int]] = defaultdict(dict)
        for currency, start, total in cursor.fetchall():
            found[currency][start] = int(total)
    return found


def latest_releases(provider: Provider) -> list[Release]:
    """The last few releases, newest first, with their contracts."""
    return list(Release.objects.filter(provider=provider).select_related("contract").order_by("-id")[:LATEST])


def earning_page(provider: Provider, after: str | None, before: str | None) -> Page[Contract]:
    """The contracts that earned or may earn something, newest first."""
    return keyset(Contract.objects.filter(provider=provider, provisioned_at__isnull=False), NEWEST, after, before)


@dataclass(frozen=True)
class ContractEarned:
    """One contract by the ledger: held back, the provider's part of what was released, net of what was taken back, and our fee."""

    escrow: int = 0
    share: int = 0
    fee: int = 0


def earned_by_contract(contracts: Iterable[Contract]) -> dict[int, ContractEarned]:
    """What each contract has brought so far, by its id. One statement."""
    ids = [contract.pk for contract in contracts]
    accounts = (LedgerAccount.ESCROW.value, LedgerAccount.PROVIDER_PAYABLE.value, LedgerAccount.PLATFORM_FEE.value)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT entry.contract_id, -coalesce(sum(amount) FILTER (WHERE account = %s), 0),
                -coalesce(sum(amount) FILTER (WHERE account = %s), 0), -coalesce(sum(amount) FILTER (WHERE account = %s), 0)
            FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
            WHERE entry.contract_id = ANY(%s) AND account = ANY(%s) GROUP BY entry.contract_id""",
            [*accounts, ids, list(accounts)],
        )
        found = {pk: ContractEarned(*map(int, figures)) for pk, *figures in cursor.fetchall()}
    return {pk: found.get(pk, ContractEarned()) for pk in ids}


def payouts_of(provider: Provider) -> QuerySet[Payout]:
    """A provider's payouts, with how many releases each pays; one that was dropped before anybody sent it is no news to it."""
    told = Payout.objects.filter(provider=provider).exclude(state=PayoutState.FAILED, sent_at=None)
    return told.select_related("method").annotate(releases=Count("items"))


def payouts_page(provider: Provider, after: str | None, before: str | None) -> Page[Payout]:
    """A page of them, newest first."""
    return keyset(payouts_of(provider), NEWEST_PAYOUT, after, before)


def releases_page(payout: Payout, after: str | None, before: str | None) -> Page[Release]:
    """The releases that a payout pays, oldest first, with their contracts."""
    return keyset(Release.objects.filter(items__payout=payout).select_related("contract"), ("id",), after, before)


def months_with_news(provider: Provider) -> list[tuple[date, str]]:
    """The months and currencies in which something was booked for a provider, newest first; the running one is among them."""
    owner = Line(LedgerAccount.PROVIDER_PAYABLE, provider, 0).owner_name
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT date_trunc('month', entry.at AT TIME ZONE 'UTC')::date AS month, line.currency
            FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
            WHERE line.account = %s AND line.owner = %s AND entry.at <= %s ORDER BY month DESC, line.currency""",
            [LedgerAccount.PROVIDER_PAYABLE.value, owner, clock.now()],
        )
        return [(month, currency) for month, currency in cursor.fetchall()]
