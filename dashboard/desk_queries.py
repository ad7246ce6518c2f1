"""Only reads of the provider's desk: what waits for the provider, what runs, what is over, and what was earned."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count as CountOf
from django.db.models import Q, QuerySet

from billing.models import Charge
from billing.states import ChargePurpose
from contracts.models import Contract
from contracts.queries import of_provider
from contracts.states import BEFORE_DELIVERY, DELIVERED, FINAL, ActorKind, State
from core.pages import Count, Page, keyset
from dashboard.states import DeskTab
from providers.models import Offering, Provider

BY_DEADLINE = ("deadline_at", "id")
NEWEST = ("-created_at", "-id")
PREVIEWED = 10
COUNTED = 1000

# Nothing is asked of the provider before the money is there, or while a bank decides about it.
_WAITING = Q(state__in=sorted(BEFORE_DELIVERY), paid_at__isnull=False, disputes_open=0)
_TABS = {
    DeskTab.OPEN: (_WAITING, BY_DEADLINE),
    DeskTab.RUNNING: (Q(state__in=sorted(DELIVERED)), BY_DEADLINE),
    DeskTab.LATER: (Q(state__in=sorted(BEFORE_DELIVERY)) & (Q(paid_at__isnull=True) | Q(disputes_open__gt=0)), NEWEST),
    DeskTab.ENDED: (Q(state__in=sorted(FINAL)), NEWEST),
}


def on_tab(provider: Provider, tab: DeskTab) -> QuerySet[Contract]:
    """The contracts of one tab, with their segments and how those were settled."""
    condition, _order = _TABS[tab]
    return of_provider(provider).filter(condition).prefetch_related("segments__settlement")


def desk_page(provider: Provider, tab: DeskTab, after: str | None, before: str | None) -> Page[Contract]:
    """One page of a tab: what has a deadline by deadline, the rest newest first."""
    return keyset(on_tab(provider, tab), _TABS[tab][1], after, before)


def running_first(provider: Provider) -> list[Contract]:
    """The running contracts that end soonest, for the desk itself."""
    return list(on_tab(provider, DeskTab.RUNNING).order_by(*BY_DEADLINE)[:PREVIEWED])


def desk_counts(provider: Provider) -> dict[DeskTab, Count]:
    """How many contracts stand on each tab, exact up to a thousand. One query."""
    parts, values = [], []
    for tab, (condition, _order) in _TABS.items():
        bounded = Contract.objects.filter(condition, provider=provider).order_by().values("pk")[: COUNTED + 1]
        statement, params = bounded.query.sql_with_params()
        parts.append(f"SELECT %s, count(*) FROM ({statement}) AS bounded")  # noqa: S608 (made by the ORM just above)
        values += [tab.value, *params]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        found = dict(cursor.fetchall())
    return {tab: Count(min(found[tab.value], COUNTED), found[tab.value] > COUNTED) for tab in DeskTab}


@dataclass(frozen=True)
class History:
    """What a customer rented from this provider before: how many delivered, how many of those they ended early."""

    rentals: int
    ended_early: int


def histories(provider: Provider, contracts: Iterable[Contract]) -> dict[int, History]:
    """The history of each customer with this provider, by account id. One query."""
    customers = {contract.customer_id for contract in contracts}
    early = Q(state=State.CANCELLED, ended_by=ActorKind.CUSTOMER)
    rows = (
        Contract.objects.filter(provider=provider, customer__in=customers, provisioned_at__isnull=False)
        .values("customer")
        .annotate(rentals=CountOf("pk"), early=CountOf("pk", filter=early))
    )
    return {row["customer"]: History(row["rentals"], row["early"]) for row in rows}


def order_charges(contracts: Iterable[Contract]) -> dict[int, Charge]:
    """The charge of each contract's order, by contract id: who buys, from which country. One query."""
    ids = [contract.pk for contract in contracts]
    return {charge.contract_id: charge for charge in Charge.objects.filter(contract__in=ids, purpose=ChargePurpose.CONTRACT)}


def stock_left(contracts: Iterable[Contract]) -> dict[int, int]:
    """How many of each contract's offering are free now, by offering id. One query."""
    ids = {contract.offering_id for contract in contracts}
    return {offering.pk: offering.free for offering in Offering.objects.filter(pk__in=ids).only("stock", "taken")}
