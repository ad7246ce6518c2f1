"""What follows from a change of where a provider is paid: the mailed link, and a mail to every owner."""

from collections.abc import Callable, Mapping

from accounts.letters import Letter, send_to, send_to_each
from accounts.queries import reachable_members
from accounts.states import Role
from core.models import DomainEvent
from payouts import letters
from payouts.models import PayoutMethod
from payouts.services.method import new_link

LETTERS: Mapping[str, Callable[[PayoutMethod], Letter]] = {
    "payout_method.added": letters.added,
    "payout_method.confirmed": letters.confirmed,
    "payout_method.removed": letters.removed,
}


def send_link(event: DomainEvent) -> None:
    """Mail the link of a method (payout_method.added, payout_method.link_wanted) to who added it, unless it was removed or
    confirmed meanwhile.

    A repeat mails another link and makes the first one worthless: the secret of a link is kept nowhere.
    """
    method = _method(event)
    secret = new_link(method.pk)
    if secret is not None:
        send_to(method.created_by, lambda: letters.to_confirm(method, secret))


def tell_owners(event: DomainEvent) -> None:
    """Mail every owner of the provider's account what has changed; who added it has the link instead, and what was replaced is
    told by what replaces it.

    One address that fails does not hold up the others. Raises NotAllSent at the end; a repeat writes to all once more.
    """
    if "replaced_by" in event.data:
        return
    method = _method(event)
    seats = reachable_members(method.provider.account).filter(role=Role.OWNER)
    if event.name == "payout_method.added":
        seats = seats.exclude(user=method.created_by)
    send_to_each((seat.user for seat in seats), lambda: LETTERS[event.name](method))


def _method(event: DomainEvent) -> PayoutMethod:
    people = ("created_by", "confirmed_by", "removed_by")
    methods = PayoutMethod.objects.select_related("provider__account", *people)
    return methods.get(pk=event.subject.removeprefix("payoutmethod:"))
