"""Only what was mailed to whom because of which event: never the text, which follows from the event."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import DomainEvent
from messaging.states import MailState


class MailMessage(models.Model):
    """One mail to one person about one event; the unique key is what makes a doubled job send it once."""

    event = models.ForeignKey(DomainEvent, models.PROTECT, related_name="mails", verbose_name=_("event"))
    kind = models.CharField(_("kind"), max_length=40)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recipient"))
    # Where it went, which the person may have changed since.
    address = models.EmailField(_("address"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200)
    state = models.CharField(_("state"), max_length=8, choices=MailState, default=MailState.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created"))
    claimed_at = models.DateTimeField(_("in hand since"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "kind", "recipient"], name="mail_once_per_event_kind_and_person"),
            models.CheckConstraint(condition=Q(state__in=MailState.values), name="mail_state_known"),
            models.CheckConstraint(condition=~Q(state="sent") | Q(sent_at__isnull=False), name="mail_sent_has_time"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=~Q(state="sent"), name="mail_unsent"),
            models.Index(fields=["address", "-id"], name="mail_by_address"),
        ]

    def __str__(self) -> str:
        """What it is about."""
        return self.subject
