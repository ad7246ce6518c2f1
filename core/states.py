"""The states of a piece of leased work: a reaction to an event, a webhook to be processed."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WorkState(models.TextChoices):
    """pending: due at `next_at`. running: somebody holds the lease until `lease_until`. done, failed: nobody goes on by himself."""

    PENDING = "pending", _("Pending")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
