"""Only money on its way: payments, refunds, disputes, and what staff must look at.

The `@transition` methods set fields and nothing else; billing's services call them under a row lock.
"""

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, FSMModelMixin, transition

from billing.models.charge import Charge
from billing.states import (
    Anomaly,
    DisputeState,
    PaymentState,
    RefundKind,
    RefundState,
    TaskKind,
)
from contracts.models import Contract, Segment
from core.fields import CurrencyField, MinorField
from core.money import Money, Priced

NOT_FINAL = [PaymentState.PENDING, PaymentState.PROCESSING, PaymentState.FAILED, PaymentState.EXPIRED]


class Payment(FSMModelMixin, models.Model):
    """One attempt to pay a charge through one gateway."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="payments")
    gateway = models.CharField(max_length=20)
    state = FSMField(default=PaymentState.PENDING, choices=PaymentState.choices, protected=True)
    anomaly = models.CharField(max_length=20, choices=Anomaly.choices, blank=True)
    amount_minor = MinorField()
    received_minor = MinorField(default=0)
    refunded_minor = MinorField(default=0)
    disputed_minor = MinorField(default=0)
    currency = CurrencyField()
    # A gateway may know one payment by several ids: the page that was opened, the intent, and the charge on the card.
    external_id = models.CharField(max_length=255, blank=True)
    external_intent_id = models.CharField(max_length=255, blank=True)
    external_charge_id = models.CharField(max_length=255, blank=True)
    card_country = models.CharField(max_length=2, blank=True)
    checkout_url = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[state.value for state in PaymentState]), name="payment_state_known"),
            models.UniqueConstraint(
                fields=["gateway", "external_id"],
                condition=~Q(external_id=""),
                name="payment_external_id_once",
            ),
            models.UniqueConstraint(
                fields=["gateway", "external_intent_id"],
                condition=~Q(external_intent_id=""),
                name="payment_external_intent_once",
            ),
            models.UniqueConstraint(
                fields=["charge"],
                condition=Q(state="succeeded", anomaly=""),
                name="payment_settles_charge_once",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=F("received_minor")),
                name="payment_refunded_within_received",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(succeeded_at__isnull=False), name="payment_success_has_time"
            ),
        ]
        indexes = [
            models.Index(fields=["external_charge_id"], condition=~Q(external_charge_id=""), name="payment_external_charge"),
        ]

    def __str__(self) -> str:
        """Its public id."""
        return str(self.public_id)

    @property
    def amount(self) -> Money:
        """What was asked for."""
        return Money(self.amount_minor, self.currency)

    @transition(field=state, source=PaymentState.PENDING, target=PaymentState.PROCESSING)
    def process(self) -> None:
        """A slow method is at work."""

    @transition(field=state, source=NOT_FINAL, target=PaymentState.SUCCEEDED)
    def succeed(self, now: datetime, received_minor: int, anomaly: str) -> None:
        """The re-read object says paid; overwrites what failed or expired before."""
        self.succeeded_at = now
        self.received_minor = received_minor
        self.anomaly = anomaly

    @transition(field=state, source=[PaymentState.PENDING, PaymentState.PROCESSING], target=PaymentState.FAILED)
    def fail(self) -> None:
        """Declined; another attempt may be made."""

    @transition(field=state, source=[PaymentState.PENDING, PaymentState.PROCESSING], target=PaymentState.EXPIRED)
    def expire(self) -> None:
        """The gateway's page is closed."""

    @transition(field=state, source=NOT_FINAL, target=PaymentState.MISMATCHED)
    def mismatch(self, received_minor: int, anomaly: str) -> None:
        """Money came, but not what was asked for: staff decides."""
        self.received_minor = received_minor
        self.anomaly = anomaly

    @transition(field=state, source=PaymentState.MISMATCHED, target=PaymentState.SUCCEEDED)
    def accept_mismatch(self, now: datetime) -> None:
        """Staff takes it as payment."""
        self.succeeded_at = now
        self.anomaly = Anomaly.NONE

    @transition(field=state, source=PaymentState.MISMATCHED, target=PaymentState.RETURNED)
    def send_back(self) -> None:
        """Staff sends it back."""


