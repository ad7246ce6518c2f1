"""Only what of a segment's escrow was released to its provider: a row for each step, and never changed."""

from datetime import UTC

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext

from billing.models import Payment
from contracts.models import Contract, Segment
from core.fields import CurrencyField, MinorField
from providers.models import Provider


class Release(models.Model):
    """One step of running totals: what was earned up to `through` and not released before. `fee_minor` of it is ours.

    Its entry in the ledger has the key ``rel:<segment>:<through>``.
    """

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="releases")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="releases")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="releases")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="releases", db_index=False)
    through = models.DateTimeField()
    amount_minor = MinorField()
    fee_minor = MinorField()
    currency = CurrencyField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["segment", "through"], name="release_once_per_moment"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, fee_minor__gte=0, fee_minor__lte=F("amount_minor")), name="release_amounts"
            ),
        ]
        indexes = [models.Index(fields=["provider", "currency", "id"], name="release_of_provider")]

    def __str__(self) -> str:
        """Its number, and until when something was earned (UTC)."""
        words = {"number": self.pk or 0, "through": f"{self.through.astimezone(UTC):%Y-%m-%d %H:%M}"}
        return gettext("Release %(number)d, through %(through)s") % words

    @property
    def share_minor(self) -> int:
        """The provider's part."""
        return int(self.amount_minor - self.fee_minor)
