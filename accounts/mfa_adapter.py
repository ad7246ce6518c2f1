"""Where allauth's second factors ask us: secrets are encrypted before they are stored, names are ours."""

from io import BytesIO
from typing import Any

import qrcode
from allauth.mfa.adapter import DefaultMFAAdapter
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from qrcode.image.svg import SvgPathFillImage

from accounts.models import User
from accounts.secrets import seal, unseal

SITE_NAME = "Decent Cloud"


class SecondFactorAdapter(DefaultMFAAdapter):
    """Encrypted secrets, plain words, and our name on the user's phone."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("This code does not fit, or was used already. Wait for the next one."),
        "unverified_email": gettext_lazy("Confirm your e-mail address first, then set up a second factor."),
    }

    def encrypt(self, text: str) -> str:
        """The form in which a secret lies in the database."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again; raises `accounts.secrets.Unreadable` when no known key fits."""
        return unseal(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """The secret as a picture on white, which cameras can read on a dark page too."""
        picture = BytesIO()
        qrcode.make(url, image_factory=SvgPathFillImage).save(picture)
        return picture.getvalue().decode()

    def generate_authenticator_name(self, user: User, type: Any) -> str:  # noqa: A002 -- allauth's signature
        """A name for a passkey that got none."""
        return _("Passkey")

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Who asks for a passkey: this host, under our name."""
        return {**super().get_public_key_credential_rp_entity(), "name": SITE_NAME}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """Whose passkey it is, as the browser shows it."""
        return {**super().get_public_key_credential_user_entity(user), "display_name": user.get_full_name()}
