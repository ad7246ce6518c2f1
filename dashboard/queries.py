"""Only reads of the dashboard: which rentals stand on which tab, how many, where one of them is, and what rows need beside them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F, QuerySet, Sum

from accounts.models import Account
from billing.models import Charge, Refund
from billing.services import price_extension
from billing.states import ChargePurpose, RefundKind, RefundState
from contracts.models import Contract
from contracts.queries import of_customer
from contracts.states import ExtensionPrice, Shelf
from core.models import DomainEvent
from core.money import Money, minimum_minor
from core.pages import SIZE, Count, Page, cursor_of, keyset
from core.queries import timeline
from dashboard.references import is_reference
from dashboard.states import RentalTab
from providers.models import Offering, Standing
from providers.states import TERMS, OfferingStatus, Visibility

COUNTED = 1000
BY_URGENCY = ("-shelf", "-created_at", "-id")
# Below this a usual time is a guess, and pages say nothing.
LEAST_SAMPLES = 10
ROWS_ABOVE_LINKED = 5

# Each shelf is counted along its index and no further than asked, so the answer costs the same at a million rows.
_COUNTS = """
    SELECT shelf, (
        SELECT count(*) FROM (
            SELECT 1 FROM contracts_contract WHERE customer_id = %s AND contracts_contract.shelf = shelves.shelf LIMIT %s
        ) AS bounded
    ) FROM unnest(%s::smallint[]) AS shelves(shelf)
"""


@dataclass(frozen=True)
class Place:
    """On which page of the list a rental stands: its tab, and the cursor of the page (None: the first)."""

    tab: RentalTab
    after: str | None


@dataclass(frozen=True)
class GivenBack:
    """What of a rental is given back, tax included, in minor units; `arrived` when all of it is confirmed."""

    gross_minor: int
    arrived: bool


def tab_counts(account: Account) -> dict[RentalTab, Count]:
    """How many rentals stand on each tab, exact up to a thousand. One query."""
    shelves = [int(shelf) for shelf in Shelf]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [account.pk, COUNTED + 1, shelves])
        found: dict[int, int] = dict(cursor.fetchall())
    counts = {tab: _count(found[int(tab.shelf)]) for tab in RentalTab if tab.shelf is not None}
    return {RentalTab.ALL: _count(sum(found.values())), **counts}


def _count(found: int) -> Count:
    return Count(min(found, COUNTED), found > COUNTED)


def rentals_on(account: Account, tab: RentalTab) -> QuerySet[Contract]:
    """The rentals of one tab, with their segments and how those were settled."""
    rentals = of_customer(account).prefetch_related("segments__settlement")
    return rentals if tab.shelf is None else rentals.filter(shelf=tab.shelf)


def rentals_page(account: Account, tab: RentalTab, after: str | None, before: str | None) -> Page[Contract]:
    """One page of a tab: what needs the customer first, then the newest."""
    return keyset(rentals_on(account, tab), BY_URGENCY, after, before)


def place_of(account: Account, reference: str) -> Place | None:
    """Where the account's rental of this reference stands in the list; None when it has none. Two queries."""
    if not is_reference(reference):
        return None
    contract = Contract.objects.filter(customer=account, reference=reference.upper()).first()
    if contract is None:
        return None
    tab = next(tab for tab in RentalTab if tab.shelf == contract.shelf)
    same = Contract.objects.filter(customer=account, shelf=contract.shelf)
    above = keyset(same, BY_URGENCY, None, cursor_of(contract, BY_URGENCY))
    # With nothing above it the answer is the first page, and the rental stands on that itself.
    if len(above) < SIZE or any(row.pk == contract.pk for row in above):
        return Place(tab, None)
    return Place(tab, cursor_of(above.rows[-ROWS_ABOVE_LINKED], BY_URGENCY))


def given_back(contracts: Iterable[Contract]) -> dict[int, GivenBack]:
    """What each ended rental gives back to its customer, by contract id. One query."""
    ended = [contract.pk for contract in contracts if contract.is_final]
    rows = Refund.objects.filter(contract__in=ended, kind=RefundKind.UNUSED).values("contract", "state")
    sums: dict[int, GivenBack] = {}
    for row in rows.annotate(gross=Sum("amount_minor")):
        before = sums.get(row["contract"], GivenBack(0, True))
        arrived = before.arrived and row["state"] == RefundState.SUCCEEDED
        sums[row["contract"]] = GivenBack(before.gross_minor + row["gross"], arrived)
    return sums


def charges_to_pay(contracts: Iterable[Contract]) -> dict[int, Charge]:
    """The open charge of each unpaid rental, by contract id. One query."""
    unpaid = [contract.pk for contract in contracts if contract.paid_at is None and not contract.is_final]
    charges = Charge.objects.filter(contract__in=unpaid, paid_at=None, closed_at=None).order_by("id")
    return {charge.contract_id: charge for charge in charges}


def usual_answers(contracts: Iterable[Contract]) -> dict[int, int]:
    """In how many minutes each provider usually answers, by provider id, where enough was measured. One query."""
    providers = {contract.provider_id for contract in contracts}
    measured = Standing.objects.filter(
        provider__in=providers, offering=None, response_minutes__isnull=False, response_samples__gte=LEAST_SAMPLES
    )
    return dict(measured.annotate(minutes=F("response_minutes")).values_list("provider_id", "minutes"))


def still_offered(contracts: Iterable[Contract]) -> dict[int, str]:
    """The addresses of the offerings of ended rentals that anybody can rent again, by offering id. One query."""
    ended = {contract.offering_id for contract in contracts if contract.is_final}
    offered = Offering.objects.filter(pk__in=ended, status=OfferingStatus.PUBLISHED, visibility=Visibility.PUBLIC)
    return dict(offered.values_list("pk", "slug"))


# One rental ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Papers:
    """What stands beside one contract: its charges in order, what goes back, what happened."""

    charges: list[Charge]
    refunds: list[Refund]
    events: list[DomainEvent]

    @property
    def order(self) -> Charge:
        """The charge of the order itself."""
        return next(charge for charge in self.charges if charge.purpose == ChargePurpose.CONTRACT)

    def open_charge(self, moment: datetime) -> Charge | None:
        """What waits for the customer's money at `moment` (UTC); None when nothing does."""
        waiting = (charge for charge in self.charges if charge.is_open and charge.expires_at > moment)
        return next(waiting, None)


def papers_of(contract: Contract) -> Papers:
    """Three queries, whatever happened."""
    return Papers(
        list(Charge.objects.filter(contract=contract).order_by("id")),
        list(Refund.objects.filter(contract=contract, kind=RefundKind.UNUSED).order_by("id")),
        timeline(contract),
    )


def extension_offers(contract: Contract, order_charge: Charge) -> list[tuple[int, Money]]:
    """The terms that can be added now, with their price, VAT included; the same arithmetic as the charge. No query."""
    offers = []
    rule_has_currency = contract.extension_price == ExtensionPrice.FROZEN or contract.currency == contract.offering.currency
    for hours in TERMS if rule_has_currency else ():
        if hours <= contract.terms["max_hours"]:
            _price, _decision, priced = price_extension(contract, order_charge, hours)
            if priced.gross.minor >= minimum_minor(contract.currency):
                offers.append((hours, priced.gross))
    return offers
