"""Only what is posted when: each function is one row of the ledger's table of postings, and no other exists.

G gross, N net, T tax, in minor units. Every function is a no-op when its key was posted before.
"""

from billing.ledger import Line, credit, debit, post
from billing.models import Dispute, Payment, Refund
from billing.released import Sources, TakenBack
from billing.states import LedgerAccount as A
from contracts.models import Contract, Segment
from core.money import Priced


def payment_confirmed(payment: Payment, segment: Segment, net: int, tax: int) -> None:
    """The gateway's object says paid: net into escrow, tax onto no document yet."""
    post(
        f"pay:{payment.pk}",
        "payment",
        payment.currency,
        [
            debit(A.GATEWAY_CLEARING, payment.gateway, net + tax),
            credit(A.ESCROW, segment, net),
            credit(A.TAX_PENDING, payment, tax),
        ],
        contract=segment.contract,
        segment=segment,
        payment=payment,
    )


def payment_unallocated(payment: Payment, contract: Contract) -> None:
    """Money came that pays for nothing: wrong amount, late, twice."""
    post(
        f"pay:{payment.pk}",
        "unallocated",
        payment.currency,
        [
            debit(A.GATEWAY_CLEARING, payment.gateway, payment.received_minor),
            credit(A.UNALLOCATED, payment, payment.received_minor),
        ],
        contract=contract,
        payment=payment,
    )


def mismatch_accepted(payment: Payment, segment: Segment, net: int, tax: int) -> None:
    """Staff takes a wrong amount as payment: a surplus is owed back, a shortfall is the platform's loss."""
    surplus = payment.received_minor - net - tax
    post(
        f"accept:{payment.pk}",
        "mismatch_accepted",
        payment.currency,
        [
            debit(A.UNALLOCATED, payment, payment.received_minor),
            debit(A.LOSSES, payment, max(0, -surplus)),
            credit(A.ESCROW, segment, net),
            credit(A.TAX_PENDING, payment, tax),
            credit(A.REFUND_PAYABLE, payment, max(0, surplus)),
        ],
        contract=segment.contract,
        segment=segment,
        payment=payment,
    )


def loss_regained(payment: Payment, segment: Segment, part: Priced, sources: Sources) -> None:
    """What an end would give back, had it not come back already or never come in: the loss shrinks by it, and escrow ends at 0.

    What of its net neither escrow nor the provider has to give stays lost.
    """
    regained = part.gross.minor - sources.losses_minor
    if not regained:
        return
    post(
        f"regained:{segment.pk}",
        "loss_regained",
        payment.currency,
        [
            debit(A.ESCROW, segment, sources.escrow_minor),
            *_taken_back(segment, sources.taken),
            debit(A.TAX_PENDING, payment, part.tax.minor),
            credit(A.LOSSES, payment, regained),
        ],
        contract=segment.contract,
        segment=segment,
        payment=payment,
    )


def refund_decided(refund: Refund, sources: Sources) -> None:
    """The unused part is owed to the customer now, with its tax: out of escrow, and beyond it from the provider or from us."""
    assert refund.segment is not None
    _refund(
        refund,
        "refund_decided",
        f"refund:{refund.pk}",
        [
            debit(A.ESCROW, refund.segment, sources.escrow_minor),
            *_taken_back(refund.segment, sources.taken),
            debit(A.LOSSES, refund.payment, sources.losses_minor),
            debit(A.TAX_PENDING, refund.payment, refund.tax_minor),
            credit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
        ],
    )


def goodwill_decided(refund: Refund) -> None:
    """The platform gives a part back and bears it: the contract's escrow stands. With its tax, which is not due on it."""
    _refund(
        refund,
        "refund_decided",
        f"refund:{refund.pk}",
        [
            debit(A.LOSSES, refund.payment, refund.net_minor),
            debit(A.TAX_PENDING, refund.payment, refund.tax_minor),
            credit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
        ],
    )


def vat_refund_decided(refund: Refund) -> None:
    """VIES has confirmed later: the VAT was not due and is owed back."""
    _refund(
        refund,
        "refund_decided",
        f"refund:{refund.pk}",
        [
            debit(A.TAX_PENDING, refund.payment, refund.tax_minor),
            credit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
        ],
    )


def return_decided(refund: Refund) -> None:
    """Money that pays for nothing is owed back."""
    _refund(
        refund,
        "return_decided",
        f"refund:{refund.pk}",
        [
            debit(A.UNALLOCATED, refund.payment, refund.amount_minor),
            credit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
        ],
    )


def refund_confirmed(refund: Refund) -> None:
    """The money is with the customer."""
    _refund(
        refund,
        "refund_confirmed",
        _numbered("refunded", refund),
        [
            debit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
            credit(A.GATEWAY_CLEARING, refund.payment.gateway, refund.amount_minor),
        ],
    )


