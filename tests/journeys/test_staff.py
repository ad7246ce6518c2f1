"""Staff in a real browser: an odd payment is decided, a rental is ended, the ledger is read, and nothing can be edited by hand."""

from collections.abc import Callable

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from billing.models import Refund, StaffTask
from billing.proof import find_differences
from billing.sandbox_outcomes import Outcome
from contracts.models import Contract
from contracts.states import State
from providers.models import Offering
from tests.browser import sign_in
from tests.journeys.conftest import OFFERED, Visitor, work
from tests.walk import ordered, pay_order

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_staff_takes_a_short_payment_and_ends_a_rental_in_full(
    visitor: Callable[..., Visitor], live_server: LiveServer, customer: User, staff: User
) -> None:
    contract = ordered(customer, Offering.objects.get(name=OFFERED))
    payment = pay_order(contract, Outcome.WRONG_AMOUNT)
    task = StaffTask.objects.get()

    desk = visitor()
    sign_in(desk.context, live_server, staff)
    page = desk.open("/admin/")
    page.get_by_role("link", name="Staff tasks").first.click()
    page.get_by_role("link", name=task.text).click()

    page = desk.open(f"/admin/billing/payment/{payment.pk}/change/")
    page.get_by_role("link", name="Take it as payment").click()
    page.locator("input[type=submit].default").click()
    work()
    assert Contract.objects.get(pk=contract.pk).paid_at is not None
    assert StaffTask.objects.get(pk=task.pk).closed_by == staff

    page = desk.open(f"/admin/contracts/contract/{contract.pk}/change/")
    assert page.locator("#content input[type=text], #content textarea, #content select").count() == 0
    page.get_by_role("link", name="Cancel, refund everything").click()
    page.locator("[name=reason]").fill("The customer was told a wrong price")
    page.locator("input[type=submit].default").click()
    work()
    work()
    assert Contract.objects.get(pk=contract.pk).state == State.CANCELLED
    refund = Refund.objects.get()
    assert (refund.state, refund.amount_minor) == ("succeeded", payment.received_minor)
    assert find_differences() == []

    page = desk.open("/admin/billing/ledgerentry/")
    page.get_by_text("regained").first.wait_for()
    desk.open("/admin/core/webhookevent/")
    assert desk.heard == []
