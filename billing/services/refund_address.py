"""Only writing where tokens go back to: given by who looks after an account's money, confirmed by a mailed link, removed."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, User
from accounts.queries import has_verified_email, role_in
from billing.address_queries import MAY_SET, address_of_link, address_state
from billing.models import RefundAddress
from billing.refund_networks import checked_address, network_name
from billing.states import AddressState
from core import clock, mailed_links
from core.errors import Refused
from core.outbox import emit

# Somebody who mistypes needs a few; more is somebody who plays with other people's mail.
GIVEN_A_DAY = 10


def give_refund_address(account: Account, user: User, network: str, text: str) -> RefundAddress:
    """Note where an account wants tokens of a network back. Nothing is sent there before it is confirmed.

    Raises `Refused`: role, network, bad_address, unverified, too_many, exists. Emits ``refund_address.given``, from which the link
    goes to the user's own address.
    """
    address = checked_address(network, text)
    now = clock.now()
    with transaction.atomic():
        _lock(account.pk, user)
        if not has_verified_email(user):
            raise Refused(_("Confirm your e-mail address first: the link goes there."), code="unverified")
        given = RefundAddress.objects.filter(account=account)
        if given.filter(created_at__gt=now - timedelta(days=1)).count() >= GIVEN_A_DAY:
            raise Refused(
                _("%(count)d were given in the last 24 hours. Try again tomorrow.") % {"count": GIVEN_A_DAY}, code="too_many"
            )
        for same in given.filter(network=network, address=address, removed_at=None):
            _refuse_again(same)
        found = RefundAddress.objects.create(account=account, network=network, address=address, created_by=user, created_at=now)
        _tell("given", found, user)
    return found


def new_address_link(address_id: int) -> str | None:
    """The secret of a new link for an address that waits, good for a day; an earlier one no longer opens. None for any other.

    The secret goes into a mail and nowhere else: kept is its SHA-256.
    """
    now = clock.now()
    with transaction.atomic():
        found = RefundAddress.objects.select_for_update(of=("self",)).get(pk=address_id)
        if address_state(found, now) != AddressState.WAITING:
            return None
        secret, found.key_digest = mailed_links.new_secret(found.pk)
        found.key_expires_at = now + mailed_links.LASTS
        found.save(update_fields=["key_digest", "key_expires_at"])
    return secret


def confirm_refund_address(secret: str, user: User) -> RefundAddress:
    """Let tokens go to the address whose link has this secret: at once if it is the network's first, else REFUND_ADDRESS_HOLD_HOURS
    from now. What was in use ends with it, and whatever else waits.

    Raises `Refused`: unknown_link, other_user, role, used, removed, expired. Emits ``refund_address.confirmed``.
    """
    with transaction.atomic():
        account_id = address_of_link(secret, user).account_id
        _lock(account_id, user)
        found = RefundAddress.objects.select_for_update(of=("self",)).get(pk=address_of_link(secret, user).pk)
        refuse_unless_waiting(found)
        now = clock.now()
        of_network = RefundAddress.objects.filter(account=account_id, network=found.network).exclude(pk=found.pk)
        is_change = of_network.filter(confirmed_at__isnull=False).exists()
        of_network.filter(removed_at=None).update(removed_at=now)
        found.confirmed_at = now
        found.usable_at = now + timedelta(hours=settings.REFUND_ADDRESS_HOLD_HOURS) if is_change else now
        found.save(update_fields=["confirmed_at", "usable_at"])
        _tell("confirmed", found, user)
    return found


def refuse_unless_waiting(found: RefundAddress) -> None:
    """Raise `Refused` (used, removed, expired) unless the address still waits for its confirmation."""
    match address_state(found, clock.now()):
        case AddressState.HELD | AddressState.USABLE:
            raise Refused(_("It is confirmed already. Nothing is left to do."), code="used")
        case AddressState.REMOVED:
            raise Refused(
                _("It was removed, or another one was confirmed meanwhile. If you still want it, give it again."), code="removed"
            )
        case AddressState.LAPSED:
            raise Refused(_("The link has expired: it opens for 24 hours. Give the address again."), code="expired")


def remove_refund_address(address_id: int, user: User) -> RefundAddress:
    """Send nothing to this address any more; a second time is the same.

    Raises `Refused` (role). Emits ``refund_address.removed``.
    """
    with transaction.atomic():
        _lock(RefundAddress.objects.get(pk=address_id).account_id, user)
        found = RefundAddress.objects.select_for_update(of=("self",)).get(pk=address_id)
        if found.removed_at is None:
            found.removed_at = clock.now()
            found.save(update_fields=["removed_at"])
            _tell("removed", found, user)
    return found


def _lock(account_id: int, user: User) -> None:
    """One change of an account's addresses at a time. Raises `Refused` (role) for who does not look after its money."""
    account = Account.objects.select_for_update(of=("self",), no_key=True).get(pk=account_id)
    if role_in(user, account_id) not in MAY_SET:
        raise Refused(
            _("Only owners and billing members of %(account)s say where its money goes back to.") % {"account": account.name},
            code="role",
        )


def _refuse_again(same: RefundAddress) -> None:
    match address_state(same, clock.now()):
        case AddressState.WAITING:
            reason = _("It waits for its confirmation already. Without the mail, remove it and give it again.")
        case AddressState.HELD | AddressState.USABLE:
            reason = _("Tokens on %(network)s go back there already.") % {"network": network_name(same.network)}
        case _:
            return
    raise Refused(reason, code="exists", field="address")


def _tell(what: str, found: RefundAddress, user: User) -> None:
    emit(
        f"refund_address.{what}",
        found,
        account=found.account_id,
        network=found.network,
        actor_kind="customer",
        actor=user.pk,
    )
