"""Only a provider's account at Stripe: written before it is opened there, so that it is opened once."""

import uuid

from django.db import models
from django.db.models import Q

from providers.models import Provider


class StripeAccount(models.Model):
    """One for each provider, for all currencies. `external_id` is Stripe's name of it, empty until Stripe has answered.

    `public_id` stands in the account's metadata, by which it is found when the answer was lost, and makes the key of a repeat.
    `country` is what Stripe was asked with: a repeat asks for the same.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.OneToOneField(Provider, on_delete=models.PROTECT, related_name="stripe_account")
    country = models.CharField(max_length=2)
    external_id = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["external_id"], condition=~Q(external_id=""), name="stripe_account_external_once"),
        ]

    def __str__(self) -> str:
        """Stripe's name of it, or ours."""
        return self.external_id or str(self.public_id)
