"""Only reads of the customer's list of rentals: tabs and their counts, a page of rows, and where one of them is.

The page that everybody opens first: three statements for any number of rows, two of them written out, because making a
statement costs more than running it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Account
from contracts.models import Contract
from contracts.pricing import PaidTerm
from contracts.states import Shelf
from core.pages import SIZE, Count, Page, cursor_of, keyset
from dashboard.figures import PaidPart
from dashboard.queries import LEAST_SAMPLES
from dashboard.references import is_reference
from dashboard.states import RentalTab

COUNTED = 1000
BY_URGENCY = ("-shelf", "-created_at", "-id")
ROWS_ABOVE_LINKED = 5

# What a row says of the contract itself; its frozen terms are long, and only their country is shown.
_COLUMNS = (
    "reference",
    "offering_name",
    "offering_id",
    "provider__name",
    "currency",
    "monthly_minor",
    "extension_price",
    "state",
    "shelf",
    "created_at",
    "paid_at",
    "provisioned_at",
    "suspended_at",
    "suspended_for",
    "suspended_seconds",
    "term_seconds",
    "ended_at",
    "ended_by",
    "end_reason",
    "fault",
    "deadline_at",
    "payment_processing",
    "disputes_open",
)

# Each shelf is counted along its index and no further than asked, so the answer costs the same at a million rows.
_COUNTS = """
    SELECT shelf, (
        SELECT count(*) FROM (
            SELECT 1 FROM contracts_contract WHERE customer_id = %s AND contracts_contract.shelf = shelves.shelf LIMIT %s
        ) AS bounded
    ) FROM unnest(%s::smallint[]) AS shelves(shelf)
"""

_BESIDE = """
    SELECT c.id, c.terms ->> 'country',
        (SELECT json_agg(
                json_build_array(s.seconds, s.setup_fee_minor, s.rent_minor, t.earned_minor, t.refund_minor, t.lost_minor)
                ORDER BY s.number
            ) FROM contracts_segment s LEFT JOIN contracts_settlement t ON t.segment_id = s.id
            WHERE s.contract_id = c.id AND s.paid_at IS NOT NULL),
        (SELECT json_build_array(h.public_id, h.gross_minor) FROM billing_charge h
            WHERE c.shelf > 0 AND c.paid_at IS NULL
            AND h.contract_id = c.id AND h.paid_at IS NULL AND h.closed_at IS NULL LIMIT 1),
        (SELECT json_build_array(sum(r.amount_minor), bool_and(r.state = 'succeeded')) FROM billing_refund r
            WHERE c.shelf = 0 AND r.contract_id = c.id AND r.kind = 'unused' HAVING count(*) > 0),
        (SELECT m.response_minutes FROM providers_standing m
            WHERE m.provider_id = c.provider_id AND m.offering_id IS NULL AND m.response_samples >= %s),
        (SELECT o.slug FROM providers_offering o
            WHERE c.shelf = 0 AND o.id = c.offering_id AND o.status = 'published' AND o.visibility = 'public')
    FROM contracts_contract c WHERE c.id = ANY(%s)
"""


@dataclass(frozen=True)
class Place:
    """On which page of the list a rental stands: its tab, and the cursor of the page (None: the first)."""

    tab: RentalTab
    after: str | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What a row says beyond its contract. Amounts in minor units, tax included.

    `parts` are the paid segments; `charge` is what is to pay, as public id and amount; `back` what an ended rental gives
    back and whether all of it arrived; `usual_minutes` the provider's usual time to answer where enough was measured;
    `offered` the address word of an ended rental's offering while anybody can rent it.
    """

    country: str
    parts: list[PaidPart]
    charge: tuple[str, int] | None
    back: tuple[int, bool] | None
    usual_minutes: int | None
    offered: str | None


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


def rentals_page(account: Account, tab: RentalTab, after: str | None, before: str | None) -> Page[Contract]:
    """One page of a tab: what needs the customer first, then the newest."""
    return keyset(_listed(account, tab), BY_URGENCY, after, before)


def _listed(account: Account, tab: RentalTab) -> QuerySet[Contract]:
    rentals = Contract.objects.filter(customer=account).select_related("provider").only(*_COLUMNS)
    return rentals if tab.shelf is None else rentals.filter(shelf=tab.shelf)


def beside(contracts: Iterable[Contract]) -> dict[int, Beside]:
    """What stands beside each contract, by its id. One statement."""
    listed = {contract.pk: contract for contract in contracts}
    with connection.cursor() as cursor:
        cursor.execute(_BESIDE, [LEAST_SAMPLES, list(listed)])
        rows = cursor.fetchall()
    return {row[0]: _beside(row, listed[row[0]].currency) for row in rows}


def _beside(row: tuple[Any, ...], currency: str) -> Beside:
    _id, country, segments, charge, back, usual_minutes, offered = row
    parts = [
        PaidPart(PaidTerm(seconds, setup, rent, currency), None if earned is None else (earned, refund, lost))
        for seconds, setup, rent, earned, refund, lost in segments or ()
    ]
    return Beside(
        country=country or "",
        parts=parts,
        charge=(charge[0], charge[1]) if charge else None,
        back=(back[0], back[1]) if back else None,
        usual_minutes=usual_minutes,
        offered=offered,
    )


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
