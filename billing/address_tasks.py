"""What follows from a change of where tokens go back to: the mailed link, and a mail to all who look after the account's money."""

from collections.abc import Callable, Mapping

from accounts.letters import Letter, send_to, send_to_each
from accounts.queries import reachable_members
from billing import letters
from billing.address_queries import MAY_SET
from billing.models import RefundAddress
from billing.services import new_address_link
from core.models import DomainEvent

LETTERS: Mapping[str, Callable[[RefundAddress], Letter]] = {
    "refund_address.confirmed": letters.address_confirmed,
    "refund_address.removed": letters.address_removed,
}


def send_address_link(event: DomainEvent) -> None:
    """Mail the link of a new address (refund_address.given) to who gave it, unless it was removed or confirmed meanwhile.

    A repeat mails another link and makes the first one worthless: the secret of a link is kept nowhere.
    """
    found = _address(event)
    secret = new_address_link(found.pk)
    if secret is not None:
        send_to(found.created_by, lambda: letters.address_to_confirm(found, secret))


def tell_of_address(event: DomainEvent) -> None:
    """Mail all owners and billing members what has changed. One address that fails does not hold up the others.

    Raises NotAllSent at the end; a repeat writes to all once more.
    """
    found = _address(event)
    seats = reachable_members(found.account).filter(role__in=MAY_SET)
    send_to_each((seat.user for seat in seats), lambda: LETTERS[event.name](found))


def _address(event: DomainEvent) -> RefundAddress:
    number = event.subject.removeprefix("refundaddress:")
    return RefundAddress.objects.select_related("account", "created_by").get(pk=number)