class Refund(FSMModelMixin, models.Model):
    """One decision to give money back; `key` makes the same decision impossible twice."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Long enough for a gateway's own id in it.
    key = models.CharField(max_length=300, unique=True)
    kind = models.CharField(max_length=10, choices=RefundKind.choices)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="refunds")
    segment = models.ForeignKey(Segment, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds")
    state = FSMField(default=RefundState.REQUESTED, choices=RefundState.choices, protected=True)
    net_minor = MinorField()
    tax_minor = MinorField()
    amount_minor = MinorField()
    currency = CurrencyField()
    # Of a payment in tokens: how many of them go back, in their smallest units.
    token_units = models.DecimalField(max_digits=38, decimal_places=0, null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    # Its ids of attempts that failed: the gateway may bring their money back, and say so, weeks later.
    earlier_ids = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    # One that was made in the gateway's dashboard left no room for all of this: what was left of it is a row of its own.
    gave_way_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    rest_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=120, blank=True)
    # Who of staff decided a goodwill refund; empty where it follows from something else.
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Who of staff has paid it by hand, and where tokens of it go: frozen when a person begins to send them.
    paid_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sent_to = models.ForeignKey("billing.RefundAddress", null=True, blank=True, on_delete=models.PROTECT, related_name="refunds")
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    confirmations = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[state.value for state in RefundState]), name="refund_state_known"),
            models.CheckConstraint(
                condition=Q(amount_minor=F("net_minor") + F("tax_minor")) & Q(amount_minor__gt=0),
                name="refund_sums",
            ),
            models.UniqueConstraint(
                fields=["payment", "external_id"], condition=~Q(external_id=""), name="refund_external_id_once"
            ),
            # A transfer of tokens pays one refund.
            models.UniqueConstraint(
                fields=["reference"], condition=~Q(reference="") & Q(token_units__isnull=False), name="refund_transfer_once"
            ),
            models.CheckConstraint(condition=Q(sent_to=None) | Q(token_units__isnull=False), name="refund_address_for_tokens"),
        ]
        indexes = [
            models.Index(
                fields=["state", "submitted_at"],
                condition=~Q(state="succeeded"),
                name="refund_unfinished",
            )
        ]

    def __str__(self) -> str:
        """Its public id."""
        return str(self.public_id)

    @property
    def amount(self) -> Money:
        """What comes back, tax included."""
        return Money(self.amount_minor, self.currency)

    @property
    def idempotency_key(self) -> str:
        """For the gateway: the same until it has failed for good, then a new one for a new attempt."""
        return f"{self.public_id}:{self.failures}"

    @transition(field=state, source=RefundState.REQUESTED, target=RefundState.AWAITING_APPROVAL)
    def await_approval(self) -> None:
        """Above the limit: a second person looks."""

    @transition(
        field=state,
        source=[
            RefundState.REQUESTED,
            RefundState.AWAITING_APPROVAL,
            RefundState.SUBMITTING,
            RefundState.FAILED,
        ],
        target=RefundState.SUBMITTING,
    )
    def submit(self, now: datetime) -> None:
        """About to be sent; a repeat carries the same idempotency key."""
        self.submitted_at = now
        self.attempts += 1

    @transition(field=state, source=RefundState.SUBMITTING, target=RefundState.SUBMITTED)
    def acknowledge(self, external_id: str) -> None:
        """The gateway knows it and is at work."""
        self.external_id = external_id
        self.last_error = ""

    @transition(
        field=state,
        source=[RefundState.SUBMITTED, RefundState.MANUAL],
        target=RefundState.SUCCEEDED,
    )
    def succeed(self, now: datetime) -> None:
        """The money is with the customer."""
        self.succeeded_at = now
        self.confirmations += 1
        self.last_error = ""

    @transition(
        field=state,
        source=[RefundState.SUBMITTING, RefundState.SUBMITTED, RefundState.SUCCEEDED],
        target=RefundState.FAILED,
    )
    def fail(self, error: str) -> None:
        """It did not arrive, or came back: owed as before."""
        self.last_error = error[:500]
        self.succeeded_at = None
        self.failures += 1

    @transition(
        field=state,
        source=[RefundState.REQUESTED, RefundState.AWAITING_APPROVAL, RefundState.FAILED],
        target=RefundState.MANUAL,
    )
    def hand_over(self) -> None:
        """Staff pays it by hand."""

    @transition(
        field=state,
        source=[RefundState.REQUESTED, RefundState.AWAITING_APPROVAL, RefundState.FAILED, RefundState.MANUAL],
        target=RefundState.DROPPED,
    )
    def drop(self, why: str) -> None:
        """It is not at the gateway, and not owed any more: the ledger takes the decision back."""
        self.last_error = why[:500]


class Dispute(FSMModelMixin, models.Model):
    """What a customer's bank says about one payment. Each begins as an inquiry here, so that one whose opening we missed opens now.

    Of an amount that a bank kept, `lost_net_minor` and `lost_tax_minor` had paid for the contract, and `covered_minor` had paid
    for nothing or was owed to the customer and not sent; the rest had gone back to the customer before, and is lost.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    external_id = models.CharField(max_length=255)
    state = FSMField(default=DisputeState.INQUIRY, choices=DisputeState.choices, protected=True)
    # The bank's word for why.
    reason = models.CharField(max_length=100, blank=True)
    amount_minor = MinorField()
    fee_minor = MinorField(default=0)
    lost_net_minor = MinorField(default=0)
    lost_tax_minor = MinorField(default=0)
    covered_minor = MinorField(default=0)
    currency = CurrencyField()
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "external_id"], name="dispute_external_id_once"),
            models.CheckConstraint(condition=Q(state__in=[state.value for state in DisputeState]), name="dispute_state_known"),
            models.CheckConstraint(
                condition=Q(lost_net_minor__gte=0, lost_tax_minor__gte=0, covered_minor__gte=0)
                & Q(amount_minor__gte=F("lost_net_minor") + F("lost_tax_minor") + F("covered_minor")),
                name="dispute_loss_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["inquiry", "open"], closed_at=None)
                | (~Q(state__in=["inquiry", "open"]) & Q(closed_at__isnull=False)),
                name="dispute_closed_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["evidence_due_at", "id"], condition=Q(closed_at=None), name="dispute_unclosed"),
        ]

    def __str__(self) -> str:
        """The bank's name for it."""
        return self.external_id

    @property
    def amount(self) -> Money:
        """What the bank asks about, or has taken."""
        return Money(self.amount_minor, self.currency)

    @property
    def beyond_minor(self) -> int:
        """Of a lost one: what the bank took although it had gone back to the customer before."""
        return int(self.amount_minor - self.lost_net_minor - self.lost_tax_minor - self.covered_minor)

    @transition(field=state, source=DisputeState.INQUIRY, target=DisputeState.INQUIRY_CLOSED)
    def close_inquiry(self, now: datetime) -> None:
        """Only asked; no money moved."""
        self.closed_at = now

    @transition(field=state, source=[DisputeState.INQUIRY, DisputeState.INQUIRY_CLOSED], target=DisputeState.OPEN)
    def withdraw(self, amount_minor: int, fee_minor: int) -> None:
        """The bank took the money until it decides; an inquiry, even one that seemed over, can come to this."""
        self.amount_minor = amount_minor
        self.fee_minor = fee_minor
        self.closed_at = None

    @transition(field=state, source=DisputeState.OPEN, target=DisputeState.WON)
    def win(self, now: datetime) -> None:
        """The bank gave it back."""
        self.closed_at = now

    @transition(field=state, source=DisputeState.OPEN, target=DisputeState.LOST)
    def lose(self, now: datetime, lost: Priced, covered_minor: int) -> None:
        """The bank keeps it."""
        self.closed_at = now
        self.lost_net_minor = lost.net.minor
        self.lost_tax_minor = lost.tax.minor
        self.covered_minor = covered_minor


class StaffTask(models.Model):
    """Something that only a person can decide. `key` keeps one worry from being filed twice."""

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20, choices=TaskKind.choices)
    contract = models.ForeignKey(Contract, null=True, blank=True, on_delete=models.PROTECT, related_name="staff_tasks")
    payment = models.ForeignKey(Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="staff_tasks")
    text = models.CharField(max_length=500)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["opened_at"], condition=Q(closed_at=None), name="staff_task_open"),
        ]

    def __str__(self) -> str:
        """What is to be looked at."""
        return self.text
