"""Only money of transfers on its way back: after a refund or a lost dispute, and of payouts that left only in part.

What a provider owes after a take-back is taken from the transfers of the same rental, as far as they cover it. The rest stays a
negative balance, from which later releases are kept.
"""

from django.db import transaction
from django.db.models import QuerySet, Sum

from billing import payout_postings
from billing.gateway_facts import GatewayError
from billing.ledger import Line, balance
from billing.models import LedgerLine
from billing.released import TAKE_BACKS
from billing.states import LedgerAccount
from core import clock
from core.outbox import emit
from core.transactions import require_no_transaction
from payouts.models import Payout, PayoutReversal, PayoutTransfer
from payouts.rail_facts import Outcome
from payouts.rails import rail
from payouts.services.locking import lock_payout, lock_provider
from payouts.states import PayoutState, Rail, ReversalState, TransferState
from payouts.stripe_rail import GATEWAY
from providers.models import Provider

LONGEST_ERROR = 500


def recover(contract_id: int) -> None:
    """Take back from the transfers of a rental what its provider owes for it now. A repeat finds that nothing is owed any more.

    Raises `GatewayError` when nobody answers: a sweep asks again.
    """
    require_no_transaction()
    for reversal_id in _begin(contract_id):
        take_back(reversal_id)


def _begin(contract_id: int) -> list[int]:
    """Write down what is to be taken back, the latest transfer first; returns the new rows' ids."""
    transfers = PayoutTransfer.objects.filter(
        payment__charge__contract=contract_id, state=TransferState.SUCCEEDED, payout__state=PayoutState.SETTLED
    )
    first = transfers.select_related("payout").first()
    if first is None:
        return []
    code, begun = first.payout.currency, []
    with transaction.atomic():
        provider = lock_provider(first.payout.provider_id)
        owed = _owed(provider, contract_id, code)
        for transfer in transfers.select_for_update(of=("self",)).order_by("-id"):
            coming = _sum(transfer.reversals.filter(state=ReversalState.SUBMITTING))
            amount = 0 if coming else min(owed, transfer.left_minor)
            if amount > 0 and (pk := begin_reversal(transfer, amount)) is not None:
                begun.append(pk)
                owed -= amount
    return begun


def _owed(provider: Provider, contract_id: int, code: str) -> int:
    """What the provider owes in all, at most what was taken back for this rental; less what is coming or has come for it."""
    reversals = PayoutReversal.objects.filter(transfer__payout__currency=code).exclude(state=ReversalState.FAILED)
    ours = reversals.filter(transfer__payment__charge__contract=contract_id, transfer__payout__state=PayoutState.SETTLED)
    coming = reversals.filter(transfer__payout__provider=provider, state=ReversalState.SUBMITTING)
    debt = balance(LedgerAccount.PROVIDER_PAYABLE, provider, code) - _sum(coming)
    owner = Line(LedgerAccount.PROVIDER_PAYABLE, provider, 0).owner_name
    taken = LedgerLine.objects.filter(
        account=LedgerAccount.PROVIDER_PAYABLE, owner=owner, currency=code, entry__kind__in=TAKE_BACKS, entry__contract=contract_id
    ).aggregate(total=Sum("amount"))["total"]
    return min(debt, int(taken or 0) - _sum(ours))


def _sum(reversals: QuerySet[PayoutReversal]) -> int:
    return int(reversals.aggregate(total=Sum("amount_minor"))["total"] or 0)


def begin_reversal(transfer: PayoutTransfer, amount: int) -> int | None:
    """The id of the row for a part of a transfer, which the caller has locked: the open one, or a new one. None after a refusal."""
    unfinished = transfer.reversals.exclude(state=ReversalState.SUCCEEDED).first()
    if unfinished is not None:
        return unfinished.pk if unfinished.state == ReversalState.SUBMITTING else None
    return PayoutReversal.objects.create(transfer=transfer, amount_minor=amount, created_at=clock.now()).pk


def take_back(reversal_id: int) -> None:
    """Ask for it, once more if need be, and book it. Emits ``payout.taken_back``. Raises `GatewayError` when nobody answers."""
    with transaction.atomic():
        reversal = _locked(reversal_id)
        if reversal.state != ReversalState.SUBMITTING:
            return
        reversal.attempts += 1
        reversal.save(update_fields=["attempts"])
    try:
        said = rail(reversal.transfer.payout.rail).take_back(reversal)
    except GatewayError as error:
        PayoutReversal.objects.filter(pk=reversal_id).update(last_error=str(error)[:LONGEST_ERROR])
        raise
    with transaction.atomic():
        payout = lock_payout(reversal.transfer.payout_id)
        reversal = _locked(reversal_id)
        if reversal.state != ReversalState.SUBMITTING:
            return
        if said.outcome == Outcome.DONE:
            reversal.succeed(clock.now(), said.external_id)
            _book(payout, reversal)
        else:
            reversal.fail(clock.now(), said.reason[:LONGEST_ERROR])
        reversal.save()


def _book(payout: Payout, reversal: PayoutReversal) -> None:
    transfer = reversal.transfer
    transfer.reversed_minor += reversal.amount_minor
    transfer.save()
    if payout.state != PayoutState.SETTLED:
        # Nothing of it was booked as settled yet: it fails as a whole when all of it is back.
        return
    assert payout.rail == Rail.STRIPE_CONNECT
    amount = int(reversal.amount_minor)
    payout_postings.share_taken_back(reversal.pk, GATEWAY, payout.provider, amount, payout.currency)
    emit(
        "payout.taken_back",
        payout,
        provider=payout.provider_id,
        currency=payout.currency,
        amount_minor=amount,
        actor_kind="system",
        actor=None,
    )


def _locked(reversal_id: int) -> PayoutReversal:
    found = PayoutReversal.objects.select_for_update(of=("self", "transfer")).select_related(
        "transfer__payout", "transfer__payment"
    )
    return found.get(pk=reversal_id)
