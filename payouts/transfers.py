"""Only what speaks against undoing a payout by hand: its money is out by itself, or a part of it is back already."""

from django.utils.translation import gettext as _

from core.errors import Refused
from payouts.models import Payout
from payouts.states import TransferState

# Asked for, with an answer to come or to be looked for.
OPEN = (TransferState.SUBMITTING, TransferState.SUBMITTED)


def refuse_while_out(payout: Payout) -> None:
    """Raises `Refused` (under_way) while money of a payout may be outside: to drop it then would pay its releases twice."""
    for transfer in payout.transfers.all():
        if transfer.state in OPEN or (transfer.state == TransferState.SUCCEEDED and transfer.left_minor):
            raise Refused(_("It is on its way by itself: what becomes of it is not decided by hand."), code="under_way")


def refuse_partly_back(payout: Payout) -> None:
    """Raises `Refused` (partly_back) when some of it was taken back: as a whole it cannot come back any more."""
    if payout.transfers.filter(reversed_minor__gt=0).exists():
        raise Refused(_("A part of it was taken back already, and booked."), code="partly_back")
