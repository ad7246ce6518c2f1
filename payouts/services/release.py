"""Only releases: what is earned and stands in escrow becomes the provider's, in steps of running totals, whatever way it was paid.

A step is earned so far less released so far, by the ledger; so one that was missed is in the next, and a repeat finds nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from billing import payout_postings
from billing.models import Payment
from billing.states import Anomaly, PaymentState
from contracts.models import Contract, Segment
from contracts.pricing import earned_minor, fee_minor, fill
from contracts.services.move import lock as lock_contract
from contracts.states import State
from core import clock
from core.errors import Refused
from core.outbox import emit
from core.queries import timeline
from core.sweeps import each
from payouts.models import Release

BATCH = 1_000

# Any number, the same in every process: two runs at once would do all work twice, and only one of them would find any.
_LOCK = 720_1005

# Written out, because a night is a hundred thousand of them.
_PAYMENTS = """
    SELECT charge.segment_id, payment.id, payment.disputed_minor, payment.currency
    FROM billing_payment AS payment JOIN billing_charge AS charge ON charge.id = payment.charge_id
    WHERE charge.contract_id = %s AND payment.state = %s AND payment.anomaly = %s ORDER BY payment.id FOR UPDATE OF payment
"""

# A contract's paid segments with what their settlement and the ledger say of each.
_SEGMENTS = """
    SELECT segment.id, segment.number, segment.seconds, segment.setup_fee_minor, segment.rent_minor,
        coalesce(settlement.earned_minor, 0),
        (SELECT -coalesce(sum(line.amount), 0) FROM billing_ledgerline AS line WHERE line.account = 'escrow'
            AND line.owner = 'segment:' || segment.id AND line.currency = %s),
        -coalesce(booked.released, 0), -coalesce(booked.fee, 0)
    FROM contracts_segment AS segment LEFT JOIN contracts_settlement AS settlement ON settlement.segment_id = segment.id
    CROSS JOIN LATERAL (
        SELECT sum(line.amount) AS released, sum(line.amount) FILTER (WHERE line.account = 'platform_fee') AS fee
        FROM billing_ledgerentry AS entry JOIN billing_ledgerline AS line ON line.entry_id = entry.id
        WHERE entry.segment_id = segment.id AND line.account IN ('provider_payable', 'platform_fee')
    ) AS booked
    WHERE segment.contract_id = %s AND segment.paid_at IS NOT NULL ORDER BY segment.number
"""

# Contracts that may have something to release, by id: delivered by then and not released that far yet, or ended with escrow left.
# One walk along the ids, with a look into two indexes for each contract.
_DUE = """
    SELECT contract.id FROM contracts_contract AS contract
    WHERE contract.id > %(after)s AND contract.disputes_open = 0
        AND (contract.state IN ('provisioned', 'active') AND contract.provisioned_at <= %(through)s AND coalesce((
                SELECT max((SELECT max(through) FROM payouts_release WHERE segment_id = segment.id))
                FROM contracts_segment AS segment WHERE segment.contract_id = contract.id), '-infinity') < %(through)s
            OR contract.state IN ('completed', 'cancelled') AND contract.provisioned_at IS NOT NULL)
        AND EXISTS (
            SELECT FROM contracts_segment AS segment JOIN billing_ledgerline AS line
                ON line.account = 'escrow' AND line.owner = 'segment:' || segment.id AND line.currency = contract.currency
            WHERE segment.contract_id = contract.id GROUP BY segment.id HAVING sum(line.amount) < 0)
    ORDER BY contract.id LIMIT %(batch)s
