"""Only whether a session has proved a second factor, how lately, and the page that asks for it once more."""

from datetime import datetime, timedelta

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from accounts.queries import has_authenticator_app
from core import clock

# What opens money's doors must have been proved just now, by whoever sits there.
LATELY = timedelta(minutes=10)
# With DEBUG on, these two of the demo market work without a second factor.
DEMO_STAFF = "staff@demo.test"
DEMO_PROVIDER = "provider@demo.test"


def needs_no_factor(user: User) -> bool:
    """Whether the user is one of the demo market's who work without a second factor; nobody where DEBUG is off."""
    return settings.DEBUG and user.email in {DEMO_STAFF, DEMO_PROVIDER}


def proofs(request: HttpRequest, user: User) -> list[float]:
    """When this session has proved a second factor of the user, in seconds since 1970. A password is none, however often typed."""
    return [record.get("at", 0) for record in get_authentication_records(request, user) if record.get("method") == "mfa"]


def has_proved_lately(request: HttpRequest, user: User, since: datetime | None = None) -> bool:
    """Whether a second factor was proved within LATELY, and after `since` where that is given."""
    earliest = clock.now() - LATELY
    if since is not None and since > earliest:
        earliest = since
    return any(at >= earliest.timestamp() for at in proofs(request, user))


def page_that_asks(user: User, goal: str) -> str:
    """The address where the second factor is shown once more, and which leads on to `goal`: the page for a code where there is
    an app, else the one for a passkey.
    """
    page = "mfa_reauthenticate" if has_authenticator_app(user) else "mfa_reauthenticate_webauthn"
    return f"{reverse(page)}?{urlencode({'next': goal})}"
