"""Only where a provider is paid: set and confirmed by itself, and never changed. Another address is another row."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.fields import CurrencyField
from payouts.states import MethodKind
from providers.models import Provider


class PayoutMethod(models.Model):
    """One bank account or address for what a provider earns in one currency.

    It counts from `confirmed_at`, and money goes there from `usable_at`. `key_digest` is the SHA-256 of the link's secret that was
    mailed; `removed_at` ends it, by its owner or by the next one that is confirmed.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="payout_methods")
    currency = CurrencyField()
    kind = models.CharField(max_length=8, choices=MethodKind.choices)
    # Whose account it is, as the bank knows it.
    holder = models.CharField(max_length=120)
    iban = models.CharField(max_length=34, blank=True)
    bic = models.CharField(max_length=11, blank=True)
    # A principal, an account id, an address with its checksum, or Stripe's name of the account.
    address = models.CharField(max_length=130, blank=True)
    # The chain of an address that exists on several.
    network = models.CharField(max_length=20, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    key_digest = models.CharField(max_length=64, blank=True)
    key_expires_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    usable_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "currency"],
                condition=Q(confirmed_at__isnull=False, removed_at=None),
                name="payout_method_one_in_use",
            ),
            models.CheckConstraint(condition=Q(kind__in=MethodKind.values), name="payout_method_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="bank", address="") & ~Q(iban="") | (~Q(kind="bank") & Q(iban="") & ~Q(address="")),
                name="payout_method_has_place",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, usable_at=None, confirmed_by=None)
                | Q(confirmed_at__isnull=False, usable_at__gte=F("confirmed_at"), confirmed_by__isnull=False),
                name="payout_method_confirmed_whole",
            ),
        ]
        indexes = [models.Index(fields=["provider", "-id"], name="payout_method_of_provider")]

    def __str__(self) -> str:
        """The place itself."""
        return self.iban or self.address