def refund_paid_by_hand(refund: Refund) -> None:
    """Staff has paid it from the bank."""
    _refund(
        refund,
        "refund_confirmed",
        _numbered("refunded", refund),
        [
            debit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
            credit(A.BANK, "bank", refund.amount_minor),
        ],
    )


def refund_undone(refund: Refund) -> None:
    """A confirmed refund came back: owed again."""
    _refund(
        refund,
        "refund_undone",
        _numbered("unrefunded", refund),
        [
            debit(A.GATEWAY_CLEARING, refund.payment.gateway, refund.amount_minor),
            credit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
        ],
    )


def refund_dropped(refund: Refund) -> None:
    """A decision is taken back, its money is not sent. What it took from escrow, or from a provider, stays with the platform."""
    _refund(
        refund,
        "refund_dropped",
        f"dropped:{refund.pk}",
        [
            debit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
            credit(A.LOSSES, refund.payment, refund.net_minor),
            credit(A.TAX_PENDING, refund.payment, refund.tax_minor),
        ],
    )


def return_dropped(refund: Refund) -> None:
    """The same of money that pays for nothing: it waits for its decision again."""
    _refund(
        refund,
        "return_dropped",
        f"dropped:{refund.pk}",
        [
            debit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
            credit(A.UNALLOCATED, refund.payment, refund.amount_minor),
        ],
    )


def refund_covered(refund: Refund, dispute: Dispute) -> None:
    """A refund failed that a bank has paid by a lost dispute before: what was lost twice is owed no more."""
    post(
        _numbered("covered", refund),
        "refund_covered",
        refund.currency,
        [
            debit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
            credit(A.LOSSES, refund.payment, refund.amount_minor),
        ],
        contract=refund.contract,
        payment=refund.payment,
        refund=refund,
        dispute=dispute,
    )


def dispute_withdrawn(dispute: Dispute, contract: Contract) -> None:
    """A bank took the money back until it decides."""
    _dispute(
        dispute,
        contract,
        "dispute_withdrawn",
        f"dispute:{dispute.pk}",
        [
            debit(A.DISPUTE_HOLD, dispute.payment, dispute.amount_minor),
            credit(A.GATEWAY_CLEARING, dispute.payment.gateway, dispute.amount_minor),
        ],
    )


def dispute_won(dispute: Dispute, contract: Contract) -> None:
    """The money came back."""
    _dispute(
        dispute,
        contract,
        "dispute_won",
        f"dispute-won:{dispute.pk}",
        [
            debit(A.GATEWAY_CLEARING, dispute.payment.gateway, dispute.amount_minor),
            credit(A.DISPUTE_HOLD, dispute.payment, dispute.amount_minor),
        ],
    )


def dispute_lost(
    dispute: Dispute,
    contract: Contract,
    segment: Segment | None,
    *,
    sources: Sources,
    unallocated: int,
    refund_payable: int,
    beyond: int,
    tax: int,
) -> None:
    """The bank keeps the money: what had paid for `segment` by its sources, what pays for nothing or is owed, and what has gone
    back before (`beyond`), which is our loss.
    """
    payment = dispute.payment
    paid = [] if segment is None else [debit(A.ESCROW, segment, sources.escrow_minor), *_taken_back(segment, sources.taken)]
    post(
        f"dispute-lost:{dispute.pk}",
        "dispute_lost",
        dispute.currency,
        [
            *paid,
            debit(A.TAX_PENDING, payment, tax),
            debit(A.UNALLOCATED, payment, unallocated),
            debit(A.REFUND_PAYABLE, payment, refund_payable),
            debit(A.LOSSES, payment, sources.losses_minor + beyond),
            credit(A.DISPUTE_HOLD, payment, dispute.amount_minor),
        ],
        contract=contract,
        segment=segment,
        payment=payment,
        dispute=dispute,
    )


def _taken_back(segment: Segment, taken: TakenBack) -> list[Line]:
    """What was released and goes back: the provider's share and our fee on it. A provider that was paid already owes it to us."""
    provider = f"provider:{segment.contract.provider_id}"
    return [debit(A.PROVIDER_PAYABLE, provider, taken.share_minor), debit(A.PLATFORM_FEE, "platform", taken.fee_minor)]


def _numbered(name: str, refund: Refund) -> str:
    # A refund that was confirmed, came back and was sent again is confirmed twice: each has its own key.
    return f"{name}:{refund.pk}" if refund.confirmations <= 1 else f"{name}:{refund.pk}:{refund.confirmations}"


def _refund(refund: Refund, kind: str, key: str, lines: list[Line]) -> None:
    post(
        key,
        kind,
        refund.currency,
        lines,
        contract=refund.contract,
        segment=refund.segment,
        payment=refund.payment,
        refund=refund,
    )


def _dispute(dispute: Dispute, contract: Contract, kind: str, key: str, lines: list[Line]) -> None:
    post(key, kind, dispute.currency, lines, contract=contract, payment=dispute.payment, dispute=dispute)
