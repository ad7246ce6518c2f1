"""Only data: contracts, what they consist of, and which moves exist between their states.

The `@transition` methods set fields of `self` and do nothing else; `contracts.services.move` is the one
door through which they are called. Times are UTC, amounts integers in minor units of `currency`.
"""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from accounts.models import Account
from contracts.brief import Course
from contracts.pricing import NetPrice, used_seconds
from contracts.references import new_reference
from contracts.states import BEFORE_DELIVERY, FINAL, ActorKind, ExtensionPrice, Fault, Shelf, State, SuspendedFor
from core.fields import CurrencyField, MinorField
from core.money import Money
from providers.models import Offering, Provider, StockHold

CUSTOMER, PROVIDER, STAFF, SYSTEM, AGENT = (
    ActorKind.CUSTOMER,
    ActorKind.PROVIDER,
    ActorKind.STAFF,
    ActorKind.SYSTEM,
    ActorKind.AGENT,
)

# Kept by the database beside the state, so that a list in order of urgency is one walk along an index.
SHELF = Case(
    When(Q(disputes_open__gt=0, state__in=sorted(BEFORE_DELIVERY)) | Q(state=State.SUSPENDED), then=Shelf.PAUSED),
    When(state=State.REQUESTED, paid_at__isnull=True, payment_processing=False, then=Shelf.NEEDS_YOU),
    When(state=State.PROVISIONED, then=Shelf.NEEDS_YOU),
    When(state__in=sorted(BEFORE_DELIVERY), then=Shelf.ON_THE_WAY),
    When(state=State.ACTIVE, then=Shelf.RUNNING),
    default=Shelf.ENDED,
)


