"""What staff and customers read of a payment in tokens: tokens where tokens came, and ICPay's name as ICPay writes it."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing import services
from billing.models import Document, Payment
from core.tasks import drain
from tests.billing.tokens.conftest import bring, fresh
from tests.icpay_standin import Standin

pytestmark = pytest.mark.django_db


def read(client: Client, payment: Payment) -> str:
    return client.get(reverse("admin:billing_payment_change", args=[payment.pk])).content.decode()


def test_staff_sees_what_came_in_tokens_by_which_transaction_and_at_which_rate(
    icpay: Standin, payment: Payment, staff_client: Client
) -> None:
    services.note_transaction(payment.charge, "block-99")
    paid = icpay.account.pay(payment.external_id, "ic_ckusdc", off=-1_000_000)
    bring(icpay)
    page = read(staff_client, payment)
    for shown in ("49.64\xa0ckUSDC", "48.64\xa0ckUSDC", "$\xa049.64", "1.0862", "block-99", paid["ledgerTxId"], "2vxsx-fae"):
        assert shown in page, shown
    listed = staff_client.get(reverse("admin:billing_payment_changelist"), {"q": paid["id"]}).content.decode()
    assert str(payment.public_id) in listed
    question = staff_client.get(reverse("admin:billing_payment_accept", args=[payment.pk])).content.decode()
    assert "48.64\xa0ckUSDC (€\xa044.77)" in question
    assert "49.64\xa0ckUSDC (€\xa045.70)" in question


def test_a_payment_by_card_shows_no_tokens(icpay: Standin, payment: Payment, staff_client: Client) -> None:
    other = services.start_payment(payment.charge, "sandbox")
    assert "ckUSDC" not in read(staff_client, other)


def test_the_customer_is_told_in_tokens_of_a_wrong_amount(icpay: Standin, payment: Payment, customer: User) -> None:
    icpay.account.pay(payment.external_id, "ic_ckusdc", off=5)
    bring(icpay)
    drain()
    (letter,) = [message for message in mail.outbox if "ckUSDC" in message.subject]
    assert letter.to == [customer.email]
    assert letter.subject.startswith("49.640005 ckUSDC came instead of 49.64 ckUSDC")
    assert "49.64 ckUSDC (€ 45.70)" in str(letter.body).replace("\xa0", " ")


def test_the_customer_is_told_in_tokens_what_goes_back(icpay: Standin, payment: Payment, customer: User) -> None:
    for _time in range(2):
        icpay.account.pay(payment.external_id, "ic_ckusdc")
    bring(icpay)
    drain()
    (letter,) = [message for message in mail.outbox if "goes back to you" in message.subject]
    assert letter.to == [customer.email]
    assert letter.subject.startswith("49.64 ckUSDC goes back to you")
    assert "the way you paid" not in letter.body


def test_the_receipt_names_icpay_as_it_writes_itself(icpay: Standin, payment: Payment) -> None:
    icpay.account.pay(payment.external_id)
    bring(icpay)
    assert fresh(payment).state == "succeeded"
    receipt = Document.objects.get(kind="receipt")
    assert receipt.content["paid_by"] == "ICPay"


def test_the_checkout_offers_it_by_name(icpay: Standin, payment: Payment, customer: User) -> None:
    page = Client()
    page.force_login(customer)
    answer = page.get(reverse("checkout", args=[payment.charge.public_id]))
    assert "ICPay" in answer.content.decode()
    assert "https://icpay.org" in answer.headers["Content-Security-Policy"]
