"""Only what people decide about payouts that left by themselves and went astray: found, never sent, or sent once more."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core import clock
from core.errors import Refused
from core.outbox import emit
from core.transactions import require_no_transaction
from payouts.models import PayoutTransfer
from payouts.services.locking import lock_payout
from payouts.services.sending import carry_out, conclude
from payouts.states import PayoutState, ReversalState, TransferState
from payouts.transfers import OPEN

LONGEST_NAME = 80


def note_found(transfer_id: int, user: User, external_id: str) -> None:
    """Staff has found the transfer outside, under this name: on a ledger, the number of its block.

    Raises `Refused`: wrong_state (it is not looked for), required, name_used. Emits ``payout.found``.
    """
    require_no_transaction()
    name = external_id.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(_("Give the name under which it is found."), code="required", field="external_id")
    with transaction.atomic():
        transfer = _looked_for(transfer_id)
        if PayoutTransfer.objects.filter(asset=transfer.asset, external_id=name).exists():
            raise Refused(_("Another payout was sent under this name."), code="name_used", field="external_id")
        transfer.succeed(clock.now(), name)
        transfer.save()
        _tell("payout.found", transfer, user, external_id=name)
    conclude(transfer.payout_id)


def note_never_sent(transfer_id: int, user: User) -> None:
    """Staff has looked, and it never left: the payout fails, and its releases are pending again.

    Raises `Refused` (wrong_state). Emits ``payout.never_sent``.
    """
    require_no_transaction()
    with transaction.atomic():
        transfer = _looked_for(transfer_id)
        transfer.fail(clock.now(), _("Looked for by staff and not found."))
        transfer.save()
        _tell("payout.never_sent", transfer, user)
    conclude(transfer.payout_id)


def send_again(transfer_id: int, user: User) -> None:
    """Send a part that was refused once more, out of our balance: the other part of its payout has left and does not come back.

    Raises `Refused` (wrong_state), `GatewayError` when nobody answers: the sweep asks again. Emits ``payout.sent_again``.
    """
    require_no_transaction()
    with transaction.atomic():
        refused = _locked(transfer_id)
        key = f"payout:{refused.payout.public_id}:again:{refused.pk}"
        if not may_be_sent_again(refused) or PayoutTransfer.objects.filter(key=key).exists():
            raise Refused(_("Nothing of this payout is to be sent once more."), code="wrong_state")
        payout = refused.payout
        PayoutTransfer.objects.create(payout=payout, key=key, amount_minor=refused.amount_minor, created_at=clock.now())
        _tell("payout.sent_again", refused, user)
    carry_out(payout.pk)


def may_be_sent_again(transfer: PayoutTransfer) -> bool:
    """Whether it was refused while another part of its payout is with the provider, and was refused to come back."""
    if transfer.state != TransferState.FAILED or transfer.asset or transfer.payout.state != PayoutState.SENT:
        return False
    others = transfer.payout.transfers.all()
    return not any(one.state in OPEN for one in others) and any(
        one.left_minor and one.reversals.filter(state=ReversalState.FAILED).exists()
        for one in others
        if one.state == TransferState.SUCCEEDED
    )


def _looked_for(transfer_id: int) -> PayoutTransfer:
    """The transfer, locked after its payout. Raises `Refused` unless it can only be looked for."""
    transfer = _locked(transfer_id)
    if transfer.state != TransferState.SUBMITTED:
        raise Refused(_("This transfer is not looked for: it has an answer, or is still being asked for."), code="wrong_state")
    return transfer


def _locked(transfer_id: int) -> PayoutTransfer:
    found = PayoutTransfer.objects.filter(pk=transfer_id).first()
    if found is None:
        raise Refused(_("There is no such transfer."), code="wrong_state")
    lock_payout(found.payout_id)
    return PayoutTransfer.objects.select_for_update(of=("self",)).select_related("payout").get(pk=transfer_id)


def _tell(name: str, transfer: PayoutTransfer, user: User, **more: str) -> None:
    payout = transfer.payout
    emit(
        name,
        payout,
        provider=payout.provider_id,
        currency=payout.currency,
        amount_minor=payout.amount_minor,
        actor_kind="staff",
        actor=user.pk,
        **more,
    )
