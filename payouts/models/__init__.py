"""Only data of payouts, one file a subject. Amounts in minor units of `currency`, times UTC."""

from payouts.models.account import StripeAccount
from payouts.models.method import PayoutMethod
from payouts.models.payout import Payout, PayoutExport, PayoutItem
from payouts.models.release import Release
from payouts.models.statement import Statement
from payouts.models.transfer import PayoutReversal, PayoutTransfer

__all__ = [
    "Payout",
    "PayoutExport",
    "PayoutItem",
    "PayoutMethod",
    "PayoutReversal",
    "PayoutTransfer",
    "Release",
    "Statement",
    "StripeAccount",
]
