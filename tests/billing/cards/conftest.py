"""What the tests of cards start from: a running stand-in, a shop that knows it, and an order to be paid there."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from billing import services
from billing.models import Charge, Payment
from contracts.models import Contract
from core import clock
from core.tasks import drain
from providers.models import Offering
from tests.stripe_standin import Standin, standin
from tests.stripe_standin.server import SECRET_KEY, WEBHOOK_SECRET, signed
from tests.walk import offered_by, ordered

WEBHOOK = "/api/v1/webhooks/stripe"


@pytest.fixture
def stripe(settings: Settings) -> Iterator[Standin]:
    """A stand-in of this test's own, and the settings that lead to it."""
    with standin() as running:
        settings.STRIPE_SECRET_KEY = SECRET_KEY
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_newer", WEBHOOK_SECRET]
        settings.STRIPE_API_BASE = running.base
        yield running


@pytest.fixture
def offering(provider_user: User) -> Offering:
    """€ 38.40 a month."""
    return offered_by(provider_user)


@pytest.fixture
def contract(customer: User, offering: Offering) -> Contract:
    """A month of it, ordered: € 45.70 with VAT."""
    return ordered(customer, offering)


@pytest.fixture
def charge(contract: Contract) -> Charge:
    """What is to be paid for it."""
    return contract.charges.get()


@pytest.fixture
def payment(charge: Charge, stripe: Standin) -> Payment:
    """A page of Stripe's is open for it."""
    return services.start_payment(charge, "stripe")


def bring(stripe: Standin) -> None:
    """Bring the events that wait to the shop's door, and do all that follows."""
    assert stripe.bring(send) >= 0
    drain()


def send(body: bytes, header: str) -> bool:
    """Bring one event to the shop's door; whether it was taken."""
    answer = Client(enforce_csrf_checks=True).generic(
        "POST", WEBHOOK, body, content_type="application/json", headers={"Stripe-Signature": header}
    )
    return answer.status_code == 200


def send_again(event: dict[str, Any]) -> bool:
    """Bring an event that came before, signed anew, as Stripe does when it repeats."""
    return send(*signed(event, int(clock.now().timestamp())))


def fresh(payment: Payment) -> Payment:
    """The payment as it stands now."""
    return Payment.objects.select_related("charge__contract").get(pk=payment.pk)


def charge_at_stripe(stripe: Standin, payment: Payment) -> str:
    """The id that Stripe has for the money of a payment."""
    intent = stripe.account.get(payment.external_id)["payment_intent"]
    return str(stripe.account.get(intent)["latest_charge"])


@contextmanager
def both_at(stripe: Standin, moment: datetime) -> Iterator[None]:
    """Let the shop and Stripe live at this moment; the context variable of the shop's clock reaches no other thread."""
    before = stripe.account.now
    stripe.account.now = moment.timestamp
    with clock.at(moment):
        yield
    stripe.account.now = before
