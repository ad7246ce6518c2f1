"""Only what an automatic rail moves: one row for each call that sends money, written before the call, and one for each way back."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, FSMModelMixin, transition

from billing.models import Payment
from core.fields import MinorField
from payouts.models.payout import Payout
from payouts.states import ReversalState, TransferState


class PayoutTransfer(FSMModelMixin, models.Model):
    """A part of a payout that leaves by one call: `amount_minor` of its currency, out of `payment` where the rail wants one.

    `key` is what the outside tells a repeat by. In a token, `units` of `asset` go to the provider and `fee_units` to the network,
    both in the token's smallest unit; `created_at_time` (nanoseconds since 1970, UTC), `memo` (hex) and `origin` (the ledger, and
    the wallet on it) are then part of the key: the ledger takes the same transfer only once. `attempts` are calls, `refusals`
    those of them that were answered with a certain no: while the two differ, money may have left. `reversed_minor` came back since.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="transfers")
    payment = models.ForeignKey(Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="payout_transfers")
    key = models.CharField(max_length=100, unique=True)
    amount_minor = MinorField()
    asset = models.CharField(max_length=12, blank=True)
    units = models.DecimalField(max_digits=38, decimal_places=0, null=True, blank=True)
    fee_units = models.DecimalField(max_digits=38, decimal_places=0, null=True, blank=True)
    created_at_time = models.BigIntegerField(null=True, blank=True)
    memo = models.CharField(max_length=64, blank=True)
    origin = models.CharField(max_length=130, blank=True)
    state = FSMField(default=TransferState.SUBMITTING, choices=TransferState.choices, protected=True)
    external_id = models.CharField(max_length=80, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    refusals = models.PositiveIntegerField(default=0)
    reversed_minor = MinorField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=TransferState.values), name="payout_transfer_state_known"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, reversed_minor__gte=0, reversed_minor__lte=F("amount_minor")),
                name="payout_transfer_amounts",
            ),
            models.CheckConstraint(condition=Q(refusals__lte=F("attempts")), name="payout_transfer_answers_within_calls"),
            models.CheckConstraint(
                condition=Q(asset="", units=None, fee_units=None, created_at_time=None, memo="")
                | (~Q(asset="") & ~Q(memo="") & Q(units__gt=0, fee_units__gte=0, created_at_time__gt=0)),
                name="payout_transfer_token_whole",
            ),
            models.CheckConstraint(
                condition=(Q(state="succeeded") & ~Q(external_id="")) | (~Q(state="succeeded") & Q(reversed_minor=0)),
                name="payout_transfer_success_has_name",
            ),
            models.UniqueConstraint(
                fields=["asset", "external_id"], condition=~Q(external_id=""), name="payout_transfer_external_once"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state__in=["submitting", "submitted"]), name="payout_transfer_open"),
        ]

    def __str__(self) -> str:
        """Its key."""
        return self.key

    @property
    def currency(self) -> str:
        """The payout's: what `amount_minor` is counted in."""
        return str(self.payout.currency)

    @property
    def is_in_doubt(self) -> bool:
        """Whether a call was made and not answered."""
        return self.attempts != self.refusals

    @property
    def left_minor(self) -> int:
        """What of it is with the provider, once it succeeded."""
        return int(self.amount_minor - self.reversed_minor)

    @transition(field=state, source=TransferState.SUBMITTING, target=TransferState.SUBMITTING)
    def ask(self, now: datetime) -> None:
        """Asked for, perhaps once more: the same key."""
        self.attempts += 1
        self.asked_at = now

    @transition(field=state, source=TransferState.SUBMITTING, target=TransferState.SUBMITTED)
    def lose_sight(self, reason: str) -> None:
        """A repeat would not be told from the first any more, and the first was not answered: it can only be looked for."""
        self.last_error = reason

    @transition(field=state, source=[TransferState.SUBMITTING, TransferState.SUBMITTED], target=TransferState.SUCCEEDED)
    def succeed(self, now: datetime, external_id: str) -> None:
        """It is with the provider, under this name."""
        self.external_id = external_id
        self.ended_at = now
        self.last_error = ""

    @transition(field=state, source=[TransferState.SUBMITTING, TransferState.SUBMITTED], target=TransferState.FAILED)
    def fail(self, now: datetime, reason: str) -> None:
        """Nothing has left for it, for certain, and nothing will."""
        self.ended_at = now
        self.last_error = reason


class PayoutReversal(FSMModelMixin, models.Model):
    """A part of a transfer that is taken back. `public_id` is the key that the outside tells a repeat by."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    transfer = models.ForeignKey(PayoutTransfer, on_delete=models.PROTECT, related_name="reversals")
    amount_minor = MinorField()
    state = FSMField(default=ReversalState.SUBMITTING, choices=ReversalState.choices, protected=True)
    external_id = models.CharField(max_length=80, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ReversalState.values), name="payout_reversal_state_known"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_reversal_amount"),
            models.CheckConstraint(condition=~Q(state="succeeded") | ~Q(external_id=""), name="payout_reversal_success_has_name"),
            models.UniqueConstraint(fields=["external_id"], condition=~Q(external_id=""), name="payout_reversal_external_once"),
            models.UniqueConstraint(fields=["transfer"], condition=Q(state="submitting"), name="payout_reversal_one_at_a_time"),
        ]

    def __str__(self) -> str:
        """Its public id."""
        return str(self.public_id)

    @transition(field=state, source=ReversalState.SUBMITTING, target=ReversalState.SUCCEEDED)
    def succeed(self, now: datetime, external_id: str) -> None:
        """It is back."""
        self.external_id = external_id
        self.ended_at = now

    @transition(field=state, source=ReversalState.SUBMITTING, target=ReversalState.FAILED)
    def fail(self, now: datetime, reason: str) -> None:
        """Refused: what is owed stays owed, and is kept from what is earned later."""
        self.ended_at = now
        self.last_error = reason
