"""Only what is posted when a gateway's balance report shows something: the rows of the ledger's table with key `bt:<gateway>:<id>`.

A line in the currency of our row clears what the row put on gateway_clearing. One in another currency clears what our row says, and
the ledger's bridge `fx` stands between the two. Amounts and fees are the report's, never computed. A used key is a no-op.
"""

from billing.gateway_facts import BalanceLine
from billing.ledger import Line, Links, credit, debit, post
from billing.models import Dispute, Payment, Refund
from billing.states import LedgerAccount as A
from contracts.models import Contract


def payment_reported(payment: Payment, contract: Contract, line: BalanceLine) -> None:
    """The report shows the payment, less the gateway's fee."""
    _post(
        payment.gateway,
        "balance",
        line,
        _lines(payment.gateway, line, A.GATEWAY_FEES, payment.received_minor, payment.currency),
        {"contract": contract, "payment": payment},
    )


def refund_reported(refund: Refund, line: BalanceLine) -> None:
    """The report shows the refund, pending or not."""
    _refund(refund, "refund_reported", line, -refund.amount_minor)


def refund_returned(refund: Refund, line: BalanceLine) -> None:
    """The report shows the failed refund's money again."""
    _refund(refund, "refund_money_back", line, refund.amount_minor)


def failed_refund_moved(payment: Payment, contract: Contract, line: BalanceLine, ours: int) -> None:
    """The report shows a dashboard's refund leave or come back that had failed when we heard of it, and has no row of ours.

    `ours` is its amount in minor units of the payment's currency, signed as it moves the balance.
    """
    kind = "refund_reported" if ours < 0 else "refund_money_back"
    lines = _lines(payment.gateway, line, A.GATEWAY_FEES, ours, payment.currency)
    _post(payment.gateway, kind, line, lines, {"contract": contract, "payment": payment})


def dispute_withdrawn(dispute: Dispute, contract: Contract, line: BalanceLine) -> None:
    """The report shows what the bank took, and the fee."""
    _dispute(dispute, contract, line, -dispute.amount_minor)


def dispute_reinstated(dispute: Dispute, contract: Contract, line: BalanceLine) -> None:
    """The report shows it back, with a part of the fee or none."""
    _dispute(dispute, contract, line, dispute.amount_minor)


def paid_out(gateway: str, line: BalanceLine) -> None:
    """The gateway has sent money to our bank, or a transfer has come back."""
    _post(gateway, "payout", line, [*_into_balance(gateway, line, A.GATEWAY_FEES), credit(A.BANK, "bank", line.amount_minor)], {})


def share_moved(gateway: str, line: BalanceLine) -> None:
    """The report shows what a provider's own account there was sent, or what was taken back from it."""
    moved = [*_into_balance(gateway, line, A.GATEWAY_FEES), credit(A.GATEWAY_CLEARING, gateway, line.amount_minor)]
    _post(gateway, "share", line, moved, {})


def fee_taken(gateway: str, line: BalanceLine) -> None:
    """The gateway has taken a fee that belongs to no payment."""
    fees = [*_into_balance(gateway, line, A.GATEWAY_FEES), credit(A.GATEWAY_FEES, gateway, line.amount_minor)]
    _post(gateway, "fee", line, fees, {})


def _refund(refund: Refund, kind: str, line: BalanceLine, ours: int) -> None:
    gateway = refund.payment.gateway
    links: Links = {"contract": refund.contract, "segment": refund.segment, "payment": refund.payment, "refund": refund}
    _post(gateway, kind, line, _lines(gateway, line, A.GATEWAY_FEES, ours, refund.currency), links)


def _dispute(dispute: Dispute, contract: Contract, line: BalanceLine, ours: int) -> None:
    gateway = dispute.payment.gateway
    links: Links = {"contract": contract, "payment": dispute.payment, "dispute": dispute}
    _post(gateway, "balance", line, _lines(gateway, line, A.DISPUTE_FEES, ours, dispute.currency), links)


def _lines(gateway: str, line: BalanceLine, fees: A, ours: int, our_currency: str) -> list[Line]:
    """The balance moves by the line's amount less its fee; `ours` is the same as our row says it, in `our_currency`."""
    into_balance = _into_balance(gateway, line, fees)
    if line.currency == our_currency:
        return [*into_balance, debit(A.GATEWAY_CLEARING, gateway, -line.amount_minor, our_currency)]
    return [
        *into_balance,
        debit(A.FX, line.currency, -line.amount_minor, line.currency),
        debit(A.FX, our_currency, ours, our_currency),
        debit(A.GATEWAY_CLEARING, gateway, -ours, our_currency),
    ]


def _into_balance(gateway: str, line: BalanceLine, fees: A) -> list[Line]:
    return [
        debit(A.GATEWAY_BALANCE, gateway, line.amount_minor - line.fee_minor, line.currency),
        debit(fees, gateway, line.fee_minor, line.currency),
    ]


def _post(gateway: str, kind: str, line: BalanceLine, lines: list[Line], links: Links) -> None:
    post(report_key(gateway, line), kind, line.currency, lines, **links)


def report_key(gateway: str, line: BalanceLine) -> str:
    """The ledger's key of a line of a gateway's report."""
    return f"bt:{gateway}:{line.external_id}"
