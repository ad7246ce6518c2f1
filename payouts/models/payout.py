"""Only payouts: which releases they pay, to which confirmed place, and where they stand."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django_fsm import FSMField, FSMModelMixin, transition

from core.fields import CurrencyField, MinorField
from core.money import Money
from payouts.models.method import PayoutMethod
from payouts.models.release import Release
from payouts.states import ExportFormat, PayoutState, Rail
from providers.models import Provider


class PayoutExport(models.Model):
    """A file for where staff pays, kept as it was made: what is in it is sent, and is never in a second one."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    format = models.CharField(max_length=8, choices=ExportFormat.choices)
    content = models.TextField()
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(format__in=ExportFormat.values), name="payout_export_format_known")]

    def __str__(self) -> str:
        """Its public id, which is the file's message id too."""
        return str(self.public_id)


class Payout(FSMModelMixin, models.Model):
    """Money for one provider in one currency. `released_minor` are the shares of its releases, `recovered_minor` what was taken
    back from the provider before, and `amount_minor` what is paid.

    `destination` is the method as it was when the payout was proposed. Paid in a token or another currency, `paid_units` of
    `paid_currency` left us, in its smallest units.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="payouts")
    currency = CurrencyField()
    method = models.ForeignKey(PayoutMethod, on_delete=models.PROTECT, related_name="payouts")
    rail = models.CharField(max_length=16, choices=Rail.choices)
    destination = models.JSONField()
    state = FSMField(default=PayoutState.PROPOSED, choices=PayoutState.choices, protected=True)
    released_minor = MinorField()
    recovered_minor = MinorField(default=0)
    amount_minor = MinorField()
    fee_minor = MinorField(default=0, help_text="What the bank took for it, borne by the platform.")
    # As the ledger calls it: a token's name, with its network where that is not the Internet Computer's.
    paid_currency = models.CharField(max_length=33, blank=True)
    paid_units = models.DecimalField(max_digits=38, decimal_places=0, null=True, blank=True)
    # Where the money can be found outside: a bank's reference, a transaction's hash.
    reference = models.CharField(max_length=120, blank=True)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    # When the money left, as the outside says.
    paid_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    export = models.ForeignKey(PayoutExport, null=True, blank=True, on_delete=models.PROTECT, related_name="payouts")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=PayoutState.values), name="payout_state_known"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, recovered_minor__gte=0, fee_minor__gte=0)
                & Q(amount_minor=F("released_minor") - F("recovered_minor")),
                name="payout_amounts",
            ),
            models.UniqueConstraint(
                fields=["provider", "currency"], condition=Q(state__in=["proposed", "approved"]), name="payout_one_unsent"
            ),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="payout_reference_once"),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "sent", "settled", "returned"])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="payout_approved_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["settled", "returned"])
                | (Q(settled_at__isnull=False, paid_at__isnull=False, sent_at__isnull=False) & ~Q(reference="")),
                name="payout_settled_has_reference",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["failed", "returned"], undone_at__isnull=False)
                | (~Q(state__in=["failed", "returned"]) & Q(undone_at=None)),
                name="payout_undone_has_time",
            ),
            models.CheckConstraint(
                condition=Q(paid_currency="", paid_units=None) | (~Q(paid_currency="") & Q(paid_units__gt=0)),
                name="payout_paid_units_whole",
            ),
        ]
        indexes = [models.Index(fields=["provider", "-id"], name="payout_of_provider")]

    def __str__(self) -> str:
        """Its public id."""
        return str(self.public_id)

    @property
    def amount(self) -> Money:
        """What is paid."""
        return Money(self.amount_minor, self.currency)

    @transition(field=state, source=PayoutState.PROPOSED, target=PayoutState.APPROVED)
    def approve(self, now: datetime, user_id: int) -> None:
        """Looked at, by a second person where the settings ask for one."""
        self.approved_at = now
        self.approved_by_id = user_id

    @transition(field=state, source=PayoutState.APPROVED, target=PayoutState.SENT)
    def send(self, now: datetime) -> None:
        """Given to a bank or a rail: it may be on its way."""
        self.sent_at = now

    @transition(field=state, source=PayoutState.SENT, target=PayoutState.SETTLED)
    def settle(self, now: datetime, paid_at: datetime, reference: str) -> None:
        """The money has left, and where is known."""
        self.settled_at = now
        self.paid_at = paid_at
        self.reference = reference

    @transition(field=state, source=[PayoutState.PROPOSED, PayoutState.APPROVED, PayoutState.SENT], target=PayoutState.FAILED)
    def fail(self, now: datetime, reason: str) -> None:
        """Dropped before it left, or refused outside: its releases are pending again."""
        self.undone_at = now
        self.reason = reason

    @transition(field=state, source=PayoutState.SETTLED, target=PayoutState.RETURNED)
    def come_back(self, now: datetime, reason: str) -> None:
        """The money came back, as a bank may send it days later: its releases are pending again."""
        self.undone_at = now
        self.reason = reason


class PayoutItem(models.Model):
    """A release in a payout. One that was undone keeps its items, and their releases may be in another."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="items")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="items")
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release"], condition=Q(undone_at=None), name="payout_item_release_once"),
            models.UniqueConstraint(fields=["payout", "release"], name="payout_item_once"),
        ]

    def __str__(self) -> str:
        """Which release it is."""
        return gettext("Release %(number)d") % {"number": self.release_id}
