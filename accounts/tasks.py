"""What this floor does when it hears of its own events: mails that must not hold up the change that caused them."""

from accounts import letters
from accounts.models import Invitation
from core import clock
from core.models import DomainEvent


def send_invitation(event: DomainEvent) -> None:
    """Mail the link of an invitation (account.invited), unless it was answered, withdrawn or missed meanwhile."""
    offer = (
        Invitation.objects.select_related("account", "invited_by")
        .filter(pk=event.data["invitation"], accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now())
        .first()
    )
    if offer is not None:
        letters.send(letters.invitation(offer), offer.email)
