"""What follows from a change of where tokens go back to: the mailed link, and a mail to all who look after the account's money."""

from collections.abc import Callable, Mapping
from smtplib import SMTPException

from django.conf import settings
from django.utils import translation

from accounts.letters import Letter, send
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


class NotAllSent(Exception):
    """Some have no mail yet: the reaction is to be tried again."""


def send_address_link(event: DomainEvent) -> None:
    """Mail the link of a new address (refund_address.given) to who gave it, unless it was removed or confirmed meanwhile.

    A repeat mails another link and makes the first one worthless: the secret of a link is kept nowhere.
    """
    found = _address(event)
    secret = new_address_link(found.pk)
    if secret is not None:
        with translation.override(found.created_by.language or settings.LANGUAGE_CODE):
            letter = letters.address_to_confirm(found, secret)
        send(letter, found.created_by.email)


def tell_of_address(event: DomainEvent) -> None:
    """Mail all owners and billing members what has changed. One address that fails does not hold up the others.

    Raises NotAllSent at the end; a repeat writes to all once more.
    """
    found = _address(event)
    problems = []
    for seat in reachable_members(found.account).filter(role__in=MAY_SET):
        try:
            with translation.override(seat.user.language or settings.LANGUAGE_CODE):
                send(LETTERS[event.name](found), seat.user.email)
        except (SMTPException, OSError) as problem:
            problems.append(f"{seat.user_id}: {problem}")
    if problems:
        raise NotAllSent("; ".join(problems))


def _address(event: DomainEvent) -> RefundAddress:
    number = event.subject.removeprefix("refundaddress:")
    return RefundAddress.objects.select_related("account", "created_by").get(pk=number)
