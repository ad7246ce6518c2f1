"""Only receipts, invoices and credit notes: numbered without gaps, frozen, their bytes stored once."""

import uuid

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import F, Q

from accounts.models import Account
from billing.models.charge import Charge
from billing.models.payment import Dispute, Payment, Refund
from billing.states import DocumentKind, DocumentLanguage, TaxCategory, TaxScheme
from contracts.models import Contract
from core.fields import CurrencyField, MinorField


def document_storage() -> Storage:
    """Where the bytes are kept: a folder here, a bucket where the settings say so."""
    return storages["documents"]


class DocumentCounter(models.Model):
    """The last number given out of one kind in one year of the seller's time zone. Its row is locked last."""

    kind = models.CharField(max_length=12, choices=DocumentKind.choices)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="document_counter_once")]

    def __str__(self) -> str:
        """Kind and year."""
        return f"{self.kind} {self.year}"


class Document(models.Model):
    """One receipt, invoice or credit note. Everything it says is frozen in `content` (billing.documents.content) when it is
    numbered; the bytes are made from that afterwards, once, and never again. A credit note's amounts are positive.

    `key` says what it was issued for, so that nothing is issued twice.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=12, choices=DocumentKind.choices)
    number = models.CharField(max_length=20, unique=True)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="documents")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="documents")
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="documents")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="documents")
    refund = models.ForeignKey(Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="documents")
    dispute = models.ForeignKey(Dispute, null=True, blank=True, on_delete=models.PROTECT, related_name="documents")
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="credit_notes")
    language = models.CharField(max_length=2, choices=DocumentLanguage.choices)
    currency = CurrencyField()
    category = models.CharField(max_length=2, choices=TaxCategory.choices)
    scheme = models.CharField(max_length=5, choices=TaxScheme.choices, blank=True)
    tax_country = models.CharField(max_length=2)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=4)
    net_minor = MinorField()
    tax_minor = MinorField()
    gross_minor = MinorField()
    # Of an invoice: what its credit notes have taken back so far, so that the database holds them to its sum.
    credited_net_minor = MinorField(default=0)
    credited_tax_minor = MinorField(default=0)
    issued_at = models.DateTimeField()
    # The day in the seller's time zone, which the year of the number follows.
    issued_on = models.DateField()
    content = models.JSONField()
    pdf = models.FileField(storage=document_storage, max_length=200, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    # The same XML that the PDF carries, and the other syntax of EN 16931. Receipts have neither.
    cii = models.FileField(storage=document_storage, max_length=200, blank=True)
    cii_sha256 = models.CharField(max_length=64, blank=True)
    ubl = models.FileField(storage=document_storage, max_length=200, blank=True)
    ubl_sha256 = models.CharField(max_length=64, blank=True)
    stored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "year", "sequence"], name="document_number_once"),
            models.CheckConstraint(condition=Q(gross_minor=F("net_minor") + F("tax_minor")), name="document_sums"),
            models.CheckConstraint(condition=Q(net_minor__gte=0, tax_minor__gte=0, sequence__gte=1), name="document_amounts"),
            models.CheckConstraint(
                condition=Q(kind="credit_note", corrects__isnull=False) | (~Q(kind="credit_note") & Q(corrects=None)),
                name="document_note_corrects",
            ),
            models.CheckConstraint(
                condition=Q(
                    credited_net_minor__gte=0,
                    credited_tax_minor__gte=0,
                    credited_net_minor__lte=F("net_minor"),
                    credited_tax_minor__lte=F("tax_minor"),
                ),
                name="document_notes_within_invoice",
            ),
            models.CheckConstraint(
                condition=Q(stored_at=None, pdf="", pdf_sha256="") | (Q(stored_at__isnull=False) & ~Q(pdf="") & ~Q(pdf_sha256="")),
                name="document_stored_has_bytes",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in DocumentKind]) & Q(category__in=[c.value for c in TaxCategory]),
                name="document_words_known",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-issued_at", "-id"], name="document_of_account"),
            models.Index(fields=["issued_at"], condition=Q(stored_at=None), name="document_without_bytes"),
            models.Index(fields=["issued_on", "id"], name="document_journal"),
        ]

    def __str__(self) -> str:
        """Its number."""
        return self.number
