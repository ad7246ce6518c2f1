"""Only what one press of a button on the order and checkout pages does: several verbs of billing in one step."""

from dataclasses import dataclass

from django.core.cache import cache
from django.db import transaction

from accounts.models import Membership, SshKey, User
from accounts.services import add_ssh_key
from accounts.ssh import parse_public_key
from accounts.states import Role
from billing.buyers import Buyer
from billing.models import Charge, Quote
from billing.services.order import order
from billing.services.payment import OPEN_STATES, apply_payment
from billing.services.profile import save_billing_profile
from billing.services.vat import with_check
from core import jobs
from core.errors import Refused

ASKED_SECONDS = 5
# A member orders, but the account's address is not a member's to change.
MAY_CHANGE_BILLING = (Role.OWNER, Role.BILLING)


@dataclass(frozen=True)
class Wishes:
    """How the customer wants the server: system and host name, a key of the account or the text of a new one, a note."""

    operating_system: str = ""
    host_name: str = ""
    ssh_key: SshKey | None = None
    public_key: str = ""
    note: str = ""


def place_order(quote: Quote, *, membership: Membership, buyer: Buyer, wishes: Wishes, connection_country: str = "") -> Charge:
    """Order at the quoted price; keep a pasted key and, where the role allows it, the address. All of it or nothing.

    A key that the account has already is used as it is, so that a double click is no error. VIES is asked before, if it must be:
    never inside a transaction. Raises `Refused` as `order` and `add_ssh_key` do. Emits what they emit.
    """
    user = membership.user
    with_check(buyer.tax_facts, quote.account)
    with transaction.atomic():
        charge = order(
            quote,
            user=user,
            buyer=buyer,
            operating_system=wishes.operating_system,
            host_name=wishes.host_name,
            ssh_key=_key(quote, user, wishes),
            note=wishes.note,
            connection_country=connection_country,
        )
        if membership.role in MAY_CHANGE_BILLING:
            save_billing_profile(quote.account_id, buyer)
    return charge


def _key(quote: Quote, user: User, wishes: Wishes) -> SshKey | None:
    if not wishes.public_key:
        return wishes.ssh_key
    known = SshKey.objects.filter(account=quote.account, fingerprint=parse_public_key(wishes.public_key).fingerprint)
    try:
        return known.first() or add_ssh_key(quote.account, user, "", wishes.public_key)
    except Refused as refused:
        # The other click of a double click was faster.
        if refused.code != "duplicate":
            raise
        return known.get()


def ask_again(charge: Charge) -> None:
    """Read the open payments of a charge at their gateways and book what they say: for a customer who waits for news.

    Raises GatewayError when a gateway does not answer.
    """
    for payment in charge.payments.filter(state__in=OPEN_STATES).exclude(external_id="").order_by("id"):
        apply_payment(payment.gateway, payment.external_id)


def ask_now(charge: Charge) -> None:
    """The same for one who presses the button; not each second, since every question holds up a worker and costs the gateway.

    Raises GatewayError when a gateway does not answer.
    """
    if cache.add(f"asked-now:{charge.pk}", 1, timeout=ASKED_SECONDS):
        ask_again(charge)


def ask_soon(charge: Charge) -> None:
    """Have the queue ask the gateways, for a customer who comes back from a payment page before its message; not each second."""
    if cache.add(f"asked:{charge.pk}", 1, timeout=ASKED_SECONDS):
        jobs.enqueue("billing.tasks.ask_again", charge.pk, name=f"ask about charge {charge.pk}")
