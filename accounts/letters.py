"""The words of every mail about signing in and about members, and the only place of this floor that sends mail."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import invitations
from accounts.models import Invitation, User

Context = Mapping[str, Any]


@dataclass(frozen=True)
class Letter:
    """One mail in the project's design; `lines` are label and value in ruled rows, addresses are absolute."""

    subject: str
    lead: str
    paragraphs: tuple[str, ...] = ()
    lines: tuple[dict[str, str], ...] = ()
    action_url: str = ""
    action_label: str = ""
    small: str = ""
    reason: str = field(default="")


def send(letter: Letter, to: str) -> None:
    """Send a letter as text and HTML; raises what the mail backend raises."""
    context = {**asdict(letter), "title": letter.subject, "site_url": settings.SITE_URL}
    message = EmailMultiAlternatives(
        letter.subject, render_to_string("mail/base.txt", context).strip() + "\n", settings.DEFAULT_FROM_EMAIL, [to]
    )
    message.attach_alternative(render_to_string("mail/base.html", context), "text/html")
    message.send()


class NotAllSent(Exception):
    """Some of those who were to be told have no mail yet: it is to be tried again."""


def send_to(user: User, words: Callable[[], Letter]) -> None:
    """Send a letter whose words are written in the user's own language; raises what the mail backend raises."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        send(words(), user.email)


def send_to_each(users: Iterable[User], words: Callable[[], Letter]) -> None:
    """The same to several. One address that fails does not hold up the others: NotAllSent is raised at the end."""
    problems = []
    for user in users:
        try:
            send_to(user, words)
        except (SMTPException, OSError) as problem:
            problems.append(f"{user.pk}: {problem}")
    if problems:
        raise NotAllSent("; ".join(problems))


def write(kind: str, context: Context) -> Letter:
    """The letter for one of allauth's template prefixes; raises KeyError for one that we have no words for."""
    return _LETTERS[kind](context)


def invitation(offer: Invitation) -> Letter:
    """The invitation to an organisation, with the signed link."""
    names = {"account": offer.account.name, "by": offer.invited_by.get_full_name()}
    return Letter(
        subject=_("%(by)s invites you to %(account)s") % names,
        lead=_("%(by)s would like you to join %(account)s on Decent Cloud.") % names,
        paragraphs=(_("Your role there: %(role)s.") % {"role": offer.get_role_display()},),
        action_url=settings.SITE_URL + reverse("invitation", args=[invitations.token_of(offer)]),
        action_label=_("See the invitation"),
        small=_("The link works once, for seven days, and only for this e-mail address."),
        reason=_("You get this because somebody entered your address. If you do not know them, do nothing."),
    )


def _confirm_address(context: Context) -> Letter:
    return Letter(
        subject=_("%(code)s is your code for Decent Cloud") % {"code": context["code"]},
        lead=_("Type this code on the page that asked for it. It works for 15 minutes."),
        lines=({"label": _("Your code"), "amount": context["code"]},),
        reason=_("You get this because your address was entered on Decent Cloud. If it was not you, do nothing."),
    )


def _exists_already(context: Context) -> Letter:
    return Letter(
        subject=_("You have an account on Decent Cloud already"),
        lead=_("Somebody, perhaps you, tried to create an account with this address. There is one already."),
        paragraphs=(_("Sign in with it. If you forgot the password, you can set a new one."),),
        action_url=context["password_reset_url"],
        action_label=_("Set a new password"),
        reason=_("If it was not you, do nothing: nobody learned that you have an account."),
    )


def _no_such_account(context: Context) -> Letter:
    return Letter(
        subject=_("No account with this address on Decent Cloud"),
        lead=_("Somebody, perhaps you, asked for access with this address. There is no account with it."),
        paragraphs=(_("You may have used another address. Or create an account now."),),
        action_url=context["signup_url"],
        action_label=_("Create an account"),
        reason=_("If it was not you, do nothing."),
    )


def _reset_password(context: Context) -> Letter:
    return Letter(
        subject=_("Set a new password for Decent Cloud"),
        lead=_("Follow the link to choose a new password. It works once."),
        action_url=context["password_reset_url"],
        action_label=_("Choose a new password"),
        reason=_("You get this because a new password was asked for. If it was not you, do nothing: the old one stays."),
    )


def _notice(subject: str, lead: str, context: Context) -> Letter:
    """News about one's own security: when, from where, and what to do if it was somebody else."""
    return Letter(
        subject=subject,
        lead=lead,
        paragraphs=(
            _("It came from %(ip)s with %(browser)s.") % {"ip": context["ip"], "browser": context["user_agent"]},
            _("If it was not you, set a new password now and sign out all other sessions."),
        ),
        action_url=settings.SITE_URL + reverse("account_security"),
        action_label=_("Look at your security"),
        reason=_("You get this whenever something about the security of your account changes."),
    )


_LETTERS: dict[str, Callable[[Context], Letter]] = {
    "account/email/email_confirmation": _confirm_address,
    "account/email/email_confirmation_signup": _confirm_address,
    "account/email/account_already_exists": _exists_already,
    "account/email/unknown_account": _no_such_account,
    "account/email/password_reset_key": _reset_password,
    "account/email/password_reset": lambda context: _notice(
        _("Your password was set anew"), _("A link from your mail was used to set a new password."), context
    ),
    "account/email/password_changed": lambda context: _notice(
        _("Your password was changed"), _("The password of your account was changed."), context
    ),
    "account/email/password_set": lambda context: _notice(
        _("Your account has a password now"), _("A password was set for your account."), context
    ),
    "account/email/email_changed": lambda context: _notice(
        _("Your e-mail address was changed"),
        _("You sign in with %(to)s now, no longer with %(from)s.") % {"to": context["to_email"], "from": context["from_email"]},
        context,
    ),
    "account/email/email_deleted": lambda context: _notice(
        _("An e-mail address was removed"),
        _("%(email)s no longer belongs to your account.") % {"email": context["deleted_email"]},
        context,
    ),
    "mfa/email/totp_activated": lambda context: _notice(
        _("An authenticator app was set up"), _("Signing in asks for a code from your app now."), context
    ),
    "mfa/email/totp_deactivated": lambda context: _notice(
        _("The authenticator app was removed"), _("Signing in no longer asks for a code from an app."), context
    ),
    "mfa/email/recovery_codes_generated": lambda context: _notice(
        _("New recovery codes were made"), _("The old recovery codes of your account no longer work."), context
    ),
    "mfa/email/webauthn_added": lambda context: _notice(
        _("A passkey was added"), _("Your account can be opened with a new passkey."), context
    ),
    "mfa/email/webauthn_removed": lambda context: _notice(
        _("A passkey was removed"), _("One of the passkeys of your account no longer works."), context
    ),
}
