"""What the tests of cards start from: a running stand-in, a shop that knows it, and an order to be paid there."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from billing import services
from billing.models import Charge, Payment
from tests.billing.paying import Door, both_at, charge, contract, offering
from tests.stripe_standin import Standin, standin
from tests.stripe_standin.server import SECRET_KEY, WEBHOOK_SECRET

# Fixtures, and what tests take from here.
__all__ = ["both_at", "charge", "contract", "offering"]

WEBHOOK = "/api/v1/webhooks/stripe"
DOOR = Door(Standin, WEBHOOK)
bring, send, send_again = DOOR.bring, DOOR.send, DOOR.send_again


@pytest.fixture
def stripe(settings: Settings) -> Iterator[Standin]:
    """A stand-in of this test's own, and the settings that lead to it."""
    with standin() as running:
        settings.STRIPE_SECRET_KEY = SECRET_KEY
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_newer", WEBHOOK_SECRET]
        settings.STRIPE_API_BASE = running.base
        yield running


@pytest.fixture
def payment(charge: Charge, stripe: Standin) -> Payment:
    """A page of Stripe's is open for it."""
    return services.start_payment(charge, "stripe")


def fresh(payment: Payment) -> Payment:
    """The payment as it stands now."""
    return Payment.objects.select_related("charge__contract").get(pk=payment.pk)


def charge_at_stripe(stripe: Standin, payment: Payment) -> str:
    """The id that Stripe has for the money of a payment."""
    intent = stripe.account.get(payment.external_id)["payment_intent"]
    return str(stripe.account.get(intent)["latest_charge"])
