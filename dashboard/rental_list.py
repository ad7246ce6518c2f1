"""Only reads of the customer's list of rentals: tabs and their counts, a page of rows, and where one of them is.

The page that everybody opens first: two statements for any number of rows, both written out, because making a statement costs
more than running it, and rows that are no models, because making a model costs more than reading it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from accounts.models import Account
from contracts.brief import Course
from contracts.models import Contract
from contracts.pricing import PaidTerm
from contracts.states import Shelf
from core.pages import SIZE, Count, Order, Page, cursor_of, keyset, page_by
from dashboard.figures import PaidPart
from dashboard.queries import LEAST_SAMPLES
from dashboard.references import is_reference
from dashboard.states import RentalTab

COUNTED = 1000
BY_URGENCY = ("-shelf", "-created_at", "-id")
ROWS_ABOVE_LINKED = 5

# Each shelf is counted along its index and no further than asked, so the answer costs the same at a million rows.
_COUNTS = """
    SELECT shelf, (
        SELECT count(*) FROM (
            SELECT 1 FROM contracts_contract WHERE customer_id = %s AND contracts_contract.shelf = shelves.shelf LIMIT %s
        ) AS bounded
    ) FROM unnest(%s::smallint[]) AS shelves(shelf)
"""

# In the order of the fields of Rental; what stands beside a contract is looked up only where its row shows it.
_PAGE = """
    SELECT c.id, c.shelf, c.created_at, c.reference, c.offering_name, p.name, c.currency, c.monthly_minor, c.extension_price,
        c.state, c.paid_at, c.provisioned_at, c.suspended_at, c.suspended_for, c.suspended_seconds, c.term_seconds,
        c.ended_at, c.ended_by, c.end_reason, c.fault, c.deadline_at, c.payment_processing, c.disputes_open,
        coalesce(c.terms ->> 'country', ''),
        (SELECT json_agg(
                json_build_array(s.seconds, s.setup_fee_minor, s.rent_minor, t.earned_minor, t.refund_minor, t.lost_minor)
                ORDER BY s.number
            ) FROM contracts_segment s LEFT JOIN contracts_settlement t ON t.segment_id = s.id
            WHERE s.contract_id = c.id AND s.paid_at IS NOT NULL),
        (SELECT json_build_array(h.public_id, h.gross_minor) FROM billing_charge h
            WHERE c.shelf > 0 AND c.paid_at IS NULL
            AND h.contract_id = c.id AND h.paid_at IS NULL AND h.closed_at IS NULL LIMIT 1),
        (SELECT json_build_array(sum(r.amount_minor), bool_and(r.state = 'succeeded'), bool_or(r.state IN ('failed', 'manual')))
            FROM billing_refund r
            WHERE c.shelf = 0 AND r.contract_id = c.id AND r.kind = 'unused' AND r.state <> 'dropped'
            HAVING count(*) > 0),
        (SELECT m.response_minutes FROM providers_standing m
            WHERE m.provider_id = c.provider_id AND m.offering_id IS NULL AND m.response_samples >= %s),
        (SELECT o.slug FROM providers_offering o
            WHERE c.shelf = 0 AND o.id = c.offering_id AND o.status = 'published' AND o.visibility = 'public')
    FROM (SELECT * FROM contracts_contract WHERE customer_id = %s {among} ORDER BY {order} LIMIT %s) AS c
    JOIN providers_provider p ON p.id = c.provider_id ORDER BY {order}
"""
_DOWN, _UP = (", ".join(f"{name[1:]} {way}" for name in BY_URGENCY) for way in ("DESC", "ASC"))
_BEYOND = " AND (shelf, created_at, id) {} (%s, %s, %s)"


@dataclass(frozen=True)
class Place:
    """On which page of the list a rental stands: its tab, and the cursor of the page (None: the first)."""

    tab: RentalTab
    after: str | None


class Who(NamedTuple):
    """Somebody of whom nothing but the name is read."""

    name: str


@dataclass(frozen=True, slots=True)
class Rental(Course):
    """One rental of the list: the contract's own columns, and what its row says beyond them. Amounts in minor units.

    `parts` are the paid segments; `charge` is what is to pay, as public id and amount, tax included; `back` what an ended rental
    gives back, tax included, whether all of it arrived, and whether some is paid by hand; `usual_minutes` the provider's usual
    time to answer where enough was measured; `offered` the address word of an ended rental's offering while anybody can rent it.
    """

    id: int
    shelf: int
    created_at: datetime
    reference: str
    offering_name: str
    provider: Who
    currency: str
    monthly_minor: int
    extension_price: str
    state: str
    paid_at: datetime | None
    provisioned_at: datetime | None
    suspended_at: datetime | None
    suspended_for: str
    suspended_seconds: int
    term_seconds: int
    ended_at: datetime | None
    ended_by: str
    end_reason: str
    fault: str
    deadline_at: datetime | None
    payment_processing: bool
    disputes_open: int
    country: str
    parts: list[PaidPart]
    charge: tuple[str, int] | None
    back: tuple[int, bool, bool] | None
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


def rentals_page(account: Account, tab: RentalTab, after: str | None, before: str | None) -> Page[Rental]:
    """One page of a tab: what needs the customer first, then the newest. One query."""
    shelf = [] if tab.shelf is None else [int(tab.shelf)]

    def fetch(values: list[Any] | None, direction: Order) -> list[Rental]:
        down = direction == BY_URGENCY
        among = ("AND shelf = %s" if shelf else "") + (_BEYOND.format("<" if down else ">") if values else "")
        statement = _PAGE.format(among=among, order=_DOWN if down else _UP)
        with connection.cursor() as cursor:
            cursor.execute(statement, [LEAST_SAMPLES, account.pk, *shelf, *(values or ()), SIZE + 1])
            return [_rental(row) for row in cursor.fetchall()]

    return page_by(fetch, Contract.objects.all().query, BY_URGENCY, after, before, SIZE)


def _rental(row: tuple[Any, ...]) -> Rental:
    *columns, segments, charge, back, usual_minutes, offered = row
    columns[5], currency = Who(columns[5]), columns[6]
    parts = [
        PaidPart(PaidTerm(seconds, setup, rent, currency), None if earned is None else (earned, refund, lost))
        for seconds, setup, rent, earned, refund, lost in segments or ()
    ]
    columns += [parts, charge and tuple(charge), back and tuple(back), usual_minutes, offered]
    return Rental(*columns)


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
