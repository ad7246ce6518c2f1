"""Checkout, the page that the bank leads back to, and the pretend bank's own page: the truth at any moment, nothing twice."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.gateway_facts import GatewayError
from billing.gateways import GATEWAYS
from billing.models import Charge, Payment, SandboxDispute, SandboxMessage, SandboxPayment
from billing.sandbox_gateway import SandboxGateway
from billing.sandbox_outcomes import AT_CHECKOUT, Outcome
from billing.states import PaymentState
from contracts import services as contracts
from contracts.actors import Actor
from contracts.states import ActorKind
from core import clock
from tests.billing.conftest import Says, post

pytestmark = pytest.mark.django_db


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode()).replace("\u00a0", " ").replace("&#x27;", "'")


def checkout_of(charge: Charge) -> str:
    return f"/checkout/{charge.public_id}"


def return_of(charge: Charge) -> str:
    return f"/checkout/{charge.public_id}/return"


# --- Who sees it --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_but_the_account_sees_charge_or_bank(
    method: str,
    charge: Charge,
    payment: Payment,
    client: Client,
    customer_client: Client,
    provider_client: Client,
    stranger_client: Client,
    staff_client: Client,
) -> None:
    for address in (checkout_of(charge), return_of(charge), payment.checkout_url):
        for other in (provider_client, stranger_client, staff_client):
            assert getattr(other, method)(address, {"method": "sandbox", "outcome": "paid"}).status_code == 404
        assert getattr(client, method)(address)["Location"].startswith("/accounts/login/")
        assert customer_client.get(address).status_code == 200
    assert Payment.objects.count() == 1
    assert not SandboxMessage.objects.exists()


@pytest.mark.parametrize("address", ["/checkout/{0}", "/checkout/{0}/return", "/sandbox/{0}"])
def test_what_never_was_is_not_found(address: str, customer_client: Client) -> None:
    assert customer_client.get(address.format(uuid4())).status_code == 404


# --- Checkout -----------------------------------------------------------------------------------------------------------------


def test_checkout_shows_the_exact_amount_the_deadline_and_the_way_to_pay(customer_client: Client, charge: Charge) -> None:
    text = text_of(customer_client.get(checkout_of(charge)))
    for words in ("Pay € 137.09", "€ 115.20", "VAT 19 %", "€ 21.89", "No real money.", f"{charge.expires_at:%H:%M} UTC", "Hamburg"):
        assert words in text


def test_checkout_takes_a_fixed_number_of_queries(
    customer_client: Client, charge: Charge, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Session, user, membership, charge, payments.
    with django_assert_num_queries(5):
        customer_client.get(checkout_of(charge))


def test_paying_leads_to_the_bank_and_a_double_click_to_the_same_page(customer_client: Client, charge: Charge) -> None:
    first = customer_client.post(checkout_of(charge), {"method": "sandbox"})
    second = customer_client.post(checkout_of(charge), {"method": "sandbox"})
    payment = Payment.objects.get()
    assert first["Location"] == second["Location"] == f"/sandbox/{payment.public_id}"
    assert (payment.amount_minor, SandboxPayment.objects.get().amount_minor) == (13709, 13709)


@pytest.mark.parametrize("method", ["", "stripe", "SANDBOX", "x" * 10_000])
def test_a_way_to_pay_that_is_not_offered_is_refused_at_its_field(method: str, customer_client: Client, charge: Charge) -> None:
    answer = customer_client.post(checkout_of(charge), {"method": method})
    assert answer.status_code == 200
    assert 'id="id_method_error"' in text_of(answer)
    assert not Payment.objects.exists()


def test_where_no_way_to_pay_is_configured_the_page_says_so(customer_client: Client, charge: Charge, settings: Settings) -> None:
    settings.SANDBOX_ENABLED = False
    text = text_of(customer_client.get(checkout_of(charge)))
    assert "There is no way to pay here at the moment." in text
    assert "<button" not in text.partition("<main")[2].partition("</main>")[0]
    customer_client.post(checkout_of(charge), {"method": "sandbox"})
    assert not Payment.objects.exists()


class SilentGateway(SandboxGateway):
    """A bank whose telephone nobody answers."""

    def start(self, payment: Payment) -> Any:
        raise GatewayError("silence")

    def read(self, external_id: str) -> Any:
        raise GatewayError("silence")


def test_a_bank_that_does_not_answer_is_no_error_of_ours(
    customer_client: Client, charge: Charge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GATEWAYS, "sandbox", SilentGateway())
    answer = customer_client.post(checkout_of(charge), {"method": "sandbox"}, follow=True)
    assert "The bank does not answer just now." in text_of(answer)
    assert Payment.objects.get().external_id == ""
    monkeypatch.undo()
    assert customer_client.post(checkout_of(charge), {"method": "sandbox"})["Location"].startswith("/sandbox/")
    assert Payment.objects.count() == 1


def test_after_the_deadline_nothing_can_be_paid(customer_client: Client, charge: Charge) -> None:
    with clock.at(charge.expires_at):
        text = text_of(customer_client.get(checkout_of(charge)))
        assert "Not paid in time" in text
        assert "Pay €" not in text.partition("<main")[2]
        customer_client.post(checkout_of(charge), {"method": "sandbox"})
    assert not Payment.objects.exists()


def test_a_paid_charge_cannot_be_paid_again(customer_client: Client, charge: Charge, bank_says: Says) -> None:
    bank_says(Outcome.PAID)
    text = text_of(customer_client.get(checkout_of(charge)))
    assert "€ 137.09 has arrived." in text
    assert f"/dashboard/rentals/{charge.contract.reference}" in text
    answer = customer_client.post(checkout_of(charge), {"method": "sandbox"}, follow=True)
    assert "This is paid already." in text_of(answer)
    assert Payment.objects.count() == 1


def test_a_cancelled_order_is_not_paid_any_more(customer_client: Client, charge: Charge, customer: User) -> None:
    contracts.cancel(charge.contract_id, Actor(ActorKind.CUSTOMER, customer.pk))
    services.close_charges_of(charge.contract_id)
    text = text_of(customer_client.get(checkout_of(charge)))
    assert "The order was cancelled before it was paid." in text
    customer_client.post(checkout_of(charge), {"method": "sandbox"})
    assert not Payment.objects.exists()


# --- After the bank -----------------------------------------------------------------------------------------------------------


def test_before_a_payment_there_is_nothing_to_return_to(customer_client: Client, charge: Charge) -> None:
    assert customer_client.get(return_of(charge))["Location"] == checkout_of(charge)


def test_before_the_message_the_page_waits_and_looks_again(
    customer_client: Client, charge: Charge, bank_page: SandboxPayment
) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    text = text_of(customer_client.get(return_of(charge)))
    assert "Waiting for the bank" in text
    assert 'hx-trigger="every 2s"' in text
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in text
    post()
    text = text_of(customer_client.get(return_of(charge)))
    assert "€ 137.09 has arrived." in text
    assert "hx-trigger" not in text
    assert "refresh" not in text


def test_looking_again_answers_only_the_news(customer_client: Client, charge: Charge, payment: Payment) -> None:
    text = text_of(customer_client.get(return_of(charge), headers={"HX-Request": "true"}))
    assert text.strip().startswith('<div id="news" hx-get=')
    assert "<html" not in text


def test_asking_the_bank_finds_what_a_lost_message_would_have_said(
    customer_client: Client, charge: Charge, bank_page: SandboxPayment
) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    assert customer_client.post(return_of(charge))["Location"] == return_of(charge)
    charge.refresh_from_db()
    assert charge.paid_at is not None
    post()
    assert Payment.objects.get().state == PaymentState.SUCCEEDED


def test_asking_on_and_on_asks_the_bank_once_in_a_while(customer_client: Client, charge: Charge, bank_page: SandboxPayment) -> None:
    customer_client.post(return_of(charge))
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    assert customer_client.post(return_of(charge)).status_code == 302
    assert Payment.objects.get().state == PaymentState.PENDING
    cache.clear()
    customer_client.post(return_of(charge))
    assert Payment.objects.get().state == PaymentState.SUCCEEDED


def test_asking_a_silent_bank_changes_nothing(
    customer_client: Client, charge: Charge, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GATEWAYS, "sandbox", SilentGateway())
    answer = customer_client.post(return_of(charge), follow=True)
    assert "We ask again by ourselves." in text_of(answer)
    assert Payment.objects.get().state == PaymentState.PENDING


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.PAID, "€ 137.09 has arrived. Quietstack answers by"),
        (Outcome.DECLINED, "The bank said no, and nothing was charged."),
        (Outcome.WRONG_AMOUNT, "€ 137.08 arrived, € 137.09 was asked for."),
        (Outcome.TWICE, "€ 137.09 arrived that pays for nothing. All of it goes back"),
        (Outcome.LATE, "The bank has not told us anything yet."),
        (Outcome.SLOW, "The bank is moving € 137.09."),
        (Outcome.REFUND_FAILS, "€ 137.09 has arrived."),
    ],
)
def test_the_page_tells_each_truth(outcome: Outcome, words: str, customer_client: Client, charge: Charge, bank_says: Says) -> None:
    bank_says(outcome)
    assert words in text_of(customer_client.get(return_of(charge)))


def test_at_the_deadline_the_page_says_that_the_bank_is_asked_a_last_time(
    customer_client: Client, charge: Charge, bank_says: Says
) -> None:
    bank_says(Outcome.LATE)
    charge.refresh_from_db()
    with clock.at(charge.expires_at):
        assert "We ask the bank a last time" in text_of(customer_client.get(return_of(charge)))
        services.expire_unpaid_charges()
        assert "Nothing was charged." in text_of(customer_client.get(return_of(charge)))
    with clock.at(charge.expires_at + timedelta(minutes=2)):
        sandbox_bank.tick()
        post()
        text = text_of(customer_client.get(return_of(charge)))
        assert "The order had ended before the money came." in text
        assert "€ 137.09 arrived that pays for nothing." in text


# --- The bank's page ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", AT_CHECKOUT)
def test_a_choice_at_the_bank_leads_back_to_the_shop(
    outcome: Outcome, customer_client: Client, charge: Charge, payment: Payment
) -> None:
    answer = customer_client.post(payment.checkout_url, {"outcome": outcome.value})
    assert answer["Location"] == return_of(charge)


def test_the_bank_offers_only_what_makes_sense(customer_client: Client, payment: Payment, bank_says: Says) -> None:
    def offered() -> set[str]:
        return set(re.findall(r'name="(?:outcome|decision)" value="(\w+)"', text_of(customer_client.get(payment.checkout_url))))

    assert offered() == {outcome.value for outcome in AT_CHECKOUT}
    bank_says(Outcome.PAID)
    assert offered() == {"dispute", "dispute_part", "inquiry", "dashboard_refund"}
    bank_says(Outcome.INQUIRY)
    assert offered() == {"dispute", "dispute_part", "dashboard_refund", "open", "inquiry_closed"}
    bank_says(Outcome.DISPUTE)
    assert offered() == {"inquiry_closed", "won", "lost"}


def test_a_stale_tab_of_the_bank_is_told_what_it_says_now(customer_client: Client, payment: Payment) -> None:
    for _tab in range(2):
        answer = customer_client.post(payment.checkout_url, {"outcome": "paid"}, follow=True)
    assert "The bank has answered already." in text_of(answer)
    assert SandboxMessage.objects.count() == 1


@pytest.mark.parametrize("sent", [{}, {"outcome": ""}, {"outcome": "richer"}, {"outcome": "x" * 100_000}, {"decision": "won"}])
def test_what_is_no_choice_changes_nothing(sent: dict[str, str], customer_client: Client, payment: Payment) -> None:
    assert customer_client.post(payment.checkout_url, sent)["Location"] == payment.checkout_url
    assert SandboxPayment.objects.get().status == "pending"


def test_a_dispute_is_opened_and_decided_on_the_page(customer_client: Client, payment: Payment, bank_says: Says) -> None:
    bank_says(Outcome.PAID)
    assert customer_client.post(payment.checkout_url, {"outcome": "dispute_part"})["Location"] == payment.checkout_url
    dispute = SandboxDispute.objects.get()
    assert "€ 68.54" in text_of(customer_client.get(payment.checkout_url))
    for _tab in range(2):
        customer_client.post(payment.checkout_url, {"dispute": dispute.external_id, "decision": "lost"})
    dispute.refresh_from_db()
    assert dispute.status == "lost"


def test_the_dispute_of_another_payment_is_not_decided_here(
    customer_client: Client, payment: Payment, bank_page: SandboxPayment, bank_says: Says
) -> None:
    bank_says(Outcome.PAID)
    foreign = SandboxPayment.objects.create(
        external_id="sbx_pay_foreign",
        charge_public_id=uuid4(),
        amount_minor=100,
        received_minor=100,
        currency="EUR",
        subject="somebody else's",
        status="succeeded",
        deadline_at=clock.now(),
        expires_at=clock.now(),
        created_at=clock.now(),
    )
    sandbox_bank.choose("sbx_pay_foreign", Outcome.DISPUTE)
    dispute = SandboxDispute.objects.get(payment=foreign)
    customer_client.post(payment.checkout_url, {"dispute": dispute.external_id, "decision": "lost"})
    dispute.refresh_from_db()
    assert dispute.status == "open"


def test_where_the_sandbox_is_switched_off_its_page_is_gone(customer_client: Client, payment: Payment, settings: Settings) -> None:
    settings.SANDBOX_ENABLED = False
    assert customer_client.get(payment.checkout_url).status_code == 404
    assert customer_client.post(payment.checkout_url, {"outcome": "paid"}).status_code == 404
    assert SandboxPayment.objects.get().status == "pending"


def test_every_page_of_the_sandbox_says_that_it_is_one(customer_client: Client, charge: Charge, payment: Payment) -> None:
    for address in (checkout_of(charge), return_of(charge), payment.checkout_url):
        assert ": no real money" in text_of(customer_client.get(address))
    assert "This page stands in for the bank" in text_of(customer_client.get(payment.checkout_url))
