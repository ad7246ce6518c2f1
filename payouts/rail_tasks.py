"""Only thin wrappers: what the outbox calls about payouts that leave by themselves."""

from contextlib import suppress

from billing.silence import waiting_when_silent
from core.errors import Refused
from core.models import DomainEvent
from payouts.models import Payout
from payouts.services.sending import carry_out
from payouts.services.taking_back import recover


def carry_out_payout(event: DomainEvent) -> None:
    """A payout was approved: let it leave, if it leaves by itself. What keeps it is a task for staff, and the sweep tries again."""
    payout = Payout.objects.get(pk=int(event.subject.removeprefix("payout:")))
    with suppress(Refused), waiting_when_silent(payout):
        carry_out(payout.pk)


def recover_shares(event: DomainEvent) -> None:
    """Something of a rental went back to its customer: take back what its provider owes for it now, where a rail can."""
    recover(int(event.subject.removeprefix("contract:")))
