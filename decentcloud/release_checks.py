"""What must be true of the settings by which providers earn: the hour of the night, and who bears what banks take back."""

from django.conf import settings
from django.core import checks

from billing.states import LossBearer


def check_release(**_scope: object) -> list[checks.CheckMessage]:
    """A word or an hour that nobody knows is a mistake at any place."""
    found: list[checks.CheckMessage] = []
    if not 0 <= settings.RELEASE_HOUR <= 23:
        hint = "An hour of the day in UTC, from 0 to 23."
        found.append(checks.Error(f"RELEASE_HOUR is no hour: {settings.RELEASE_HOUR}.", hint=hint, id="decentcloud.E040"))
    if settings.DISPUTE_LOSS_BEARER not in LossBearer.values:
        hint = f"One of: {', '.join(LossBearer.values)}."
        found.append(
            checks.Error(f"DISPUTE_LOSS_BEARER is nobody: {settings.DISPUTE_LOSS_BEARER!r}.", hint=hint, id="decentcloud.E041")
        )
    return found
