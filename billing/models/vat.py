"""Only what VIES was asked and answered about VAT ids; an answer is evidence and is never changed into another one."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import Account
from billing.states import VatCheckState


class VatCheck(models.Model):
    """One question to VIES. `country` is as VIES writes it (EL for Greece), `number` without it; `consultation_number` is proof."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="vat_checks")
    country = models.CharField(max_length=2)
    number = models.CharField(max_length=20)
    # On whose behalf it was asked: the seller's own id; without one VIES gives no consultation number.
    requester = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=12, choices=VatCheckState.choices, default=VatCheckState.PENDING)
    name = models.CharField(max_length=500, blank=True)
    address = models.CharField(max_length=1000, blank=True)
    consultation_number = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=100, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[state.value for state in VatCheckState]), name="vat_check_state_known"),
            models.CheckConstraint(
                condition=Q(state="pending", answered_at=None) | (~Q(state="pending") & Q(answered_at__isnull=False)),
                name="vat_check_answer_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["country", "number", "-answered_at"], name="vat_check_latest"),
            models.Index(fields=["created_at"], condition=Q(state="pending"), name="vat_check_pending"),
        ]

    def __str__(self) -> str:
        """The id that was asked about."""
        return f"{self.country}{self.number}"
