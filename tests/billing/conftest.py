"""What the tests of billing start from: a published offering, a quote, an order, a payment page of the pretend bank."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from accounts.models import Account, User
from accounts.queries import personal_account
from billing import sandbox_bank, services
from billing.buyers import Buyer
from billing.models import Charge, Payment, Quote, SandboxPayment
from billing.sandbox_messages import deliver_due
from billing.sandbox_outcomes import Outcome
from billing.tax import TaxFacts
from billing.webhooks import accept
from core.tasks import drain
from providers.models import Offering, Provider
from providers.services import become_provider, create_offering, publish_offering
from tests.machines import machine

BUYER = Buyer("Cora Customer", "customer@example.com", "Am Alten Fährhaus 12", "Hamburg", "DE", "20457")
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 laptop"
OTHER_SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHm1Vi6P5lT5QHixEuipi6eQH4U65pW+1+DjkQutBJZk"


@pytest.fixture
def provider(provider_user: User) -> Provider:
    """The provider of provider_user's account."""
    return become_provider(
        personal_account(provider_user), name="Quietstack", country="DE", city="Nuremberg", description="Quiet servers."
    )


@pytest.fixture
def offering(provider: Provider) -> Offering:
    """Published, public, five in stock, € 38.40 a month."""
    made = create_offering(
        provider,
        name="VPS 8 NVMe",
        type="compute",
        visibility="public",
        currency="EUR",
        monthly_minor=3840,
        setup_fee_minor=0,
        min_hours=24,
        max_hours=4320,
        stock=5,
        cores=8,
        memory_gb=Decimal(32),
        disk_type="nvme",
        disk_count=1,
        disk_gb=320,
        uplink_mbit=1000,
        traffic_unmetered=True,
        country="DE",
        city="Nuremberg",
        operating_systems=["Debian 13", "Ubuntu 24.04"],
        virtualisation="kvm",
    )
    return publish_offering(made)


@pytest.fixture
def quote(customer: User, customer_account: Account, offering: Offering) -> Quote:
    """90 days of it for a buyer in Germany: € 115.20 net, € 137.09 gross."""
    return services.create_quote(customer_account, customer, offering, 2160, TaxFacts("DE"))


@pytest.fixture
def charge(quote: Quote, customer: User) -> Charge:
    """The order of that quote, to be paid."""
    return services.order(quote, user=customer, buyer=BUYER, operating_system="Debian 13")


@pytest.fixture
def payment(charge: Charge) -> Payment:
    """A payment of it, with an open page at the pretend bank."""
    return services.start_payment(charge, "sandbox")


@pytest.fixture
def bank_page(payment: Payment) -> SandboxPayment:
    """That page."""
    return SandboxPayment.objects.get(payment_public_id=payment.public_id)


@pytest.fixture
def customer_api(customer: User) -> APIClient:
    """The customer's machine, with every scope."""
    return machine(customer)


Says = Callable[[Outcome], None]


@pytest.fixture
def bank_says(bank_page: SandboxPayment) -> Says:
    """Let the bank say something of that payment, bring its messages and work on them."""

    def says(outcome: Outcome) -> None:
        sandbox_bank.choose(bank_page.external_id, outcome)
        post()

    return says


def post() -> None:
    """Bring the bank's messages to the inbox, signed, and do all that follows."""
    deliver_due(accept)
    drain()
