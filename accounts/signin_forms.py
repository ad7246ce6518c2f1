"""allauth's forms for signing in, in our words: no placeholders, errors at the field they belong to."""

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import User

_PASSWORD_HINT = _("At least 10 characters. Not a common one, not only digits.")


class PlainFields(forms.Form):
    """Takes placeholders away, since labels stand above, and puts our labels and hints there."""

    labels: dict[str, Any] = {}
    hints: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")


class SignInForm(PlainFields, allauth_forms.LoginForm):
    """E-mail and password; which of the two is wrong is not told."""

    labels = {
        "login": _("E-mail"),
        "password": _("Password"),
        "remember": _("Stay signed in for 30 days on this device"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        # With DEBUG on, the page names the people of the demo market.
        self.shows_demo_accounts = settings.DEBUG

    def clean(self) -> dict[str, Any]:
        """Check both; the error stands at the password."""
        try:
            super().clean()
        except ValidationError as error:
            self.add_error("password", error)
        return self.cleaned_data


class SignUpForm(PlainFields, allauth_forms.SignupForm):
    """E-mail and password. A known address gets a mail and the same answer as a new one."""

    labels = {"email": _("E-mail"), "password1": _("Password")}
    hints = {"email": _("We send a code there."), "password1": _PASSWORD_HINT}
    account_already_exists: bool

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Save user, personal account and address in one transaction; who loses a race for the address has "known" it."""
        if not self.account_already_exists:
            try:
                with transaction.atomic():
                    return self._saved(request)
            except IntegrityError:
                self.account_already_exists = True
        return self._saved(request)

    def _saved(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        saved: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return saved


class ForgottenPasswordForm(PlainFields, allauth_forms.ResetPasswordForm):
    """Asks where to send the link."""

    labels = {"email": _("E-mail")}


class NewPasswordForm(PlainFields, allauth_forms.ResetPasswordKeyForm):
    """A new password, from the link in the mail."""

    labels = {"password1": _("New password"), "password2": _("New password again")}
    hints = {"password1": _PASSWORD_HINT}


class ChangePasswordForm(PlainFields, allauth_forms.ChangePasswordForm):
    """A new password, for who knows the present one."""

    labels = {
        "oldpassword": _("Present password"),
        "password1": _("New password"),
        "password2": _("New password again"),
    }
    hints = {"password1": _PASSWORD_HINT}


class SetPasswordForm(PlainFields, allauth_forms.SetPasswordForm):
    """A first password, for who has none."""

    labels = {"password1": _("Password"), "password2": _("Password again")}
    hints = {"password1": _PASSWORD_HINT}


class ChangeAddressForm(PlainFields, allauth_forms.AddEmailForm):
    """Another e-mail address to sign in with."""

    labels = {"email": _("New e-mail address")}
    hints = {"email": _("We send a code there. Until you type it, the present address stays.")}


class MailedCodeForm(PlainFields, allauth_forms.ConfirmEmailVerificationCodeForm):
    """The code that was mailed."""

    labels = {"code": _("Code from the mail")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.update(
            {"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false", "class": "mono"}
        )


class PasswordAgainForm(PlainFields, allauth_forms.ReauthenticateForm):
    """The password once more, before something that matters."""

    labels = {"password": _("Password")}
