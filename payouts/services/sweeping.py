"""Only the sweep of payouts that leave by themselves: what a crash or a silent outside has left half done."""

from datetime import timedelta

from billing.silence import waiting_when_silent
from core import clock
from core.sweeps import each
from payouts.models import Payout, PayoutReversal
from payouts.services.sending import carry_out, conclude
from payouts.services.taking_back import take_back
from payouts.states import PayoutState, Rail, ReversalState

PATIENCE = timedelta(minutes=1)
BATCH = 100


def sweep_payouts() -> int:
    """Send what was approved and has not left, ask again for what was not answered, and take back what was begun.

    Runs every minute; returns how many were worked on.
    """
    before = clock.now() - PATIENCE
    by_rail = Payout.objects.exclude(rail=Rail.MANUAL)
    approved = by_rail.filter(state=PayoutState.APPROVED, approved_at__lte=before)
    sent = by_rail.filter(state=PayoutState.SENT, sent_at__lte=before)
    reversals = PayoutReversal.objects.filter(state=ReversalState.SUBMITTING, created_at__lte=before)
    # Any hundred of each, not the oldest: a hundred that wait for something must not hide the others.
    rows: list[Payout | PayoutReversal] = []
    for waiting in (sent, approved, reversals):
        rows += waiting.order_by("?")[:BATCH]
    return each(rows, _move_on)


def _move_on(row: Payout | PayoutReversal) -> None:
    with waiting_when_silent(row):
        if isinstance(row, Payout):
            carry_out(row.pk)
        else:
            take_back(row.pk)
            conclude(row.transfer.payout_id)
