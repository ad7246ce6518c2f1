"""Reads of core's own rows: the timeline of a thing, the pulse of the queue."""

from datetime import datetime

from django.db import models
from django.db.models import Max

from core.models import DomainEvent, ScheduleRun
from core.outbox import subject_of


def timeline(subject: models.Model | str) -> list[DomainEvent]:
    """Everything that happened to one subject, oldest first. One query; a contract has some dozens of events."""
    return list(DomainEvent.objects.filter(subject=subject_of(subject)).order_by("at", "id"))


def queue_pulse() -> datetime | None:
    """When a schedule last came through scheduler, queue and worker to its end; None if none ever did."""
    latest: datetime | None = ScheduleRun.objects.aggregate(latest=Max("finished_at"))["latest"]
    return latest
