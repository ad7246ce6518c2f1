"""Only journals: entries of the ledger that two members of staff decide, because no gateway's report and no contract tells them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.states import JournalKind, JournalState, LedgerAccount


class Journal(models.Model):
    """Money of `debit_*` on one side and of `credit_*` on the other, in the smallest unit of each side's currency or token.

    Proposed by one, approved by another, and posted then, once, under `journal:<id>`. Where both sides are in one currency, what
    less arrives than leaves is a fee; where they are in two, the ledger's bridge `fx` stands between them.
    """

    kind = models.CharField(max_length=20, choices=JournalKind.choices)
    debit_account = models.CharField(max_length=20, choices=LedgerAccount.choices)
    debit_owner = models.CharField(max_length=60)
    debit_currency = models.CharField(max_length=33)
    debit_amount = models.DecimalField(max_digits=38, decimal_places=0)
    credit_account = models.CharField(max_length=20, choices=LedgerAccount.choices)
    credit_owner = models.CharField(max_length=60)
    credit_currency = models.CharField(max_length=33)
    credit_amount = models.DecimalField(max_digits=38, decimal_places=0)
    # Where the money can be found outside: on the bank's statement, on a chain.
    reference = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=500)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    dropped_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=JournalKind.values), name="journal_kind_known"),
            models.CheckConstraint(condition=Q(debit_amount__gt=0, credit_amount__gt=0), name="journal_amounts"),
            models.CheckConstraint(
                condition=~Q(debit_currency=F("credit_currency")) | Q(debit_amount__lte=F("credit_amount")),
                name="journal_no_more_arrives",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | (Q(approved_at__isnull=False, approved_by__isnull=False) & ~Q(approved_by=F("proposed_by"))),
                name="journal_two_people",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at=None, dropped_by=None)
                | Q(dropped_at__isnull=False, dropped_by__isnull=False, approved_at=None),
                name="journal_dropped_or_approved",
            ),
            models.UniqueConstraint(
                fields=["reference"],
                condition=Q(dropped_at=None) & ~Q(reference="") & ~Q(kind=JournalKind.TAX_PAID),
                name="journal_reference_once",
            ),
            # One transfer may pay the VAT of many countries, each of them once.
            models.UniqueConstraint(
                fields=["reference", "debit_owner"],
                condition=Q(dropped_at=None, kind=JournalKind.TAX_PAID),
                name="journal_reference_once_an_office",
            ),
            models.UniqueConstraint(
                fields=["kind", "debit_owner", "debit_currency", "credit_owner", "credit_currency"],
                condition=Q(approved_at=None, dropped_at=None),
                name="journal_one_open",
            ),
        ]

    def __str__(self) -> str:
        """The key under which it stands in the ledger."""
        return f"journal:{self.pk}"

    @property
    def state(self) -> JournalState:
        """Where it stands, read from its times."""
        if self.approved_at is not None:
            return JournalState.POSTED
        return JournalState.PROPOSED if self.dropped_at is None else JournalState.DROPPED
