"""allauth's forms for second factors: a code is accepted once, and a broken passkey answer is an error, not a crash."""

from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as passkey_forms
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from fido2.attestation.base import InvalidAttestation

from accounts.models import User
from accounts.signin_forms import PlainFields

# What a made-up or damaged answer of a passkey raises inside the library.
_BROKEN = (ValueError, TypeError, LookupError, AttributeError, InvalidSignature, InvalidAttestation)


def _first_use(user: User, code: str) -> bool:
    """Whether this code was not accepted for this user before, as long as it could be repeated at all."""
    steps = 2 * app_settings.TOTP_TOLERANCE + 1
    digits = "".join(filter(str.isdigit, code))
    return cache.add(f"accounts.totp:{user.pk}:{digits}", "used", timeout=steps * app_settings.TOTP_PERIOD)


class _OnceOnly(PlainFields):
    labels = {"code": _("Code from your app, or a recovery code")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.update({"spellcheck": "false", "class": "mono"})


class _CodeOnce(_OnceOnly):
    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        """The code, if it fits and was not accepted before."""
        code: str = super().clean_code()  # type: ignore[misc]  # allauth's form comes next in line
        if self.authenticator.type == Authenticator.Type.TOTP and not _first_use(self.user, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_CodeOnce, base_forms.AuthenticateForm):
    """The second step of signing in."""


class CodeAgainForm(_CodeOnce, base_forms.ReauthenticateForm):
    """The second factor once more, before something that matters."""


class SetUpAppForm(_OnceOnly, totp_forms.ActivateTOTPForm):
    """The first code of a new app. It cannot be used to sign in again."""

    labels = {"code": _("Six digits from the app")}

    def clean_code(self) -> str:
        """The code, if it fits; from here on it is spent."""
        code: str = super().clean_code()
        if not _first_use(self.user, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


class _SturdyPasskey(PlainFields):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"].error_messages["required"] = _(
            "Your browser sent no passkey. Passkeys need JavaScript, and a device that knows yours."
        )

    def clean_credential(self) -> Any:
        """The passkey's answer, if the library can make sense of it."""
        try:
            return super().clean_credential()  # type: ignore[misc]  # allauth's form comes next in line
        except ValidationError:
            raise
        except _BROKEN as error:
            raise get_adapter().validation_error("incorrect_code") from error


class PasskeySignInForm(_SturdyPasskey, passkey_forms.LoginWebAuthnForm):
    """Sign in with a passkey alone."""


class PasskeyForm(_SturdyPasskey, passkey_forms.AuthenticateWebAuthnForm):
    """A passkey as the second step of signing in."""


class PasskeyAgainForm(_SturdyPasskey, passkey_forms.ReauthenticateWebAuthnForm):
    """A passkey once more, before something that matters."""


class AddPasskeyForm(PlainFields, passkey_forms.AddWebAuthnForm):
    """A new passkey with a name."""

    labels = {"name": _("Name of this passkey"), "passwordless": _("Sign in with it alone, without a password")}
    hints = {
        "name": _("So that you know it again: the phone, the key on your ring."),
        "passwordless": _("The device then asks for your finger, face or PIN."),
    }
    name = forms.CharField(required=False, max_length=80)

    def clean(self) -> dict[str, Any]:
        """The new passkey, if the library can make sense of it."""
        try:
            return super().clean() or {}
        except ValidationError:
            raise
        except _BROKEN as error:
            raise get_adapter().validation_error("incorrect_code") from error


class RenamePasskeyForm(PlainFields, passkey_forms.EditWebAuthnForm):
    """Another name for a passkey."""

    labels = {"name": _("Name of this passkey")}
    name = forms.CharField(required=True, max_length=80)
