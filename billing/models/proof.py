"""Only the record of each proof of the ledger: when it was made and what did not agree."""

from django.db import models


class Proof(models.Model):
    """One run of `prove_money`. `differences` names each difference with its rows; an empty list is a proof."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    differences = models.JSONField(default=list)
    checked = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["-started_at"], name="proof_latest")]

    def __str__(self) -> str:
        """When it was made."""
        return f"{self.started_at:%Y-%m-%d %H:%M} UTC"
