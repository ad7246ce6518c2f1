"""Only the memory of the sandbox's bank, which a real gateway would keep on its side. Written by sandbox_bank and _messages."""

from django.db import models
from django.db.models import F, Q

from core.fields import CurrencyField, MinorField


class SandboxPayment(models.Model):
    """A payment page as the pretend bank knows it. `payment_public_id` is null for one that nobody of ours has started.

    `received_at` is when the money came into the bank's balance.
    """

    external_id = models.CharField(max_length=60, unique=True)
    payment_public_id = models.UUIDField(null=True, unique=True)
    charge_public_id = models.UUIDField(db_index=True)
    amount_minor = MinorField()
    received_minor = MinorField(default=0)
    currency = CurrencyField()
    subject = models.CharField(max_length=200)
    status = models.CharField(max_length=20)
    refunds_fail = models.BooleanField(default=False)
    settles_at = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(received_minor__gte=0), name="sandbox_received_not_negative"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(status__in=["pending", "processing"]), name="sandbox_payment_open"),
            models.Index(fields=["settles_at"], condition=Q(settles_at__isnull=False), name="sandbox_payment_settles"),
        ]

    def __str__(self) -> str:
        """The bank's id."""
        return self.external_id


class SandboxRefund(models.Model):
    """A refund as the pretend bank knows it; the key makes a repeated request find the first that has not failed.

    One that somebody made in the bank's own dashboard has no key.
    """

    external_id = models.CharField(max_length=60, unique=True)
    idempotency_key = models.UUIDField(null=True)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.CASCADE, related_name="refunds")
    amount_minor = MinorField()
    status = models.CharField(max_length=20)
    settles_at = models.DateTimeField(null=True, blank=True)
    # How often it had failed when it was asked for, by the one who asked.
    attempt = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="sandbox_refund_of_something"),
            models.UniqueConstraint(fields=["idempotency_key"], condition=~Q(status="failed"), name="sandbox_refund_once_per_key"),
        ]
        indexes = [models.Index(fields=["settles_at"], condition=Q(settles_at__isnull=False), name="sandbox_refund_settles")]

    def __str__(self) -> str:
        """The bank's id."""
        return self.external_id


class SandboxDispute(models.Model):
    """A dispute or inquiry as the pretend bank knows it."""

    external_id = models.CharField(max_length=60, unique=True)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.CASCADE, related_name="disputes")
    amount_minor = MinorField()
    fee_minor = MinorField(default=0)
    fee_returned_minor = MinorField(default=0)
    status = models.CharField(max_length=20)
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="sandbox_dispute_of_something")]

    def __str__(self) -> str:
        """The bank's id."""
        return self.external_id


class SandboxMessage(models.Model):
    """A signed message that the pretend bank still has to bring to our inbox, `copies` times in all."""

    external_id = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    send_at = models.DateTimeField()
    copies = models.PositiveSmallIntegerField(default=1)
    delivered = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(delivered__lte=F("copies")), name="sandbox_message_copies"),
        ]
        indexes = [
            models.Index(fields=["send_at"], condition=Q(delivered_at__isnull=True), name="sandbox_message_due"),
        ]

    def __str__(self) -> str:
        """What it says."""
        return f"{self.kind} {self.object_id}"
