"""Only the ledger's rows: append-only, double entry; the database refuses change, removal and imbalance."""

from django.db import models

from billing.models.document import Document
from billing.models.payment import Dispute, Payment, Refund
from billing.states import LedgerAccount
from contracts.models import Contract, Segment


class LedgerEntry(models.Model):
    """One event in money. A used `key` cannot be posted again."""

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=30)
    at = models.DateTimeField()
    contract = models.ForeignKey(Contract, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries")
    segment = models.ForeignKey(Segment, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries")
    payment = models.ForeignKey(Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries")
    refund = models.ForeignKey(Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries")
    dispute = models.ForeignKey(Dispute, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries")
    document = models.ForeignKey(Document, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries")

    class Meta:
        verbose_name_plural = "ledger entries"

    def __str__(self) -> str:
        """Its key."""
        return self.key


class LedgerLine(models.Model):
    """One side of an entry: debit positive, credit negative, in the smallest unit of `currency`."""

    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="lines")
    account = models.CharField(max_length=20, choices=LedgerAccount.choices)
    owner = models.CharField(max_length=60)
    # A currency of the table, or a token such as ckUSDC or USDC.base (core/tokens.py).
    currency = models.CharField(max_length=33)
    amount = models.DecimalField(max_digits=38, decimal_places=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(amount=0), name="ledger_line_not_zero"),
            models.CheckConstraint(
                condition=models.Q(account__in=[account.value for account in LedgerAccount]),
                name="ledger_account_known",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "owner", "currency"], include=["amount"], name="ledger_balance"),
        ]

    def __str__(self) -> str:
        """Account and amount."""
        return f"{self.account} {self.amount} {self.currency}"
