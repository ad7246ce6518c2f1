"""Staff's form of goodwill: what it says, what it refuses, and that two clicks give back once."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.models import Payment, Refund
from billing.sandbox_outcomes import Decision, Outcome
from billing.states import RefundKind, RefundState
from contracts.models import Contract
from contracts.states import State
from core.models import DomainEvent
from messaging.letters import amounts
from messaging.letters.news import News
from tests import walk
from tests.cast import proved_browser_of
from tests.dashboard.test_admin import colleague

Rented = Callable[..., Contract]


@pytest.fixture
def payment(rented: Rented) -> Payment:
    """Of a running rental: € 48.40 net, € 57.60 gross."""
    rented("active")
    return Payment.objects.get()


def url(payment: Payment, action: str = "give-back") -> str:
    return reverse(f"admin:billing_payment_{action}", args=[payment.pk])


def form_of(browser: Client, payment: Payment) -> dict[str, str]:
    """What a browser sends of the form as it stands, with an amount and a reason."""
    page = browser.get(url(payment)).content.decode()
    key = re.search(r'name="form_key" value="([0-9a-f-]{36})"', page)
    assert key, page
    return {"form_key": key.group(1), "amount": "10.00", "reason": "A slow week"}


def test_the_form_says_what_is_left_and_who_bears_it(payment: Payment, staff_client: Client) -> None:
    page = staff_client.get(url(payment)).content.decode().replace("\u00a0", " ")
    assert "€ 57.60 of € 57.60 is left, VAT included." in page
    assert "borne by the platform" in page
    assert "form_key</label>" not in page


def test_a_part_is_given_back_and_stands_on_the_payments_page(payment: Payment, staff: User, staff_client: Client) -> None:
    answer = staff_client.post(url(payment), form_of(staff_client, payment), follow=True)
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.reason, refund.decided_by) == (1000, "A slow week", staff)
    assert str(refund.public_id) in answer.content.decode()
    assert Contract.objects.get().state == State.ACTIVE


def test_a_double_click_gives_back_once_and_a_new_form_once_more(payment: Payment, staff_client: Client) -> None:
    form = form_of(staff_client, payment)
    for _click in range(3):
        assert staff_client.post(url(payment), form).status_code == 302
    assert Refund.objects.count() == 1
    staff_client.post(url(payment), form_of(staff_client, payment))
    assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [1000, 1000]


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("57.61", "is left of this payment"),
        ("9999999999", "highest amount"),
        ("0", "steps of"),
        ("-5", "in digits with a point"),
        ("12,50", "in digits with a point"),
        ("10.005", "2 decimals at most"),
        ("ten", "in digits with a point"),
        ("", "required"),
        ("٤٢", "in digits with a point"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_stays(
    amount: str, told: str, payment: Payment, staff_client: Client
) -> None:
    form = form_of(staff_client, payment) | {"amount": amount}
    answer = staff_client.post(url(payment), form)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert told in page
    assert "A slow week" in page
    assert form["form_key"] in page
    assert not Refund.objects.exists()


@pytest.mark.parametrize("key", ["", "not-a-key"])
def test_without_its_key_the_form_does_nothing(key: str, payment: Payment, staff_client: Client) -> None:
    answer = staff_client.post(url(payment), form_of(staff_client, payment) | {"form_key": key})
    assert answer.status_code == 200
    assert not Refund.objects.exists()


def test_above_the_limit_the_next_of_staff_lets_it_go(
    payment: Payment, staff: User, staff_client: Client, settings: Settings
) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 999}
    page = staff_client.post(url(payment), form_of(staff_client, payment), follow=True).content.decode()
    assert "a second person lets it go" in page
    refund = Refund.objects.get()
    approve = reverse("admin:billing_refund_approve", args=[refund.pk])
    staff_client.post(approve)
    assert Refund.objects.get().state == RefundState.AWAITING_APPROVAL
    second = proved_browser_of(colleague("other@example.com", superuser=True))
    assert "A slow week" in second.get(approve).content.decode()
    second.post(approve)
    assert Refund.objects.get().state == RefundState.SUBMITTED


def test_while_a_bank_decides_there_is_no_button_and_no_form(payment: Payment, staff_client: Client) -> None:
    form = form_of(staff_client, payment)
    walk.dispute(Contract.objects.get(), Outcome.DISPUTE_PART)
    page = staff_client.get(reverse("admin:billing_payment_change", args=[payment.pk])).content.decode()
    assert url(payment) not in page
    assert staff_client.post(url(payment), form).status_code == 302
    assert not Refund.objects.exists()


def test_only_staff_that_may_change_payments_gives_back(
    payment: Payment, customer_client: Client, provider_client: Client, stranger_client: Client, client: Client
) -> None:
    form = {"form_key": "0b5f8d0a-65a8-4d36-9a51-9d2a57e0a2a1", "amount": "10.00", "reason": "For me"}
    for browser in (customer_client, provider_client, stranger_client):
        assert browser.post(url(payment), form).status_code == 404
    assert client.post(url(payment), form).status_code == 302
    onlooker = colleague("look@example.com", superuser=False)
    onlooker.user_permissions.add(Permission.objects.get(codename="view_payment"))
    assert proved_browser_of(onlooker).post(url(payment), form).status_code == 404
    assert not Refund.objects.exists()


def test_the_customer_reads_why_on_the_page_and_in_the_mail(
    payment: Payment, staff_client: Client, customer_client: Client
) -> None:
    staff_client.post(url(payment), form_of(staff_client, payment))
    refund = Refund.objects.get()
    services.send_refund(refund.pk)
    sandbox_bank.tick()
    services.apply_refund("sandbox", Refund.objects.get().external_id)
    contract = Contract.objects.select_related("provider").get()
    letter = amounts.refund_arrived(News(DomainEvent.objects.get(name="refund.succeeded"), contract))
    assert letter.paragraphs == ("We gave it back as goodwill: “A slow week”", "Your rental goes on as before.")
    page = customer_client.get(reverse("rental", args=[contract.reference])).content.decode().replace("\u00a0", " ")
    assert "€ 10.00 with VAT came back on" in page
    assert "as goodwill" in page
    assert mail.outbox == []


def test_the_end_says_what_of_the_unused_part_was_given_back_before(
    rented: Rented, staff_client: Client, customer_client: Client
) -> None:
    contract = rented("active", ago=timedelta(minutes=40))
    payment = Payment.objects.get()
    staff_client.post(url(payment), {**form_of(staff_client, payment), "amount": "30.00"})
    page = reverse("rental", args=[contract.reference])
    seen = customer_client.get(page).content.decode().replace("\u00a0", " ")
    less = re.search(r"less € 15\.21 that was given back before", seen)
    assert less
    expected = re.search(r'name="expected_refund_minor" value="(\d+)"', seen)
    assert expected
    customer_client.post(f"{page}/cancel", {"expected_refund_minor": expected.group(1), "sure": "on"})
    services.refund_settlement(contract.pk)
    after = customer_client.get(page).content.decode().replace("\u00a0", " ")
    assert less.group(0) in after
    Refund.objects.filter(kind=RefundKind.UNUSED).update(state=RefundState.FAILED)
    after = customer_client.get(page).content.decode().replace("\u00a0", " ")
    assert "is owed to you, and paid by hand." in after
    assert "Owed to you, and paid by hand" in after
    assert "€ 27.60 is on its way back" not in after
    listed = customer_client.get(reverse("rentals")).content.decode().replace("\u00a0", " ")
    assert "is owed to you, and paid by hand." in listed
    assert "on its way back" not in listed


def test_what_the_bank_took_back_is_not_drawn_as_served(payment: Payment, customer_client: Client, provider_client: Client) -> None:
    contract = Contract.objects.get()
    opened = walk.dispute(contract, Outcome.DISPUTE_PART)
    sandbox_bank.decide(opened.external_id, Decision.LOST)
    services.apply_dispute("sandbox", opened.external_id)
    for browser, page in ((customer_client, "rental"), (provider_client, "provider_contract")):
        shown = browser.get(reverse(page, args=[contract.reference])).content.decode()
        assert re.search(r'<div class="is-back"><dt>Taken back<span class="term__more"> by ', shown)
        served = re.search(r'<rect class="released" width="([0-9.]+)%"', shown)
        assert served
        assert float(served.group(1)) < 50
