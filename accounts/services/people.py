"""Writing users: making one together with the personal account that everybody has, and the profile."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.addresses import clean_address
from accounts.models import Account, Membership, User
from accounts.states import AccountKind, Role, Theme
from core.errors import Refused
from core.outbox import emit


def create_user(email: str, password: str | None = None, *, name: str = "", verified: bool = False) -> User:
    """Make a user, their e-mail address (confirmed if `verified`) and their personal account, all or nothing.

    Without a password the user can only sign in after setting one by mail. Raises Refused with code
    `email` (not an address) or `email_taken`. Emits user.created.
    """
    address = clean_address(email)
    user = User(email=address, name=_clean_name(name))
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            open_personal_account(user)
            EmailAddress.objects.create(user=user, email=address, primary=True, verified=verified)
    except IntegrityError as error:
        raise Refused(_("Somebody uses this e-mail address already."), code="email_taken", field="email") from error
    return user


def open_personal_account(user: User) -> Account:
    """Give a user who was just saved their own account, inside the caller's transaction. Emits user.created."""
    account = Account.objects.create(name=user.get_short_name()[:120], kind=AccountKind.PERSONAL, person=user)
    Membership.objects.create(user=user, account=account, role=Role.OWNER)
    emit("user.created", user, actor_kind="user", actor=user.pk, account=account.pk)
    return account


def update_profile(user: User, *, name: str, language: str, theme: Theme) -> User:
    """Change name, language (a code of settings.LANGUAGES) and colour scheme; the personal account is named alike."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        locked.name = _clean_name(name)
        locked.language = language
        locked.theme = theme
        locked.save(update_fields=["name", "language", "theme"])
        Account.objects.filter(person=locked).update(name=locked.get_short_name()[:120])
    return locked


def make_staff(user: User, *, superuser: bool) -> User:
    """Let a user work in the admin; the admin asks them for a second factor. Emits user.staff_granted."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        locked.is_staff = True
        locked.is_superuser = superuser
        locked.save(update_fields=["is_staff", "is_superuser"])
        emit("user.staff_granted", locked, actor_kind="system", superuser=superuser)
    return locked


def close_user(user: User, by: User) -> None:
    """Sign a user out everywhere and for good; contracts and accounts go on. Emits user.closed.

    Raises Refused with code `not_yours` for oneself, and for staff unless `by` is a superuser.
    """
    _set_active(user, by, active=False, event="user.closed")


def reopen_user(user: User, by: User) -> None:
    """Let a closed user sign in again. Raises Refused like `close_user`. Emits user.reopened."""
    _set_active(user, by, active=True, event="user.reopened")


def _set_active(user: User, by: User, *, active: bool, event: str) -> None:
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if locked.pk == by.pk or ((locked.is_staff or locked.is_superuser) and not by.is_superuser):
            raise Refused(_("Only a superuser may do this to staff, and nobody to themselves."), code="not_yours")
        if locked.is_active != active:
            locked.is_active = active
            locked.save(update_fields=["is_active"])
            emit(event, locked, actor_kind="staff", actor=by.pk)


def _clean_name(name: str) -> str:
    """A name on one line; raises Refused when it is longer than the column or holds control characters."""
    cleaned = " ".join(name.split())
    if len(cleaned) > 120 or not cleaned.isprintable():
        raise Refused(_("A name has at most 120 characters, on one line."), code="name", field="name")
    return cleaned
