"""The link of an invitation: how it is signed, read, and what is said when it does not open."""

import uuid
from datetime import datetime

from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _

from accounts.models import Invitation, User
from core.errors import Refused

_SALT = "accounts.invitation"


def token_of(invitation: Invitation) -> str:
    """The signed text that goes into the link."""
    return Signer(salt=_SALT).sign(invitation.key.hex)


def key_of(token: str) -> uuid.UUID:
    """The key inside a link; raises Refused with code `invitation` for anything that we did not sign."""
    try:
        return uuid.UUID(hex=Signer(salt=_SALT).unsign(token))
    except (BadSignature, ValueError) as error:
        raise not_ours() from error


def not_ours() -> Refused:
    """The refusal for a link that is broken or forged."""
    return Refused(_("This invitation link is not complete. Copy it from the mail once more."), code="invitation")


def other_address(invitation: Invitation, user: User) -> Refused:
    """The refusal for somebody else than the person who was invited."""
    return Refused(
        _("The invitation went to %(invited)s. You are signed in as %(user)s.") % {"invited": invitation.email, "user": user.email},
        code="other_address",
    )


def check_open(invitation: Invitation, now: datetime) -> None:
    """Raise Refused with code `used`, `withdrawn` or `expired` unless the invitation can still be accepted."""
    if invitation.accepted_at is not None:
        raise Refused(_("This invitation was used already."), code="used")
    if invitation.withdrawn_at is not None:
        raise Refused(_("This invitation was withdrawn. Ask for a new one."), code="withdrawn")
    if invitation.expires_at <= now:
        raise Refused(_("This invitation has expired. Ask for a new one."), code="expired")
