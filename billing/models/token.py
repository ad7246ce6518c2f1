"""Only what is known of a payment in tokens beyond its amount, and where customers want tokens back."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Account
from billing.models.payment import Payment
from core.fields import MinorField


class TokenPayment(models.Model):
    """A payment by ICPay as its stored intent has it. Units are the token's smallest, `decimals` places behind the point.

    `due_units` is null until the customer has chosen a token on the payment page. `usd_minor` is what was asked for in US cents, by
    the ECB's rate of `rate_on` where the charge is in another currency (`usd_rate` US dollars for one unit of it).
    The transaction that a browser has reported and the one that ICPay names are two facts, in either order.
    """

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="token")
    asset = models.CharField(max_length=12, blank=True)
    network = models.CharField(max_length=20, blank=True)
    decimals = models.PositiveSmallIntegerField(default=0)
    due_units = models.DecimalField(max_digits=38, decimal_places=0, null=True, blank=True)
    received_units = models.DecimalField(max_digits=38, decimal_places=0, default=0)
    usd_minor = MinorField()
    usd_rate = models.DecimalField(max_digits=20, decimal_places=10)
    rate_on = models.DateField()
    browser_transaction_id = models.CharField(max_length=120, blank=True)
    transaction_id = models.CharField(max_length=120, blank=True)
    sender = models.CharField(max_length=130, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(received_units__gte=0) & (Q(due_units=None) | Q(due_units__gt=0)), name="token_units_not_negative"
            ),
            models.CheckConstraint(condition=Q(usd_minor__gt=0, usd_rate__gt=0), name="token_price_positive"),
        ]

    def __str__(self) -> str:
        """What was paid with."""
        return f"{self.received_units} {self.asset}"


class RefundAddress(models.Model):
    """Where a customer wants tokens of one network back: set on a page, confirmed by mail, and used a day after a change at the
    earliest. `key_digest` is the SHA-256 of the link's secret. Another address is another row.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="refund_addresses")
    network = models.CharField(max_length=20)
    address = models.CharField(max_length=130)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    key_digest = models.CharField(max_length=64, blank=True)
    key_expires_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    usable_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "refund addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "network"],
                condition=Q(confirmed_at__isnull=False, removed_at=None),
                name="refund_address_one_in_use",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, usable_at=None) | Q(confirmed_at__isnull=False, usable_at__gte=F("confirmed_at")),
                name="refund_address_confirmed_whole",
            ),
        ]

    def __str__(self) -> str:
        """The address."""
        return self.address