"""


def release_contract(contract_id: int, through: datetime) -> list[Release]:
    """Release what of one contract is earned up to `through` (UTC, not in the future) and still stands in escrow.

    One row and one entry for each paid segment with something to release, in one transaction; a repeat finds nothing. An ended
    contract is released to what its settlement says, through its end. Raises `Refused`, and nothing is changed: not_delivered,
    suspended, disputed (it or one of its payments), too_early.
    """
    with transaction.atomic():
        paid_by = _lock_payments(contract_id)
        contract = lock_contract(contract_id)
        _refuse(contract, paid_by.values(), through)
        through = contract.ended_at or through
        steps = list(_steps(contract, paid_by, through))
        releases = Release.objects.bulk_create(release for _paid, release in steps)
        for paid, release in steps:
            payout_postings.released(through, paid_by[paid.segment.pk], paid.segment, release.amount_minor, release.fee_minor)
    return releases


def _lock_payments(contract_id: int) -> dict[int, Payment]:
    """The payments that have paid for a contract, locked, by the id of their segment."""
    with connection.cursor() as cursor:
        cursor.execute(_PAYMENTS, [contract_id, PaymentState.SUCCEEDED.value, Anomaly.NONE.value])
        return {
            segment: Payment(pk=pk, disputed_minor=disputed, currency=currency)
            for segment, pk, disputed, currency in cursor.fetchall()
        }


def _refuse(contract: Contract, payments: Iterable[Payment], through: datetime) -> None:
    if contract.is_disputed or any(payment.disputed_minor for payment in payments):
        raise Refused(_("The payment is disputed at the bank: nothing is released until the bank has decided."), code="disputed")
    if contract.state == State.SUSPENDED:
        raise Refused(_("It is paused: nothing is released until it goes on."), code="suspended")
    if contract.provisioned_at is None:
        raise Refused(_("Nothing was delivered, so nothing is earned."), code="not_delivered")
    if not contract.is_final:
        _refuse_future(through)


def _refuse_future(through: datetime) -> None:
    if through > clock.now():
        raise Refused(_("Nothing is earned before its time."), code="too_early")


@dataclass(frozen=True)
class _Paid:
    """A paid segment: what its settlement calls earned, what stands in escrow, what was released (net of what was taken back), and
    our fee on that. In minor units.
    """

    segment: Segment
    settled: int
    escrow: int
    released: int
    fee: int


def _paid_segments(contract: Contract) -> list[_Paid]:
    with connection.cursor() as cursor:
        cursor.execute(_SEGMENTS, [contract.currency, contract.pk])
        return [
            _Paid(
                Segment(pk=pk, contract=contract, number=number, seconds=seconds, setup_fee_minor=setup, rent_minor=rent),
                *map(int, figures),
            )
            for pk, number, seconds, setup, rent, *figures in cursor.fetchall()
        ]


def _steps(contract: Contract, paid_by: dict[int, Payment], through: datetime) -> Iterator[tuple[_Paid, Release]]:
    """What is to be released of each segment: never more than stands in escrow, and the fee by its own running total."""
    now, found = clock.now(), _paid_segments(contract)
    terms = [paid.segment.paid_term(contract.currency) for paid in found]
    delivered = contract.provisioned_at is not None and contract.provisioned_at <= through
    used = contract.used_seconds(through) if delivered else None
    for paid, term, part in zip(found, terms, fill(terms, used), strict=True):
        earned = paid.settled if contract.is_final else earned_minor(term, part)
        amount = min(earned - paid.released, paid.escrow)
        if amount <= 0:
            continue
        release = Release(
            segment_id=paid.segment.pk,
            contract=contract,
            payment_id=paid_by[paid.segment.pk].pk,
            provider_id=contract.provider_id,
            through=through,
            amount_minor=amount,
            fee_minor=fee_minor(paid.released + amount, contract.fee_bp, contract.currency) - paid.fee,
            currency=contract.currency,
            created_at=now,
        )
        yield paid, release


def release_ended(contract_id: int) -> list[Release]:
    """A contract ended, or a dispute of it closed: release the rest that its settlement gives to the provider.

    A running contract waits for its night. Raises `Refused` as `release_contract`.
    """
    ended_at = Contract.objects.values_list("ended_at", flat=True).get(pk=contract_id)
    return [] if ended_at is None else release_contract(contract_id, ended_at)


# The daily job ------------------------------------------------------------------------------------------------------------------


def last_release_hour() -> datetime:
    """The last moment (UTC) at which the hour of RELEASE_HOUR began. A day here has 24 hours, whatever clocks on walls do."""
    now = clock.now()
    today = now.replace(hour=settings.RELEASE_HOUR, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def release_due(through: datetime | None = None) -> int:
    """Release every contract through the last release hour, or an earlier moment (UTC), each in its own transaction.

    Returns how many were looked at. Killed at any line it is run again and does the rest; off for a week, one step makes up for it.
    Two at once are harmless: each contract is looked at again under its locks. One that breaks holds up no other; errors are raised
    at the end, as an ExceptionGroup, and then the run is not done. Emits ``releases.made``. Raises `Refused` (too_early).
    """
    through = through or last_release_hour()
    _refuse_future(through)
    done = each(_due(through), lambda contract_id: release_contract(contract_id, through))
    with transaction.atomic():
        emit("releases.made", _run_of(through), contracts=done)
    return done


@contextmanager
def alone() -> Iterator[bool]:
    """Whether no other run is at work; until the end of the block, or of the process, this one is the one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        (is_alone,) = cursor.fetchone()
    try:
        yield bool(is_alone)
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def is_released(through: datetime) -> bool:
    """Whether a run through this moment has come to its end."""
    return bool(timeline(_run_of(through)))


def _run_of(through: datetime) -> str:
    return f"releases:{through:%Y-%m-%dT%H:%M:%S}"


def _due(through: datetime) -> Iterator[int]:
    """The ids of contracts to look at, a batch at a time, so that a million takes no more memory than a thousand."""
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_DUE, {"after": after, "through": through, "batch": BATCH})
            batch = [pk for (pk,) in cursor.fetchall()]
        if not batch:
            return
        yield from batch
        after = batch[-1]
