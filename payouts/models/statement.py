"""Only monthly statements: what was booked for a provider in one month and currency, frozen, with its PDF."""

import uuid

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q

from core.fields import CurrencyField, MinorField
from providers.models import Provider


def statement_storage() -> Storage:
    """Where the bytes are kept: beside the documents."""
    return storages["documents"]


class Statement(models.Model):
    """One month (UTC; `month` is its first day) of a provider's account in one currency, made once when the month is over.

    Everything it says is frozen in `content` (payouts.statements.Content); the PDF is made from that afterwards, once.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="statements")
    currency = CurrencyField()
    month = models.DateField()
    opening_minor = MinorField()
    closing_minor = MinorField()
    content = models.JSONField()
    made_at = models.DateTimeField()
    pdf = models.FileField(storage=statement_storage, max_length=200, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "currency", "month"], name="statement_once"),
            models.CheckConstraint(
                condition=Q(pdf="", pdf_sha256="") | (~Q(pdf="") & ~Q(pdf_sha256="")), name="statement_file_has_digest"
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(pdf=""), name="statement_without_file")]

    def __str__(self) -> str:
        """Whose and when."""
        return f"{self.provider_id} {self.month:%Y-%m} {self.currency}"
