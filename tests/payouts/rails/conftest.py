"""What the tests of rails start from: a running replica that knows the shop's wallet, and a provider who is owed dollars."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.services import create_user, make_staff
from billing import services as billing
from billing.proof import record_proof
from contracts import services as contracts
from core import clock
from payouts import ic_agent
from payouts.addresses import Place
from payouts.ic_key import wallet_key
from payouts.models import Payout, PayoutMethod, PayoutTransfer
from payouts.rail_facts import nanoseconds
from payouts.services.connecting import connect
from payouts.services.method import add_method, confirm_method, new_link
from payouts.services.payout import approve_payout, propose_payout
from payouts.services.release import release_contract
from payouts.services.sending import carry_out
from payouts.services.sweeping import sweep_payouts
from payouts.states import MethodKind
from providers.models import Offering, Provider
from tests.payouts.rails.replica import INDEX, LEDGER, Replica, replica
from tests.stripe_standin import Standin, standin
from tests.stripe_standin.server import SECRET_KEY, WEBHOOK_SECRET
from tests.walk import START, Walk, offered_by

SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PRINCIPAL = "ryjl3-tyaaa-aaaaa-aaaba-cai"
LATER = START + timedelta(days=20)


@pytest.fixture
def ic(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replica]:
    """A replica of this test's own, ten thousand dollars in the wallet, and the settings that lead to it."""
    with replica() as (running, base):
        settings.ICRC1_WALLET_KEY = SEED
        settings.ICRC1_LEDGER, settings.ICRC1_INDEX = LEDGER, INDEX
        settings.ICRC1_API_BASE = base
        settings.ICRC1_ROOT_KEY = running.root.der.hex()
        running.balances[wallet_key().sender().to_str()] = 10_000 * 10**6
        monkeypatch.setattr(ic_agent, "PAUSE", 0)
        yield running


@pytest.fixture
def colleague(db: None) -> User:
    """Staff who approves."""
    return make_staff(create_user("colleague@example.com", "correct-horse-battery", name="Colin", verified=True), superuser=True)


@dataclass
class Ready:
    """A provider who is owed something, and everybody's clock: the shop's, and that of `ic`."""

    provider: Provider
    currency: str
    staff: User
    colleague: User
    walk: Walk
    ic: Replica | None = None
    now: datetime = LATER

    def approved(self) -> Payout:
        """A payout of all that is owed, approved and not sent."""
        with clock.at(self.now):
            record_proof()
            payout = propose_payout(self.provider.pk, self.currency, self.staff)
            return approve_payout(payout.pk, self.colleague)

    def carry_out(self, payout: Payout) -> None:
        with self.at():
            carry_out(payout.pk)

    def sweep(self, **later: int) -> None:
        """Some time later, what the sweep does."""
        self.now += timedelta(**(later or {"minutes": 2}))
        with self.at():
            sweep_payouts()

    def at(self) -> AbstractContextManager[datetime]:
        if self.ic:
            moment = nanoseconds(self.now)
            self.ic.now = lambda: moment
        return clock.at(self.now)


def confirmed(provider: Provider, place: Place, currency: str) -> PayoutMethod:
    """A way to be paid that the provider set and confirmed itself, long ago."""
    owner = provider.account.memberships.get(role="owner").user
    with clock.at(START):
        secret = new_link(add_method(provider, owner, currency, place).pk)
        assert secret is not None
        return confirm_method(secret, owner)


def connected(provider: Provider) -> PayoutMethod:
    """Its account at Stripe, where it is paid in euros, confirmed long ago."""
    owner = provider.account.memberships.get(role="owner").user
    with clock.at(START):
        secret = new_link(connect(provider, owner, "EUR").pk)
        assert secret is not None
        return confirm_method(secret, owner)


def released(walk: Walk, *days: int) -> None:
    """What the rental has earned, so many days after its order."""
    for day in days:
        with clock.at(START + timedelta(days=day)):
            release_contract(walk.contract.pk, clock.now())


def fresh(payout: Payout) -> Payout:
    return Payout.objects.select_related("provider").get(pk=payout.pk)


def transfer_of(payout: Payout) -> PayoutTransfer:
    return PayoutTransfer.objects.get(payout=payout)


@pytest.fixture
def in_tokens(ic: Replica, customer: User, provider_user: User, staff: User, colleague: User, settings: Settings) -> Ready:
    """A rental in dollars, released twice, whose provider is paid at a principal."""
    settings.PAYOUT_SECOND_PERSON = True
    offering = offered_by(provider_user, currency="USD")
    walk = Walk(customer, offering).running()
    confirmed(offering.provider, Place(MethodKind.ICP, "Piet Provider", address=PRINCIPAL), "USD")
    released(walk, 2, 19)
    return Ready(offering.provider, "USD", staff, colleague, walk, ic)


class CardWalk(Walk):
    """A rental that is paid by card, at a stand-in that lives at the same moment."""

    def __init__(self, stripe: Standin, customer: User, offering: Offering, at: datetime = START) -> None:
        self.stripe = stripe
        super().__init__(customer, offering, at)

    def paid(self) -> "CardWalk":
        self._then(self._pay, minutes=2)
        return self

    def _pay(self) -> None:
        self.stripe.account.now = self.now.timestamp
        payment = billing.start_payment(self.contract.charges.get(), "stripe")
        self.stripe.account.pay(payment.external_id)
        billing.apply_payment("stripe", payment.external_id)


@dataclass
class CardReady(Ready):
    """The same, for a provider with an account at Stripe."""

    stripe: Standin | None = None

    def at(self) -> AbstractContextManager[datetime]:
        assert self.stripe
        self.stripe.account.now = self.now.timestamp
        return clock.at(self.now)

    def paid_out(self) -> Payout:
        payout = self.approved()
        self.carry_out(payout)
        return fresh(payout)

    def ended_at_providers_fault(self, walk: Walk | None = None) -> None:
        """A day later the rack burns down: of the set-up fee, which was released, a part goes back."""
        self.now += timedelta(days=1)
        contract = (walk or self.walk).contract
        with self.at():
            contracts.cancel(contract.pk, self.walk.provider, "The rack burnt down")
            for refund in billing.refund_settlement(contract.pk):
                billing.send_refund(refund.pk)

    def earns_by(self, walk: Walk) -> None:
        """Another rental of the same provider has earned something."""
        released(walk.running(), 19)


@pytest.fixture
def stripe(settings: Settings) -> Iterator[Standin]:
    """A stand-in of this test's own, where accounts are ready as soon as they are opened."""
    with standin() as running:
        settings.STRIPE_SECRET_KEY = SECRET_KEY
        settings.STRIPE_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
        settings.STRIPE_API_BASE = running.base
        settings.STRIPE_CONNECT = True
        running.account.habits.accounts_begin_ready = True
        yield running


@pytest.fixture
def offering(provider_user: User) -> Offering:
    """€ 38.40 a month, and € 30 to set it up."""
    return offered_by(provider_user, setup_fee_minor=3000)


@pytest.fixture
def by_stripe(stripe: Standin, offering: Offering, customer: User, staff: User, colleague: User, settings: Settings) -> CardReady:
    """A rental paid by card, released twice, whose provider has connected an account."""
    settings.PAYOUT_SECOND_PERSON = True
    walk = CardWalk(stripe, customer, offering).running()
    connected(offering.provider)
    released(walk, 2, 19)
    return CardReady(offering.provider, "EUR", staff, colleague, walk, stripe=stripe)
