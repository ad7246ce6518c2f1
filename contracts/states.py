"""Only the words of a contract's life: its states, who may act, whose fault an end was."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a contract stands. What leads where: the transitions in ``contracts/models.py``."""

    REQUESTED = "requested", _("Requested")
    ACCEPTED = "accepted", _("Accepted")
    PROVISIONING = "provisioning", _("Being set up")
    PROVISIONED = "provisioned", _("Delivered")
    ACTIVE = "active", _("Running")
    SUSPENDED = "suspended", _("Paused")
    REJECTED = "rejected", _("Declined")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")
    PROVISIONING_FAILED = "provisioning_failed", _("Set-up failed")
    COMPLETED = "completed", _("Ended")


FINAL = frozenset({State.REJECTED, State.CANCELLED, State.EXPIRED, State.PROVISIONING_FAILED, State.COMPLETED})
BEFORE_DELIVERY = frozenset({State.REQUESTED, State.ACCEPTED, State.PROVISIONING})
DELIVERED = frozenset({State.PROVISIONED, State.ACTIVE, State.SUSPENDED})
OPEN = BEFORE_DELIVERY | DELIVERED


class ActorKind(models.TextChoices):
    """In which capacity somebody acts; the same person may be customer here and provider there."""

    CUSTOMER = "customer", _("Customer")
    PROVIDER = "provider", _("Provider")
    STAFF = "staff", _("Staff")
    SYSTEM = "system", _("System")
    AGENT = "agent", _("Agent")


class Fault(models.TextChoices):
    """Who has to answer for an early end. It decides whether the set-up fee is kept."""

    NOBODY = "nobody", _("Nobody's fault")
    PROVIDER = "provider", _("Provider's fault")
    LOST_DISPUTE = "lost_dispute", _("Lost payment dispute")
    GOODWILL = "goodwill", _("Full refund by staff")


class SuspendedFor(models.TextChoices):
    """Why the clock stands: a dispute ends by the bank's word, anything else by staff's."""

    DISPUTE = "dispute", _("Payment dispute")
    STAFF = "staff", _("Decision of staff")


class ExtensionPrice(models.TextChoices):
    """At which monthly price an extension is offered."""

    FROZEN = "frozen", _("The price of the contract")
    CURRENT = "current", _("The price of the day")


class Shelf(models.IntegerChoices):
    """Where a customer looks for a rental; the more it wants of them, the higher."""

    ENDED = 0, _("Ended")
    PAUSED = 1, _("Paused")
    RUNNING = 2, _("Running")
    ON_THE_WAY = 3, _("On the way")
    NEEDS_YOU = 4, _("Needs you")
