"""Only what is posted when a person has sent tokens back: the rows about refunds by hand of the ledger's table, in tokens."""

from billing.ledger import credit, debit, post
from billing.models import Refund
from billing.states import LedgerAccount as A
from core.tokens import TokenAmount


def refund_paid_in_tokens(refund: Refund, sent: TokenAmount, network_fee: int) -> None:
    """They have left our balance at the gateway, with the network's fee on top, which is ours. Units of the token; the bridge `fx`
    stands between it and the currency that was owed.
    """
    gateway = refund.payment.gateway
    post(
        f"refunded:{refund.pk}",
        "refund_confirmed",
        refund.currency,
        [
            debit(A.REFUND_PAYABLE, refund.payment, refund.amount_minor),
            credit(A.FX, refund.currency, refund.amount_minor),
            debit(A.FX, sent.code, sent.units, sent.code),
            debit(A.GATEWAY_FEES, gateway, network_fee, sent.code),
            credit(A.GATEWAY_BALANCE, gateway, sent.units + network_fee, sent.code),
        ],
        contract=refund.contract,
        segment=refund.segment,
        payment=refund.payment,
        refund=refund,
    )
