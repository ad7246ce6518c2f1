"""The rows that truth about work stands in: outbox, reactions, inbox, idempotency, schedules, exchange rates."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import clock
from core.states import WorkState


class DomainEvent(models.Model):
    """Something happened. Written in the transaction of the change itself, so it is audit trail, timeline and outbox at once.

    `subject` is "<model>:<pk>". `dispatched_at` is set once one ReactionRun per reaction of this event exists.
    """

    name = models.CharField(_("name"), max_length=64)
    subject = models.CharField(_("subject"), max_length=100)
    data = models.JSONField(_("data"), default=dict)
    at = models.DateTimeField(_("at"), default=clock.now)
    dispatched_at = models.DateTimeField(_("dispatched"), null=True, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes: ClassVar = [
            models.Index(fields=["subject", "at", "id"], name="event_timeline"),
            models.Index(fields=["id"], name="event_undispatched", condition=Q(dispatched_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"


class LeasedWork(models.Model):
    """Work that must be done at least once, by one worker at a time, with retries that end. Changed only in core/leases.py."""

    state = models.CharField(_("state"), max_length=8, choices=WorkState, default=WorkState.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    next_at = models.DateTimeField(_("next attempt"), default=clock.now)
    last_error = models.TextField(_("last error"), blank=True, default="")

    # Which column says when it was done.
    finished_field: ClassVar[str]

    class Meta:
        abstract = True


class ReactionRun(LeasedWork):
    """One consequence of one event: its own job, retried by itself, so that a failing mail never holds up a refund."""

    finished_field = "done_at"

    event = models.ForeignKey(DomainEvent, models.PROTECT, related_name="runs", verbose_name=_("event"))
    reaction = models.CharField(_("reaction"), max_length=200)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "reaction"], name="one_run_per_event_and_reaction"),
            models.CheckConstraint(condition=Q(state__in=WorkState.values), name="reaction_run_state_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], name="reaction_run_open", condition=Q(state__in=["pending", "running"]))
        ]

    def __str__(self) -> str:
        return f"{self.reaction} #{self.event_id}"


class WebhookEvent(LeasedWork):
    """What an outside service told us, verified, before anything is done about it."""

    finished_field = "processed_at"

    source = models.CharField(_("source"), max_length=40)
    external_id = models.CharField(_("outside id"), max_length=255)
    kind = models.CharField(_("kind"), max_length=100)
    payload = models.JSONField(_("payload"))
    received_at = models.DateTimeField(_("received"), default=clock.now)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "external_id"], name="one_webhook_per_source_and_id"),
            models.CheckConstraint(condition=Q(state__in=WorkState.values), name="webhook_state_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["next_at"], name="webhook_open", condition=Q(state__in=["pending", "running"]))]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.external_id}"


class IdempotencyRecord(models.Model):
    """One `Idempotency-Key` of one caller on one method and path: the claim while it is worked on, then the stored answer."""

    owner = models.CharField(max_length=80)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    claim = models.UUIDField()
    created_at = models.DateTimeField(default=clock.now)
    lease_until = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=100, blank=True, default="")
    location = models.CharField(max_length=500, blank=True, default="")
    body = models.TextField(blank=True, default="")
    secret = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "method", "path", "key"], name="one_record_per_idempotency_key")
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"


class ScheduleRun(models.Model):
    """When a schedule ran last, and the lease that keeps it from running twice at once. The newest one is the queue's pulse."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True, default="")

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")

    def __str__(self) -> str:
        return self.name


class ReferenceRates(models.Model):
    """The ECB's euro reference rates of one day: `per_euro` maps a currency code to the units that one euro buys, as text."""

    day = models.DateField(_("day"), primary_key=True)
    per_euro = models.JSONField(_("units per euro"))
    source = models.CharField(_("source"), max_length=200)

    class Meta:
        verbose_name = _("reference rates")
        verbose_name_plural = _("reference rates")

    def __str__(self) -> str:
        return f"{self.day}"
