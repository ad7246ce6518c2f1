"""Only what belongs to a contract: its paid stretches, its history, how it was divided, how one connects."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contracts.models.contract import Contract
from contracts.pricing import PaidTerm
from contracts.states import ActorKind, State
from core.fields import MinorField


class Segment(models.Model):
    """One paid stretch of a contract: the order, then each extension, filled by used seconds in order."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="segments")
    number = models.PositiveSmallIntegerField()
    hours = models.PositiveIntegerField()
    seconds = models.PositiveBigIntegerField()
    setup_fee_minor = MinorField(default=0)
    rent_minor = MinorField()
    net_minor = MinorField()
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["contract", "number"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "number"], name="segment_number_once"),
            models.CheckConstraint(
                condition=Q(net_minor=F("setup_fee_minor") + F("rent_minor")) & Q(setup_fee_minor__gte=0, rent_minor__gte=0),
                name="segment_net_is_sum",
            ),
            models.CheckConstraint(condition=Q(seconds=F("hours") * 3600), name="segment_seconds_are_hours"),
            models.CheckConstraint(condition=Q(number=1) | Q(paid_at__isnull=False), name="segment_extension_is_paid"),
        ]

    def __str__(self) -> str:
        """Its place in the contract."""
        return f"{self.contract_id}/{self.number}"

    def paid_term(self, currency_code: str) -> PaidTerm:
        """This segment as arithmetic sees it."""
        return PaidTerm(self.seconds, self.setup_fee_minor, self.rent_minor, currency_code)


class Move(models.Model):
    """History: one row per move, written in the move's transaction and never changed."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="moves")
    from_state = models.CharField(max_length=20, choices=State.choices, blank=True)
    to_state = models.CharField(max_length=20, choices=State.choices)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["contract", "id"]

    def __str__(self) -> str:
        """From where to where."""
        return f"{self.from_state} → {self.to_state}"


class Settlement(models.Model):
    """How one segment was divided at the end. Refund and last release read it and compute nothing."""

    segment = models.OneToOneField(Segment, on_delete=models.PROTECT, related_name="settlement")
    at = models.DateTimeField()
    used_seconds = models.PositiveBigIntegerField()
    earned_minor = MinorField()
    refund_minor = MinorField()
    lost_minor = MinorField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(earned_minor__gte=0, refund_minor__gte=0, lost_minor__gte=0),
                name="settlement_not_negative",
            ),
        ]

    def __str__(self) -> str:
        """The segment that it settles."""
        return f"settlement of {self.segment_id}"


class Delivery(models.Model):
    """What the customer needs to connect. Never a password: the customer's own key opens the door."""

    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, related_name="delivery")
    login = models.CharField(max_length=200)
    ipv4 = models.GenericIPAddressField(protocol="IPv4", null=True, blank=True)
    ipv6 = models.GenericIPAddressField(protocol="IPv6", null=True, blank=True)
    port = models.PositiveIntegerField(null=True, blank=True)
    host_key = models.CharField(max_length=120, blank=True)
    console_url = models.URLField(blank=True)
    notes = models.TextField(blank=True, max_length=2000)
    delivered_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = _("deliveries")

    def __str__(self) -> str:
        """How to log in."""
        return self.login
