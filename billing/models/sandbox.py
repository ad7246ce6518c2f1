"""Only the memory of the sandbox's bank: what a real gateway would keep on its side."""

import uuid

from django.db import models

from core.fields import CurrencyField, MinorField


class SandboxPayment(models.Model):
    """A payment page as the pretend bank knows it."""

    external_id = models.CharField(max_length=60, unique=True)
    payment_public_id = models.UUIDField()
    charge_public_id = models.UUIDField()
    amount_minor = MinorField()
    received_minor = MinorField(default=0)
    currency = CurrencyField()
    subject = models.CharField(max_length=200)
    status = models.CharField(max_length=20, default="pending")
    refunds_fail = models.BooleanField(default=False)
    settles_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        """The bank's id."""
        return self.external_id


class SandboxRefund(models.Model):
    """A refund as the pretend bank knows it; the key makes a repeated request find the first."""

    external_id = models.CharField(max_length=60, unique=True)
    idempotency_key = models.UUIDField(unique=True, default=uuid.uuid4)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.CASCADE, related_name="refunds")
    amount_minor = MinorField()
    status = models.CharField(max_length=20)
    settles_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        """The bank's id."""
        return self.external_id


class SandboxDispute(models.Model):
    """A dispute or inquiry as the pretend bank knows it."""

    external_id = models.CharField(max_length=60, unique=True)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.CASCADE, related_name="disputes")
    amount_minor = MinorField()
    fee_minor = MinorField(default=0)
    status = models.CharField(max_length=20)
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        """The bank's id."""
        return self.external_id


class SandboxMessage(models.Model):
    """A signed message that the pretend bank still has to bring to our inbox."""

    external_id = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    send_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["send_at"], condition=models.Q(delivered_at=None), name="sandbox_message_due"
            )
        ]

    def __str__(self) -> str:
        """What it says."""
        return f"{self.kind} {self.object_id}"
