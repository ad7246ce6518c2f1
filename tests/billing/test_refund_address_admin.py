"""Staff's page of where customers want tokens back: each address with its history, to look at and nothing more."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, User
from billing import services
from billing.models import RefundAddress
from core import clock
from tests.billing.test_refund_addresses import NOON, OTHER, PRINCIPAL, confirmed

pytestmark = pytest.mark.django_db

LIST = "admin:billing_refundaddress_changelist"


def page_of(found: RefundAddress) -> str:
    return reverse("admin:billing_refundaddress_change", args=[found.pk])


def test_staff_sees_an_address_with_each_step_and_who_took_it(
    customer_account: Account, customer: User, staff_client: Client
) -> None:
    with clock.at(NOON):
        first = confirmed(customer_account, customer)
    with clock.at(NOON + timedelta(hours=1)):
        second = confirmed(customer_account, customer, OTHER)
        services.remove_refund_address(second.pk, customer)
    shown = staff_client.get(page_of(second)).content.decode()
    steps = [f"{name} ({customer})" for name in ("given", "confirmed by the mailed link", "removed")]
    assert all(step in shown for step in steps)
    assert sorted(steps, key=shown.index) == steps
    assert "Internet Computer" in shown
    listed = staff_client.get(reverse(LIST)).content.decode()
    assert PRINCIPAL in listed
    assert OTHER in listed
    found = staff_client.get(reverse(LIST), {"q": PRINCIPAL}).content.decode()
    assert OTHER not in found
    assert first.key_digest not in staff_client.get(page_of(first)).content.decode()


def test_staff_reads_whose_confirmation_is_awaited_since_when_and_the_plural_of_address(
    customer_account: Account, customer: User, staff_client: Client
) -> None:
    with clock.at(NOON):
        found = services.give_refund_address(customer_account, customer, "ic", PRINCIPAL)
        listed, page = (staff_client.get(place).content.decode() for place in (reverse(LIST), page_of(found)))
        index = staff_client.get(reverse("admin:index")).content.decode()
    for shown in (listed, page):
        assert "Waits for the customer’s confirmation" in shown
        assert "Waits for your" not in shown
        assert f"{NOON.day} {NOON:%b %Y, %H:%M} UTC" in shown
    assert "Refund addresses" in index
    assert "addresss" not in index


def test_nobody_changes_an_address_there(customer_account: Account, customer: User, staff_client: Client) -> None:
    found = confirmed(customer_account, customer)
    assert staff_client.post(page_of(found), {"address": OTHER}).status_code == 403
    assert staff_client.get(reverse("admin:billing_refundaddress_add")).status_code == 403
    assert staff_client.post(reverse("admin:billing_refundaddress_delete", args=[found.pk])).status_code == 403
    found.refresh_from_db()
    assert found.address == PRINCIPAL


def test_it_is_for_staff_alone(customer_account: Account, customer: User, customer_client: Client) -> None:
    found = confirmed(customer_account, customer)
    for page in (reverse(LIST), page_of(found)):
        answer = customer_client.get(page)
        assert answer.status_code in {302, 404}
        assert PRINCIPAL not in answer.content.decode()
