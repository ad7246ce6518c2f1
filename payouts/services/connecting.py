"""Only accounts at Stripe as places to be paid: opened for a provider, set up by it there, and ready when Stripe says so.

The link that confirms the place goes by mail, as for any other. It confirms only once Stripe lets the account be paid.
"""

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from django.utils.translation import gettext as _

from accounts.models import User
from billing import stripe_connect
from billing.gateway_facts import GatewayError
from billing.stripe_connect import ConnectedAccount, NotMade, Opening
from core import clock
from core.errors import Refused
from core.transactions import require_no_transaction
from payouts.addresses import Place
from payouts.models import PayoutMethod, StripeAccount
from payouts.services.method import add_method
from payouts.states import MethodKind
from providers.models import Provider

T = TypeVar("T")

ASKED_SECONDS = 5


def connect(provider: Provider, user: User, currency: str) -> PayoutMethod:
    """Note the provider's account at Stripe as the place for a currency; one that is there already is given back.

    A provider has one account, for all currencies. Raises `Refused`: off, gateway_silent, not_opened (Stripe refuses, with its
    reason), and what `add_method` raises but exists. Emits payout_method.added.
    """
    require_no_transaction()
    if not stripe_connect.is_switched_on():
        raise Refused(_("Accounts at Stripe cannot be connected here."), code="off")
    place = Place(MethodKind.STRIPE, (provider.legal_name or provider.name)[:120], address=_address(provider))
    try:
        return add_method(provider, user, currency, place)
    except Refused as refused:
        if refused.code != "exists":
            raise
    there = PayoutMethod.objects.filter(provider=provider, currency=currency, address=place.address, removed_at=None)
    return there.latest("id")


def _address(provider: Provider) -> str:
    """Stripe's name of the provider's account, opened where there is none: the row first, then the call, then its answer."""
    account, _is_new = StripeAccount.objects.get_or_create(
        provider=provider, defaults={"country": provider.legal_country or provider.country, "created_at": clock.now()}
    )
    if account.external_id:
        return account.external_id
    opening = Opening(str(account.public_id), provider.slug, account.country, account.created_at)
    mine = StripeAccount.objects.filter(pk=account.pk, external_id="")
    try:
        opened = _asked(lambda: stripe_connect.open_account(opening))
    except NotMade as refusal:
        # Nothing is there, and the same would be refused again: the next one asks anew, perhaps from another country.
        mine.delete()
        raise Refused(_("Stripe opens no account for you: %(reason)s") % {"reason": refusal}, code="not_opened") from refusal
    # Of two at once the first to write counts.
    mine.update(external_id=opened)
    return StripeAccount.objects.get(pk=account.pk).external_id


def setting_up(method: PayoutMethod, *, done: str, again: str) -> str:
    """Where the provider sets its account up; leads back to `done`, or to `again` for another such address.

    Raises `Refused` (gateway_silent).
    """
    return _asked(lambda: stripe_connect.onboarding_url(method.address, done=done, again=again))


def account_of(method: PayoutMethod) -> ConnectedAccount:
    """The account as Stripe has it now. Raises `Refused` (gateway_silent)."""
    return _asked(lambda: stripe_connect.read_account(method.address))


def account_now(method: PayoutMethod) -> ConnectedAccount:
    """The same for one who opens a page; not each second, since every question holds up a worker, and Stripe answers only so many.

    Raises `Refused`: asked_just_now, gateway_silent.
    """
    if not cache.add(f"account-asked:{method.pk}", 1, timeout=ASKED_SECONDS):
        raise Refused(_("Stripe was asked about the account just now. Look again in a few seconds."), code="asked_just_now")
    return account_of(method)


def refuse_unready(method: PayoutMethod) -> None:
    """Raises `Refused` for an account that Stripe does not let be paid: not_ready; gateway_silent. Nothing for other places."""
    if method.kind == MethodKind.STRIPE and not account_of(method).can_be_paid:
        raise Refused(
            _("Stripe does not let this account be paid yet. Finish setting it up there, then open this link again."),
            code="not_ready",
        )


def _asked(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except GatewayError as error:
        raise Refused(_("Stripe does not answer just now. Try again in a minute."), code="gateway_silent") from error
