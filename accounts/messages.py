"""What allauth's messages say, in our words. An empty one is not shown: the page says it already."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

_WORDS = {
    "account/messages/logged_in.txt": "",
    "account/messages/logged_out.txt": _("You are signed out."),
    "account/messages/email_confirmation_sent.txt": "",
    "account/messages/email_confirmed.txt": _("%(email)s is confirmed."),
    "account/messages/email_confirmation_failed.txt": _("%(email)s belongs to another account."),
    "account/messages/email_deleted.txt": _("%(email)s was removed."),
    "account/messages/primary_email_set.txt": _("You sign in with this address now."),
    "account/messages/unverified_primary_email.txt": _("Confirm the address first, then sign in with it."),
    "account/messages/cannot_delete_primary_email.txt": _("%(email)s is the address you sign in with. It stays."),
    "account/messages/password_changed.txt": _("Your new password is in use."),
    "account/messages/password_set.txt": _("Your password is in use."),
    "mfa/messages/totp_activated.txt": _("The authenticator app is set up."),
    "mfa/messages/totp_deactivated.txt": _("The authenticator app is removed."),
    "mfa/messages/recovery_codes_generated.txt": "",
    "mfa/messages/webauthn_added.txt": _("The passkey is added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey is removed."),
    "usersessions/messages/sessions_logged_out.txt": _("All other sessions are signed out."),
}


def words_for(template: str, context: Mapping[str, Any]) -> str:
    """The sentence that stands for one of allauth's message templates; empty for none."""
    words = str(_WORDS.get(template, ""))
    return words % context if "%(" in words else words
