"""Only what is posted when providers earn and are paid: the ledger's rows about releases and payouts.

A payout stands a floor above and is named by its id. Every function is a no-op when its key was posted before; fees of the platform
are taken from what is released, a bank's fee for a payout is ours.
"""

from datetime import datetime

from billing.ledger import Line, credit, debit, post
from billing.models import Payment
from billing.states import LedgerAccount as A
from contracts.models import Segment
from providers.models import Provider


def released(through: datetime, payment: Payment, segment: Segment, amount: int, fee: int) -> None:
    """A part of a segment's escrow is earned, up to `through`: the provider's share is owed to it, the rest is our fee."""
    provider = f"provider:{segment.contract.provider_id}"
    post(
        f"rel:{segment.pk}:{through:%Y-%m-%dT%H:%M:%S.%fZ}",
        "release",
        payment.currency,
        [
            debit(A.ESCROW, segment, amount),
            credit(A.PROVIDER_PAYABLE, provider, amount - fee),
            credit(A.PLATFORM_FEE, "platform", fee),
        ],
        contract=segment.contract,
        segment=segment,
        payment=payment,
    )


def payout_sent(payout_id: int, provider: Provider, amount: int, currency: str) -> None:
    """It was given to a bank or a rail."""
    _payout(
        payout_id,
        "sent",
        currency,
        [debit(A.PROVIDER_PAYABLE, provider, amount), credit(A.PAYOUT_TRANSIT, _owner(payout_id), amount)],
    )


def payout_settled(payout_id: int, source: Line, bank_fee: int, amount: int, currency: str) -> None:
    """The money has left `source`, an account of ours (`bank` or `gateway_balance`), with the bank's fee on top."""
    fees = debit(A.GATEWAY_FEES, source.owner, bank_fee)
    _payout(payout_id, "settled", currency, [debit(A.PAYOUT_TRANSIT, _owner(payout_id), amount), fees, source])


def payout_settled_in(payout_id: int, source: Line, amount: int, currency: str, *, network_fee: int) -> None:
    """The money has left us in a token or another currency: `source` has its units, the network's fee in it on top."""
    units = -source.amount - network_fee
    _payout(
        payout_id,
        "settled",
        currency,
        [
            debit(A.PAYOUT_TRANSIT, _owner(payout_id), amount),
            credit(A.FX, currency, amount),
            debit(A.FX, source.currency, units, source.currency),
            debit(A.GATEWAY_FEES, source.owner, network_fee, source.currency),
            source,
        ],
    )


def payout_failed(payout_id: int, provider: Provider, amount: int, currency: str) -> None:
    """It was sent and did not leave: owed as before."""
    _payout(
        payout_id,
        "failed",
        currency,
        [debit(A.PAYOUT_TRANSIT, _owner(payout_id), amount), credit(A.PROVIDER_PAYABLE, provider, amount)],
    )


def payout_returned(payout_id: int, provider: Provider, into: Line, amount: int, currency: str) -> None:
    """It was settled and came back `into` an account of ours: owed again, all of it, however many of its tokens came."""
    lines = [into, credit(A.PROVIDER_PAYABLE, provider, amount)]
    if into.currency and into.currency != currency:
        lines += [debit(A.FX, currency, amount), credit(A.FX, into.currency, into.amount, into.currency)]
    _payout(payout_id, "returned", currency, lines)


def share_taken_back(reversal_id: int, gateway: str, provider: Provider, amount: int, currency: str) -> None:
    """A part of a settled payout came back from the provider's own account at a gateway: it makes up for what was taken back.

    The gateway's report shows it later (`bt:…`); until then it stands on gateway_clearing, as payouts that leave by it do.
    """
    post(
        f"payout-reversed:{reversal_id}",
        "payout_reversed",
        currency,
        [debit(A.GATEWAY_CLEARING, gateway, amount), credit(A.PROVIDER_PAYABLE, provider, amount)],
    )


def settled_key(payout_id: int) -> str:
    """The key of the entry by which a payout was settled."""
    return f"payout-settled:{payout_id}"


def _owner(payout_id: int) -> str:
    return f"payout:{payout_id}"


def _payout(payout_id: int, step: str, currency: str, lines: list[Line]) -> None:
    post(f"payout-{step}:{payout_id}", f"payout_{step}", currency, lines)
