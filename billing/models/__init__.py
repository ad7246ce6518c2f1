"""Only data of billing, one file a subject."""

from billing.models.charge import BillingProfile, Charge, Quote
from billing.models.document import Document, DocumentCounter
from billing.models.journal import Journal
from billing.models.ledger import LedgerEntry, LedgerLine
from billing.models.payment import Dispute, Payment, Refund, StaffTask
from billing.models.proof import Proof
from billing.models.sandbox import SandboxDispute, SandboxMessage, SandboxPayment, SandboxRefund
from billing.models.token import RefundAddress, TokenPayment
from billing.models.vat import VatCheck

__all__ = [
    "BillingProfile",
    "Charge",
    "Dispute",
    "Document",
    "DocumentCounter",
    "Journal",
    "LedgerEntry",
    "LedgerLine",
    "Payment",
    "Proof",
    "Quote",
    "Refund",
    "RefundAddress",
    "SandboxDispute",
    "SandboxMessage",
    "SandboxPayment",
    "SandboxRefund",
    "StaffTask",
    "TokenPayment",
    "VatCheck",
]