class Contract(Course, FSMModelMixin, models.Model):
    """One rental: who, what, for how long, at which price, and where it stands."""

    reference = models.CharField(max_length=9, unique=True, default=new_reference)
    customer = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="rentals")
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="contracts")
    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, related_name="contracts")
    hold = models.OneToOneField(StockHold, on_delete=models.PROTECT, related_name="contract")

    offering_name = models.CharField(max_length=120)
    terms = models.JSONField(help_text=_("What was offered, frozen at ordering."))
    currency = CurrencyField()
    monthly_minor = MinorField()
    setup_fee_minor = MinorField()
    rent_minor = MinorField()
    net_minor = MinorField()
    hours = models.PositiveIntegerField()
    fee_bp = models.PositiveIntegerField(help_text=_("Platform fee in hundredths of a percent, frozen."))
    auto_accept = models.BooleanField(default=False)
    extension_price = models.CharField(max_length=8, choices=ExtensionPrice.choices, default=ExtensionPrice.FROZEN)

    operating_system = models.CharField(max_length=80, blank=True)
    host_name = models.CharField(max_length=63, blank=True)
    ssh_public_key = models.TextField(blank=True)
    ssh_fingerprint = models.CharField(max_length=80, blank=True)
    note = models.TextField(blank=True, max_length=2000)

    state = FSMField(default=State.REQUESTED, choices=State.choices, protected=True)
    state_before = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    provisioned_at = models.DateTimeField(null=True, blank=True)
    active_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_for = models.CharField(max_length=8, choices=SuspendedFor.choices, blank=True)
    suspended_seconds = models.PositiveBigIntegerField(default=0)
    term_seconds = models.PositiveBigIntegerField(help_text=_("Of all paid segments; the order's before payment."))
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=10, choices=ActorKind.choices, blank=True)
    end_reason = models.CharField(max_length=500, blank=True)
    fault = models.CharField(max_length=12, choices=Fault.choices, default=Fault.NOBODY)
    deadline_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the system acts if nobody did; empty while nothing runs.")
    )
    payment_processing = models.BooleanField(default=False)
    disputes_open = models.PositiveSmallIntegerField(default=0)
    shelf = models.GeneratedField(expression=SHELF, output_field=models.SmallIntegerField(choices=Shelf.choices), db_persist=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[state.value for state in State]), name="contract_state_known"),
            models.CheckConstraint(condition=Q(net_minor=F("setup_fee_minor") + F("rent_minor")), name="contract_net_is_sum"),
            models.CheckConstraint(
                condition=Q(setup_fee_minor__gte=0, rent_minor__gte=0, monthly_minor__gte=0),
                name="contract_amounts_not_negative",
            ),
            models.CheckConstraint(condition=Q(fee_bp__gte=0, fee_bp__lte=10_000), name="contract_fee_at_most_all"),
            models.CheckConstraint(condition=Q(hours__gte=1, term_seconds__gte=1), name="contract_term_positive"),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "provisioning", "provisioned", "active", "completed"])
                | Q(paid_at__isnull=False),
                name="contract_paid_before_accepted",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["provisioned", "active", "suspended", "completed"]) | Q(provisioned_at__isnull=False),
                name="contract_delivered_has_start",
            ),
            models.CheckConstraint(
                condition=Q(state="suspended", suspended_at__isnull=False, state_before__in=["provisioned", "active"])
                | (~Q(state="suspended") & Q(suspended_at__isnull=True)),
                name="contract_suspension_complete",
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(FINAL), ended_at__isnull=False, deadline_at__isnull=True)
                | (~Q(state__in=sorted(FINAL)) & Q(ended_at__isnull=True)),
                name="contract_final_has_end",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-created_at", "-id"], name="contract_of_customer"),
            models.Index(fields=["customer", "-shelf", "-created_at", "-id"], name="contract_customer_shelf"),
            models.Index(fields=["provider", "state", "deadline_at", "id"], name="contract_provider_state"),
            models.Index(fields=["provider", "-created_at", "-id"], name="contract_of_provider"),
            models.Index(
                fields=["deadline_at", "id"],
                condition=Q(deadline_at__isnull=False),
                name="contract_deadline",
            ),
            models.Index(fields=["offering"], name="contract_offering"),
        ]

    def __str__(self) -> str:
        """The reference people quote."""
        return self.reference

    # Reading ---------------------------------------------------------------------------------------

    @property
    def price(self) -> NetPrice:
        """The frozen net price of the order."""
        return NetPrice(self.monthly_minor, self.setup_fee_minor, self.rent_minor, self.currency)

    @property
    def net(self) -> Money:
        """The frozen net of the order."""
        return Money(self.net_minor, self.currency)

    # Moves, in the order of a contract's life -------------------------------------------------------

    @transition(
        field=state,
        source=State.REQUESTED,
        target=State.ACCEPTED,
        custom={"actors": {State.REQUESTED: {PROVIDER, SYSTEM}}},
    )
    def accept(self, now: datetime, deadline_at: datetime) -> None:
        """The provider said yes, or its rule did."""
        self.accepted_at = now
        self.deadline_at = deadline_at

    @transition(
        field=state,
        source=State.REQUESTED,
        target=State.REJECTED,
        custom={"actors": {State.REQUESTED: {PROVIDER}}},
    )
    def reject(self, now: datetime) -> None:
        """The provider said no."""
        self._end(now)

    @transition(
        field=state,
        source=State.REQUESTED,
        target=State.EXPIRED,
        custom={"actors": {State.REQUESTED: {SYSTEM}}},
    )
    def expire(self, now: datetime) -> None:
        """Nobody paid, or nobody answered, in time."""
        self._end(now)

    @transition(
        field=state,
        source=State.ACCEPTED,
        target=State.PROVISIONING,
        custom={"actors": {State.ACCEPTED: {PROVIDER, AGENT}}},
    )
    def start_provisioning(self, now: datetime, deadline_at: datetime) -> None:
        """Set-up has begun."""
        self.deadline_at = deadline_at

    @transition(
        field=state,
        source=State.PROVISIONING,
        target=State.PROVISIONED,
        custom={"actors": {State.PROVISIONING: {PROVIDER, AGENT}}},
    )
    def deliver(self, now: datetime, deadline_at: datetime) -> None:
        """Handed over: the paid term starts."""
        self.provisioned_at = now
        self.deadline_at = deadline_at

    @transition(
        field=state,
        source=[State.ACCEPTED, State.PROVISIONING],
        target=State.PROVISIONING_FAILED,
        custom={
            "actors": {
                State.ACCEPTED: {PROVIDER, SYSTEM},
                State.PROVISIONING: {PROVIDER, AGENT, SYSTEM},
            }
        },
    )
    def fail_provisioning(self, now: datetime) -> None:
        """It could not be set up."""
        self._end(now)

    @transition(
        field=state,
        source=State.PROVISIONED,
        target=State.ACTIVE,
        custom={"actors": {State.PROVISIONED: {CUSTOMER, AGENT, SYSTEM}}},
    )
    def activate(self, now: datetime) -> None:
        """The customer confirmed, it answered healthily, or nobody complained in time."""
        self.active_at = now
        self.deadline_at = self.ends_at

    @transition(
        field=state,
        source=[State.PROVISIONED, State.ACTIVE],
        target=State.SUSPENDED,
        custom={
            "actors": {State.PROVISIONED: {SYSTEM, STAFF}, State.ACTIVE: {SYSTEM, STAFF}},
        },
    )
    def suspend(self, now: datetime, deadline_at: datetime, suspended_for: str) -> None:
        """Stopped, not destroyed; the clock stands."""
        self.suspended_for = suspended_for
        self.state_before = self.state
        self.suspended_at = now
        self.deadline_at = deadline_at

    @transition(
        field=state,
        source=State.SUSPENDED,
        target=State.PROVISIONED,
        custom={"actors": {State.SUSPENDED: {SYSTEM, STAFF}}},
    )
    def resume_to_provisioned(self, now: datetime, deadline_at: datetime) -> None:
        """Goes on waiting for the customer's confirmation."""
        self._restart_clock(now)
        self.deadline_at = deadline_at

    @transition(
        field=state,
        source=State.SUSPENDED,
        target=State.ACTIVE,
        custom={"actors": {State.SUSPENDED: {SYSTEM, STAFF}}},
    )
    def resume_to_active(self, now: datetime) -> None:
        """Goes on running, with the lost time given back."""
        self._restart_clock(now)
        self.deadline_at = self.ends_at

    @transition(
        field=state,
        source=[State.PROVISIONED, State.ACTIVE],
        target=State.COMPLETED,
        custom={"actors": {State.PROVISIONED: {SYSTEM}, State.ACTIVE: {SYSTEM}}},
    )
    def complete(self, now: datetime) -> None:
        """Served in full."""
        self._end(now)

    @transition(
        field=state,
        source=[
            State.REQUESTED,
            State.ACCEPTED,
            State.PROVISIONING,
            State.PROVISIONED,
            State.ACTIVE,
            State.SUSPENDED,
        ],
        target=State.CANCELLED,
        custom={
            "actors": {
                State.REQUESTED: {CUSTOMER, STAFF, SYSTEM},
                State.ACCEPTED: {CUSTOMER, STAFF, SYSTEM},
                State.PROVISIONING: {CUSTOMER, STAFF, SYSTEM},
                State.PROVISIONED: {CUSTOMER, PROVIDER, STAFF, SYSTEM},
                State.ACTIVE: {CUSTOMER, PROVIDER, STAFF, SYSTEM},
                State.SUSPENDED: {STAFF, SYSTEM},
            }
        },
    )
    def cancel(self, now: datetime) -> None:
        """Ended early; the system does so only for a lost dispute or a suspension that lasted too long."""
        if self.suspended_at is not None:
            self._restart_clock(now)
        self._end(now)

    def _end(self, now: datetime) -> None:
        self.ended_at = now
        self.deadline_at = None
        self.payment_processing = False

    def _restart_clock(self, now: datetime) -> None:
        # Counted from the start, not summed up: rounding each suspension down by itself would let a
        # second slip from the customer's side to the provider's at every pause.
        used = used_seconds(self.provisioned_at, self.suspended_seconds, self.suspended_at, now)
        assert self.provisioned_at is not None
        assert used is not None
        self.suspended_seconds = int((now - self.provisioned_at).total_seconds()) - used
        self.suspended_at = None
        self.state_before = ""
        self.suspended_for = ""
