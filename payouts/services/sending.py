"""Only payouts that leave by themselves: planned, sent with a key, asked again, looked for, and brought to their end.

Row first, then the call, then its answer. A payout is failed only when it is certain that nothing of it has left, or that all of it
is back; while a call was not answered it stays sent, and nobody can propose its releases again.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from billing.gateway_facts import GatewayError
from billing.services.task import close_task, reopen_task
from billing.states import TaskKind
from core import clock
from core.errors import Refused
from core.formats import money
from core.transactions import require_no_transaction
from payouts.models import Payout, PayoutTransfer
from payouts.rail_facts import Outcome, Part, PayoutRail, Said, nanoseconds
from payouts.rails import is_configured, rail
from payouts.services.locking import lock_payout
from payouts.services.payout import fail_payout, send_payout, settle_payout
from payouts.services.taking_back import begin_reversal, take_back
from payouts.states import PayoutState, Rail, TransferState
from payouts.transfers import OPEN

LONGEST_ERROR = 500


def carry_out(payout_id: int) -> None:
    """Let an approved payout leave by its rail, or go on with one that was sent; nothing for one by hand, or at its end.

    What keeps it from leaving is a task for staff, and it is tried again. Raises `Refused` with that reason, and `GatewayError`
    when nobody answers. Emits what `payouts.services.payout` does.
    """
    require_no_transaction()
    payout = Payout.objects.get(pk=payout_id)
    if payout.rail == Rail.MANUAL or payout.state not in {PayoutState.APPROVED, PayoutState.SENT}:
        return
    carrier = rail(payout.rail)
    if not payout.transfers.exists():
        _begin(payout, carrier)
    for transfer in PayoutTransfer.objects.filter(payout=payout, state__in=OPEN).order_by("id"):
        _ask(transfer.pk, carrier)
    conclude(payout.pk)


def _begin(payout: Payout, carrier: PayoutRail) -> None:
    """Plan it, and write down what will be asked for, in the transaction in which the payout is sent."""
    try:
        parts = _plan(payout, carrier)
        with transaction.atomic():
            if payout.state == PayoutState.APPROVED:
                send_payout(payout.pk)
            else:
                lock_payout(payout.pk)
            if not payout.transfers.exists():
                PayoutTransfer.objects.bulk_create([_transfer(payout, part) for part in parts])
    except Refused as refusal:
        if Payout.objects.get(pk=payout.pk).state == payout.state:
            _tell_staff(payout, str(refusal))
        raise
    close_task(_task(payout), None)


def _plan(payout: Payout, carrier: PayoutRail) -> list[Part]:
    if not is_configured(payout.rail):
        raise Refused(_("The way by which it would leave is switched off here."), code="rail_off")
    parts = carrier.plan(payout)
    assert sum(part.amount_minor for part in parts) == payout.amount_minor
    return parts


def _transfer(payout: Payout, part: Part) -> PayoutTransfer:
    """The key is made of the payout and what pays for it, so that there can be no second one for the same."""
    now = clock.now()
    made = PayoutTransfer(
        payout=payout,
        payment=part.payment,
        key=f"payout:{payout.public_id}:{part.payment.public_id if part.payment else 'balance'}",
        amount_minor=part.amount_minor,
        created_at=now,
    )
    if part.asset:
        made.asset, made.units, made.fee_units, made.origin = part.asset, part.units, part.fee_units, part.origin
        made.created_at_time, made.memo = nanoseconds(now), made.public_id.hex
    return made


def _ask(transfer_id: int, carrier: PayoutRail) -> None:
    with transaction.atomic():
        transfer = _locked(transfer_id)
        if transfer.state not in OPEN:
            return
        if transfer.state == TransferState.SUBMITTING:
            transfer.ask(clock.now())
            transfer.save()
    try:
        said = carrier.pay(transfer) if transfer.state == TransferState.SUBMITTING else carrier.look(transfer)
    except GatewayError as error:
        PayoutTransfer.objects.filter(pk=transfer_id).update(last_error=str(error)[:LONGEST_ERROR])
        raise
    _record(transfer_id, said)


def _record(transfer_id: int, said: Said) -> None:
    with transaction.atomic():
        transfer = _locked(transfer_id)
        if transfer.state not in OPEN:
            if said.outcome == Outcome.DONE and transfer.external_id != said.external_id:
                _tell_staff(transfer.payout, _("It left under %(name)s after all. Look at it.") % {"name": said.external_id})
            return
        if said.outcome == Outcome.DONE:
            transfer.succeed(clock.now(), said.external_id)
        else:
            _record_no(transfer, said)
        transfer.save()


def _record_no(transfer: PayoutTransfer, said: Said) -> None:
    """A no is certain for the call that it answers. It is for the transfer when no call is left without an answer."""
    transfer.last_error = said.reason[:LONGEST_ERROR]
    if transfer.state == TransferState.SUBMITTING and said.outcome != Outcome.NEVER:
        transfer.refusals += 1
    is_certain = said.outcome == Outcome.NEVER or (said.outcome in {Outcome.REFUSED, Outcome.TOO_LATE} and not transfer.is_in_doubt)
    if is_certain:
        transfer.fail(clock.now(), transfer.last_error)
    elif said.outcome == Outcome.TOO_LATE:
        transfer.lose_sight(transfer.last_error)
    elif said.outcome == Outcome.NOT_FOUND:
        _tell_staff(
            transfer.payout,
            _("It was not answered in time, and is not found (%(reason)s). Look for it on the ledger before anything else.")
            % {"reason": said.reason},
        )


def conclude(payout_id: int) -> None:
    """Settle a sent payout when all of it has left; fail it when nothing has, or what had is back again.

    Where a part has left and a part was refused, what has left is taken back first. Raises `GatewayError`.
    """
    for _round in range(2):
        reversals = _conclude(payout_id)
        for reversal_id in reversals:
            take_back(reversal_id)
        if not reversals:
            return


def _conclude(payout_id: int) -> list[int]:
    """One step; returns the ids of reversals that are to be asked for before the next."""
    with transaction.atomic():
        payout = lock_payout(payout_id)
        transfers = list(payout.transfers.select_for_update().order_by("id"))
        if payout.state != PayoutState.SENT or not transfers or any(one.state in OPEN for one in transfers):
            return []
        left = [one for one in transfers if one.state == TransferState.SUCCEEDED and one.left_minor]
        if sum(one.left_minor for one in left) == payout.amount_minor:
            settle_payout(payout.pk, rail(payout.rail).paid(payout, left))
            close_task(_task(payout), None)
            return []
        if not left:
            errors = [one.last_error for one in transfers if one.state == TransferState.FAILED]
            fail_payout(payout.pk, None, _("Refused: %(error)s") % {"error": errors[0][:400]})
            close_task(_task(payout), None)
            return []
        begun = [pk for one in left if (pk := begin_reversal(one, one.left_minor)) is not None]
        if not begun:
            _tell_staff(payout, _("A part of it was refused, and the other part, which has left, does not come back."))
        return begun


def _locked(transfer_id: int) -> PayoutTransfer:
    found = PayoutTransfer.objects.select_for_update(of=("self",)).select_related("payout", "payment")
    return found.get(pk=transfer_id)


def _task(payout: Payout) -> str:
    return f"payout:{payout.pk}"


def _tell_staff(payout: Payout, reason: str) -> None:
    words = {"amount": money(payout.amount), "provider": payout.provider.name, "reason": reason}
    text = _("The payout of %(amount)s to %(provider)s waits: %(reason)s") % words
    with transaction.atomic():
        reopen_task(_task(payout), TaskKind.PAYOUT, text[:500])
