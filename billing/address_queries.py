"""Only reads of where customers want tokens back: the state of an address, the one to send to, what a mailed link stands for."""

import re
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account, User
from accounts.queries import role_in
from accounts.states import Role
from billing.models import RefundAddress
from billing.refund_networks import takes
from billing.states import AddressState
from core import mailed_links
from core.errors import Refused

# Who looks after the money of an account: a member orders, and where its money goes is not a member's to say.
MAY_SET = (Role.OWNER, Role.BILLING)
_LINK = re.compile(r"(?P<number>[0-9]{1,18})\.[A-Za-z0-9_-]{20,100}", re.ASCII)


def address_state(found: RefundAddress, now: datetime) -> AddressState:
    """Where it stands at `now` (UTC)."""
    if found.removed_at is not None:
        return AddressState.REMOVED
    if found.confirmed_at is None:
        waits = found.key_expires_at is None or found.key_expires_at > now
        return AddressState.WAITING if waits else AddressState.LAPSED
    assert found.usable_at is not None
    return AddressState.USABLE if found.usable_at <= now else AddressState.HELD


def addresses_of(account: Account) -> QuerySet[RefundAddress]:
    """All that an account has given and not removed, those in use first."""
    return (
        RefundAddress.objects.filter(account=account, removed_at=None)
        .select_related("created_by")
        .order_by("network", "confirmed_at", "-id")
    )


def confirmed_address(account_id: int, network: str, asset: str) -> RefundAddress | None:
    """The address that an account has confirmed for tokens of a network, if it can take this one; it may be held for a while."""
    confirmed = RefundAddress.objects.filter(account=account_id, network=network, confirmed_at__isnull=False, removed_at=None)
    found = confirmed.first()
    return found if found is not None and takes(network, found.address, asset) else None


def address_of_link(secret: str, user: User) -> RefundAddress:
    """The address that a mailed link stands for.

    Raises `Refused`: unknown_link for a link that we never mailed, and for who has nothing to do with its account; other_user for
    a colleague of whom it was mailed to; role for one who may not say it any more.
    """
    written = _LINK.fullmatch(secret)
    links = RefundAddress.objects.select_related("account", "created_by").exclude(key_digest="")
    found = links.filter(pk=written["number"]).first() if written else None
    if found is None or not mailed_links.fits(secret, found.key_digest):
        raise _unknown_link()
    role = role_in(user, found.account_id)
    if role is None:
        raise _unknown_link()
    if found.created_by_id != user.pk:
        raise Refused(
            _("This link went to %(email)s. Sign in as the person who gave the address to confirm it.")
            % {"email": found.created_by.email},
            code="other_user",
        )
    if role not in MAY_SET:
        raise Refused(_("Your role in %(account)s does not allow this any more.") % {"account": found.account.name}, code="role")
    return found


def _unknown_link() -> Refused:
    return Refused(
        _("This link opens nothing here. Copy it from the newest mail once more, and sign in as the person it went to."),
        code="unknown_link",
    )
