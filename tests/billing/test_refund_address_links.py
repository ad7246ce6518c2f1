"""The mailed link of an address for tokens that come back: its secret stands in no other address."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.queries import personal_account
from billing.models import RefundAddress
from billing.services import give_refund_address, new_address_link

pytestmark = pytest.mark.django_db
EVM = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
KEPT = "/dashboard/refund-addresses/confirm"


def test_who_signs_in_first_comes_back_without_the_secret_in_the_address(customer: User) -> None:
    address = give_refund_address(personal_account(customer), customer, "base", EVM)
    secret = new_address_link(address.pk)
    assert secret is not None
    browser = Client()
    asked = browser.get(f"{KEPT}/{secret}")
    assert asked["Location"] == f"{reverse('account_login')}?next={KEPT}"
    assert secret not in str(dict(browser.session.items()))
    browser.force_login(customer)
    page = browser.get(KEPT)
    assert page.status_code == 200
    assert secret not in page.content.decode()
    assert RefundAddress.objects.get().confirmed_at is None
    assert browser.post(KEPT).status_code == 302
    assert RefundAddress.objects.get().confirmed_at is not None
    assert browser.get(KEPT).status_code == 404
