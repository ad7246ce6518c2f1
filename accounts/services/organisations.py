"""Writing organisations: who belongs to one, in which role, and who is invited. An organisation always has an owner."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import invitations
from accounts.addresses import clean_address
from accounts.models import Account, Invitation, Membership, User
from accounts.queries import has_verified_address
from accounts.states import AccountKind, Role
from core import clock
from core.errors import Refused
from core.outbox import emit

INVITATION_LIFETIME = timedelta(days=7)
# Mails that strangers get because of us are few: per organisation and day, and of these to one address.
INVITATIONS_A_DAY = 50
INVITATIONS_A_DAY_TO_ONE = 3


def create_organisation(user: User, name: str) -> Account:
    """Make an organisation owned by this user. Raises Refused with code `name`. Emits account.created."""
    cleaned = _clean_name(name)
    with transaction.atomic():
        account = Account.objects.create(name=cleaned, kind=AccountKind.ORGANISATION)
        Membership.objects.create(user=user, account=account, role=Role.OWNER)
        emit("account.created", account, actor_kind="user", actor=user.pk)
    return account


def rename_account(account: Account, name: str, by: User) -> Account:
    """Give an organisation another name. Raises Refused with code `name`, `personal` or `not_owner`."""
    cleaned = _clean_name(name)
    with transaction.atomic():
        locked = _lock_as_owner(account, by)
        locked.name = cleaned
        locked.save(update_fields=["name"])
        emit("account.renamed", locked, actor_kind="user", actor=by.pk, name=cleaned)
    return locked


def invite(account: Account, email: str, role: Role, by: User) -> Invitation:
    """Offer a seat to an e-mail address for seven days; an open invitation of that address is replaced.

    Raises Refused with code `personal`, `not_owner`, `email`, `role`, `already_member` or `too_many`.
    Emits account.invited; the mail with the link is sent by its reaction.
    """
    address = clean_address(email)
    if role not in Role.values:
        raise Refused(_("Choose owner, member or billing."), code="role", field="role")
    with transaction.atomic():
        locked = _lock_as_owner(account, by)
        now = clock.now()
        if Membership.objects.filter(account=locked, user__emailaddress__email=address).exists():
            raise Refused(
                _("%(email)s belongs to this organisation already.") % {"email": address}, code="already_member", field="email"
            )
        _refuse_a_flood(locked, address, now)
        Invitation.objects.filter(account=locked, email=address, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)
        invitation = Invitation.objects.create(
            account=locked, email=address, role=role, invited_by=by, expires_at=now + INVITATION_LIFETIME
        )
        emit("account.invited", locked, actor_kind="user", actor=by.pk, invitation=invitation.pk, role=role)
    return invitation


def withdraw_invitation(account: Account, invitation_id: int, by: User) -> None:
    """Make the link of an open invitation worthless. Raises Refused with code `not_owner` or `gone`."""
    with transaction.atomic():
        locked = _lock_as_owner(account, by)
        changed = Invitation.objects.filter(pk=invitation_id, account=locked, accepted_at=None, withdrawn_at=None).update(
            withdrawn_at=clock.now()
        )
        if not changed:
            raise Refused(_("This invitation is not open any more."), code="gone")
        emit("account.invitation_withdrawn", locked, actor_kind="user", actor=by.pk, invitation=invitation_id)


def accept_invitation(token: str, user: User) -> Membership:
    """Take the seat that a link offers. Works once, in time, and only for the address that was invited.

    Raises Refused with code `invitation` (not a link of ours), `used`, `withdrawn`, `expired`,
    `other_address` (the user has not confirmed the invited address) or `already_member`.
    Emits account.member_joined.
    """
    key = invitations.key_of(token)
    with transaction.atomic():
        found = Invitation.objects.filter(key=key).values_list("account_id", flat=True).first()
        if found is None:
            raise invitations.not_ours()
        # The account's row is the lock of everything that changes its members.
        account = Account.objects.select_for_update().get(pk=found)
        invitation = Invitation.objects.select_for_update().get(key=key)
        now = clock.now()
        invitations.check_open(invitation, now)
        if not has_verified_address(user, invitation.email):
            raise invitations.other_address(invitation, user)
        membership, created = Membership.objects.get_or_create(account=account, user=user, defaults={"role": invitation.role})
        if not created:
            raise Refused(_("You belong to %(account)s already.") % {"account": account.name}, code="already_member")
        invitation.accepted_at = now
        invitation.accepted_by = user
        invitation.save(update_fields=["accepted_at", "accepted_by"])
        emit("account.member_joined", account, actor_kind="user", actor=user.pk, role=invitation.role, invitation=invitation.pk)
    return membership


def change_role(account: Account, user_id: int, role: Role, by: User) -> Membership:
    """Give a member another role. Raises Refused with code `not_owner`, `role`, `gone` or `last_owner`."""
    if role not in Role.values:
        raise Refused(_("Choose owner, member or billing."), code="role", field="role")
    with transaction.atomic():
        locked = _lock_as_owner(account, by)
        membership = _member(locked, user_id)
        if membership.role == Role.OWNER and role != Role.OWNER:
            _keep_an_owner(locked, without=user_id)
        membership.role = role
        membership.save(update_fields=["role"])
        emit("account.role_changed", locked, actor_kind="user", actor=by.pk, member=user_id, role=role)
    return membership


def remove_member(account: Account, user_id: int, by: User) -> None:
    """Take a member out (an owner), or leave (anybody, for themselves). Their API tokens for it end as well.

    Raises Refused with code `personal`, `not_owner`, `gone` or `last_owner`. Emits account.member_left.
    """
    with transaction.atomic():
        locked = _lock(account) if by.pk == user_id else _lock_as_owner(account, by)
        membership = _member(locked, user_id)
        if membership.role == Role.OWNER:
            _keep_an_owner(locked, without=user_id)
        now = clock.now()
        locked.api_tokens.filter(user_id=user_id, revoked_at=None).update(revoked_at=now)
        membership.delete()
        emit("account.member_left", locked, actor_kind="user", actor=by.pk, member=user_id)


def _refuse_a_flood(account: Account, address: str, now: datetime) -> None:
    today = Invitation.objects.filter(account=account, created_at__gt=now - timedelta(days=1))
    if today.filter(email=address).count() >= INVITATIONS_A_DAY_TO_ONE:
        raise Refused(
            _("%(email)s was invited several times today. Try again tomorrow.") % {"email": address},
            code="too_many",
            field="email",
        )
    if today.count() >= INVITATIONS_A_DAY:
        raise Refused(
            _("%(count)d invitations a day are enough. Try again tomorrow.") % {"count": INVITATIONS_A_DAY},
            code="too_many",
            field="email",
        )


def _lock(account: Account) -> Account:
    """The organisation's row, locked until the transaction ends; raises Refused for a personal account."""
    locked = Account.objects.select_for_update().get(pk=account.pk)
    if locked.is_personal:
        raise Refused(_("A personal account has one member. Create an organisation to work together."), code="personal")
    return locked


def _lock_as_owner(account: Account, by: User) -> Account:
    locked = _lock(account)
    if not Membership.objects.filter(account=locked, user=by, role=Role.OWNER).exists():
        raise Refused(_("Only an owner of %(account)s may do this.") % {"account": locked.name}, code="not_owner")
    return locked


def _member(account: Account, user_id: int) -> Membership:
    membership = Membership.objects.filter(account=account, user_id=user_id).first()
    if membership is None:
        raise Refused(_("This person does not belong to the organisation any more."), code="gone")
    return membership


def _keep_an_owner(account: Account, *, without: int) -> None:
    """Refuse to leave the organisation without an owner; the account's row must be locked."""
    others = Membership.objects.filter(account=account, role=Role.OWNER, user__is_active=True).exclude(user_id=without)
    if not others.exists():
        raise Refused(_("The last owner cannot go. Make somebody else an owner first."), code="last_owner")


def _clean_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > 120 or not cleaned.isprintable():
        raise Refused(_("Give the organisation a name of at most 120 characters."), code="name", field="name")
    return cleaned
