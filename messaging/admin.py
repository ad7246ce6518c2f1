"""Only what staff sees of the mails: to whom, about what, whether it went out. Read only; the outbox sends again."""

from typing import ClassVar

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from messaging.models import MailMessage


@admin.register(MailMessage)
class MailMessageAdmin(ReadOnlyAdmin[MailMessage]):
    """The mails about rentals."""

    list_display = ("id", "kind", "address", "subject", "state", "attempts", "created_at", "sent_at")
    list_filter: ClassVar = ["state"]
    list_select_related = ("event", "recipient")
    search_fields = ("address__exact", "event__subject__exact")
    ordering = ("-id",)
