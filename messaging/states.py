"""Only the words of a mail's way out. No import of ours."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class MailState(TextChoices):
    """pending: to be sent. sending: somebody has it in hand since `claimed_at`. failed: to be tried again by its reaction."""

    PENDING = "pending", _("Pending")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
