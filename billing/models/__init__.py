"""Only data of billing, one file a subject."""

from billing.models.charge import BillingProfile, Charge, Quote
from billing.models.ledger import LedgerEntry, LedgerLine
from billing.models.payment import Dispute, Payment, Refund, StaffTask
from billing.models.sandbox import SandboxDispute, SandboxMessage, SandboxPayment, SandboxRefund

__all__ = [
    "BillingProfile",
    "Charge",
    "Dispute",
    "LedgerEntry",
    "LedgerLine",
    "Payment",
    "Quote",
    "Refund",
    "SandboxDispute",
    "SandboxMessage",
    "SandboxPayment",
    "SandboxRefund",
    "StaffTask",
]
