"""The line breaks after Stripe has acted: whatever was asked is asked again with the same key, and happens once."""

from datetime import timedelta

import pytest

from accounts.models import User
from billing import services
from billing.gateway_facts import GatewayError
from billing.models import Charge, Payment, Refund
from billing.proof import find_differences
from contracts import actors
from contracts import services as contracts
from core import clock
from tests.billing.cards.conftest import both_at, bring, fresh
from tests.stripe_standin import Standin

pytestmark = pytest.mark.django_db

SESSIONS, CUSTOMERS, REFUNDS = "POST /v1/checkout/sessions", "POST /v1/customers", "POST /v1/refunds"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package waits between its own repeats; here that would only take time."""
    monkeypatch.setattr("stripe._http_client.HTTPClient.INITIAL_DELAY", 0.0)
    monkeypatch.setattr("stripe._http_client.HTTPClient.MAX_DELAY", 0.0)


def keys(stripe: Standin, name: str) -> set[str]:
    return {request.key for request in stripe.api.requests if f"{request.method} {request.path}" == name}


@pytest.mark.parametrize("name", [CUSTOMERS, SESSIONS])
def test_a_page_whose_answer_was_lost_is_the_page_that_is_found_again(name: str, stripe: Standin, charge: Charge) -> None:
    stripe.api.drops[name] = 3
    with pytest.raises(GatewayError) as silent:
        services.start_payment(charge, "stripe")
    assert not silent.value.permanent
    with clock.at(clock.now() + timedelta(minutes=2)):
        payment = services.start_payment(charge, "stripe")
    assert Payment.objects.get() == payment
    assert [page["id"] for page in stripe.account.all("cs")] == [payment.external_id]
    assert (len(stripe.account.all("cus")), len(keys(stripe, SESSIONS)), len(keys(stripe, CUSTOMERS))) == (1, 1, 1)


def test_one_lost_answer_is_nobody_s_business(stripe: Standin, charge: Charge) -> None:
    stripe.api.drops[SESSIONS] = 1
    payment = services.start_payment(charge, "stripe")
    assert payment.checkout_url
    assert len(stripe.account.all("cs")) == 1


def test_after_minutes_of_silence_a_new_page_is_asked_for(stripe: Standin, charge: Charge) -> None:
    stripe.api.drops[SESSIONS] = 3
    with pytest.raises(GatewayError):
        services.start_payment(charge, "stripe")
    with both_at(stripe, clock.now() + timedelta(minutes=6)):
        payment = services.start_payment(charge, "stripe")
        assert payment.checkout_url
    assert Payment.objects.count() == 2
    # Stripe repeats its own faults for a day under the same key: all of a new attempt has new ones.
    assert (len(keys(stripe, CUSTOMERS)), len(keys(stripe, SESSIONS))) == (2, 2)
    stripe.account.pay(payment.external_id)
    bring(stripe)
    assert fresh(payment).state == "succeeded"
    assert find_differences() == []


def test_a_page_whose_answer_never_came_is_known_by_its_event(stripe: Standin, charge: Charge) -> None:
    stripe.api.drops[SESSIONS] = 3
    with pytest.raises(GatewayError):
        services.start_payment(charge, "stripe")
    (page,) = stripe.account.all("cs")
    stripe.account.pay(page["id"])
    bring(stripe)
    payment = Payment.objects.get()
    assert (payment.external_id, payment.state) == (page["id"], "succeeded")


@pytest.fixture
def refund(stripe: Standin, payment: Payment, customer: User) -> Refund:
    """Paid, then cancelled before delivery: all of it goes back, and waits to be sent."""
    stripe.account.pay(payment.external_id)
    bring(stripe)
    contracts.cancel(payment.charge.contract_id, actors.customer(customer.pk))
    (decided,) = services.refund_settlement(payment.charge.contract_id)
    return decided


def test_a_refund_whose_answer_was_lost_is_paid_once(stripe: Standin, refund: Refund) -> None:
    stripe.api.drops[REFUNDS] = 3
    with pytest.raises(GatewayError):
        services.send_refund(refund.pk)
    assert Refund.objects.get().state == "submitting"
    services.send_refund(refund.pk)
    (there,) = stripe.account.all("re")
    assert (Refund.objects.get().state, Refund.objects.get().external_id) == ("submitted", there["id"])
    assert len(keys(stripe, REFUNDS)) == 1


def test_a_refund_is_found_by_our_mark_when_stripe_has_forgotten_the_key(stripe: Standin, refund: Refund) -> None:
    stripe.api.drops[REFUNDS] = 3
    with pytest.raises(GatewayError):
        services.send_refund(refund.pk)
    stripe.api.answered.clear()
    services.send_refund(refund.pk)
    assert len(stripe.account.all("re")) == 1
    assert Refund.objects.get().state == "submitted"


def test_stripe_s_own_fault_is_no_refusal(stripe: Standin, refund: Refund) -> None:
    stripe.api.failures[REFUNDS] = [500, 500, 500]
    with pytest.raises(GatewayError) as fault:
        services.send_refund(refund.pk)
    assert not fault.value.permanent
    services.send_refund(refund.pk)
    assert Refund.objects.get().state == "submitted"


def test_what_stripe_refuses_for_good_is_staff_s(stripe: Standin, refund: Refund) -> None:
    (charge,) = stripe.account.all("ch")
    stripe.account.create_refund({"charge": charge["id"]})
    services.send_refund(refund.pk)
    assert Refund.objects.get(pk=refund.pk).state == "failed"
