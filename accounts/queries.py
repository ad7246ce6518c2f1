"""Reading users, accounts, members, keys and tokens."""

from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.invitations import not_ours
from accounts.models import Account, ApiToken, Invitation, Membership, SshKey, User
from core import clock


def personal_account(user: User) -> Account:
    """The user's own account; everybody has exactly one."""
    return Account.objects.get(person=user)


def has_verified_email(user: User) -> bool:
    """Whether the user has confirmed the e-mail address they sign in with."""
    return bool(EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists())


def has_verified_address(user: User, email: str) -> bool:
    """Whether the user has confirmed this e-mail address, be it their main one or another."""
    return bool(EmailAddress.objects.filter(user=user, email=email.lower(), verified=True).exists())


def has_second_factor(user: User) -> bool:
    """Whether the user has set up an authenticator app or a passkey; recovery codes alone do not count."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=user, type__in=kinds).exists())


def has_authenticator_app(user: User) -> bool:
    """Whether the user can type codes from an authenticator app."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


_OF_MEMBERSHIP = ("id", "user_id", "account_id", "role", "created_at")
_OF_ACCOUNT = ("id", "name", "kind", "person_id", "created_at")
_MEMBERSHIPS = f"""
    SELECT {", ".join(f"m.{name}" for name in _OF_MEMBERSHIP)}, {", ".join(f"a.{name}" for name in _OF_ACCOUNT)}
    FROM accounts_membership m JOIN accounts_account a ON a.id = m.account_id
    WHERE m.user_id = %s ORDER BY a.person_id NULLS LAST, a.name, a.id
"""  # noqa: S608 (constants of this module)


def memberships(user: User) -> list[Membership]:
    """The accounts a user may act for, their own first, then by name. One query, written out, since every page asks it."""
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERSHIPS, [user.pk])
        rows = cursor.fetchall()
    found = []
    for row in rows:
        membership = Membership.from_db(connection.alias, _OF_MEMBERSHIP, row[: len(_OF_MEMBERSHIP)])
        membership.account = Account.from_db(connection.alias, _OF_ACCOUNT, row[len(_OF_MEMBERSHIP) :])
        found.append(membership)
    return found


def belongs_to(user: User, account_id: int) -> bool:
    """Whether the user is a member of this account, in whichever role."""
    return Membership.objects.filter(user=user, account_id=account_id).exists()


def role_in(user: User, account_id: int) -> str | None:
    """The role in which the user is a member of this account; None for somebody who is not."""
    return Membership.objects.filter(user=user, account_id=account_id).values_list("role", flat=True).first()


def reachable_members(account: Account) -> QuerySet[Membership]:
    """The active members of an account whose address is confirmed, with their users: those who may be written to."""
    confirmed = EmailAddress.objects.filter(user=OuterRef("user"), email=OuterRef("user__email"), verified=True)
    found = Membership.objects.filter(Exists(confirmed), account=account, user__is_active=True)
    return found.select_related("user").order_by("user")


def members(account: Account) -> QuerySet[Membership]:
    """The people of an account, the longest there first."""
    return Membership.objects.select_related("user").filter(account=account).order_by("created_at", "id")


def open_invitations(account: Account) -> QuerySet[Invitation]:
    """Invitations that can still be accepted, newest first."""
    return Invitation.objects.filter(account=account, accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now()).order_by(
        "-created_at", "-id"
    )


def invitation_by_key(key: UUID) -> Invitation:
    """The invitation that a link stands for, open or not; raises Refused when there is none."""
    found = Invitation.objects.select_related("account", "invited_by").filter(key=key).first()
    if found is None:
        raise not_ours()
    return found


def second_factors(user: User) -> dict[str, list[Authenticator]]:
    """What the user has set up besides a password, by kind of authenticator, oldest first."""
    found: dict[str, list[Authenticator]] = {}
    for authenticator in Authenticator.objects.filter(user=user).order_by("created_at", "id"):
        found.setdefault(authenticator.type, []).append(authenticator)
    return found


def session_count(user: User) -> int:
    """How many browsers the user is signed in with, some of which may have ended by themselves."""
    return int(UserSession.objects.filter(user=user).count())


def live_token_count(user: User) -> int:
    """How many API tokens of the user still open something, for whichever account."""
    unexpired = Q(expires_at=None) | Q(expires_at__gt=clock.now())
    return ApiToken.objects.filter(unexpired, user=user, revoked_at=None).count()


def ssh_keys(account: Account) -> QuerySet[SshKey]:
    """The keys of an account, newest first."""
    return SshKey.objects.select_related("user").filter(account=account).order_by("-created_at", "-id")


def api_tokens(user: User, account: Account) -> QuerySet[ApiToken]:
    """The user's own tokens for an account, ended ones too, newest first."""
    return ApiToken.objects.filter(user=user, account=account).order_by("-created_at", "-id")
