"""Where allauth asks us: how a user is saved, what its mails and messages say, and which addresses it may take."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import letters
from accounts.addresses import LONGEST_ADDRESS
from accounts.messages import words_for
from accounts.models import User
from accounts.services import open_personal_account

logger = logging.getLogger(__name__)

PASSWORD_AT_MOST = 1000


class AccountAdapter(DefaultAccountAdapter):
    """E-mail only, one account per person from the start, mails in our design."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": gettext_lazy("E-mail and password do not belong together."),
        "too_many_login_attempts": gettext_lazy("Too many attempts. Try again in five minutes."),
        "incorrect_code": gettext_lazy("This code does not fit. Look for a newer one."),
        "incorrect_password": gettext_lazy("This is not your password."),
        "enter_current_password": gettext_lazy("This is not your present password."),
        "rate_limited": gettext_lazy("Too many requests. Wait a minute, then try again."),
        "duplicate_email": gettext_lazy("This is your address already."),
    }

    def save_user(self, request: HttpRequest, user: User, form: Form, commit: bool = True) -> User:  # noqa: FBT001, FBT002 -- allauth's signature
        """Save a new user together with their personal account, all or nothing. Emits user.created."""
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit)
            if commit:
                open_personal_account(saved)
        return saved

    def clean_email(self, email: str) -> str:
        """An address that fits the column; longer ones would be cut off and belong to somebody else."""
        if len(email) > LONGEST_ADDRESS:
            raise ValidationError(_("An e-mail address has at most 254 characters."), code="too_long")
        return str(super().clean_email(email))

    def clean_password(self, password: str, user: User | None = None) -> str:
        """Our validators, and an upper limit, so that nobody keeps us hashing megabytes."""
        if len(password) > PASSWORD_AT_MOST:
            raise ValidationError(_("A password has at most 1,000 characters."), code="too_long")
        return str(super().clean_password(password, user))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Confirm an address, unless another user signs in with it, confirmed or not: theirs is not taken away."""
        if User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id).exists():
            return self._is_taken(request, email_address)
        try:
            with transaction.atomic():
                return bool(super().confirm_email(request, email_address))
        except IntegrityError:
            return self._is_taken(request, email_address)

    def _is_taken(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        context = {"email": email_address.email}
        self.add_message(request, messages.ERROR, "account/messages/email_confirmation_failed.txt", context)
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the overview of one's security."""
        return reverse("account_security")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """After a changed address: back to the overview of one's security."""
        return reverse("account_security") if self.request.user.is_authenticated else reverse("account_login")

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Signed in: from here on this browser speaks the language of the profile."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if user.language:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                user.language,
                max_age=365 * 24 * 3600,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say it in our words, or nothing where the page itself says it."""
        words = message or words_for(message_template or "", message_context or {})
        if words:
            messages.add_message(request, level, words, extra_tags=extra_tags)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send the letter that stands for allauth's template. A mail server that is away loses nothing but the mail."""
        letter = letters.write(template_prefix, context)
        try:
            letters.send(letter, email)
        except (SMTPException, OSError):
            logger.exception("A mail could not be sent: %s", template_prefix)
            # Said to known and unknown addresses alike.
            messages.error(self.request, _("We could not send a mail just now. Try again in a few minutes."))
