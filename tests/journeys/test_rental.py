"""One rental from the market to the refund, by customer and provider in two browsers, with and without script."""

from collections.abc import Callable

import pytest

from accounts.models import User
from billing.models import Payment, Refund
from billing.proof import find_differences
from billing.queries import money_of
from contracts.models import Contract
from contracts.states import State
from providers.models import Offering
from tests.journeys.conftest import OFFERED, Visitor, work
from tests.walk import KEY

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_server_is_found_rented_delivered_used_and_left(
    visitor: Callable[..., Visitor], customer: User, provider_user: User, *, scripts: bool
) -> None:
    renter, desk = visitor(scripts=scripts), visitor(scripts=scripts)
    offering = Offering.objects.get(name=OFFERED)

    # Found.
    page = renter.open("/")
    renter.picture("landing")
    page.get_by_role("searchbox").first.fill(f'"{offering.name}"')
    page.keyboard.press("Enter")
    page.wait_for_url("**/marketplace?**")
    renter.picture("marketplace")
    page.locator(f"a[href$='/offerings/{offering.slug}']").first.click()
    page.wait_for_url(f"**/offerings/{offering.slug}")
    renter.picture("offering")

    # Rented.
    renter.sign_in(customer)
    page = renter.open(f"/offerings/{offering.slug}")
    page.locator("form[action$='/quote'] button").first.click()
    page.wait_for_url("**/order/**")
    page.get_by_label("Public key").first.fill(KEY)
    for label, text in {"Name": "Cora Customer", "Street and number": "Weg 1", "Postcode": "10115", "City": "Berlin"}.items():
        page.get_by_label(label, exact=True).first.fill(text)
    page.locator("input[name=terms]").check()
    page.locator("input[name=start_now]").check()
    renter.picture("order")
    page.get_by_role("button", name="Order with obligation to pay").click()
    page.wait_for_url("**/checkout/**")
    renter.picture("checkout")
    page.locator("main form button.btn--primary").first.click()
    page.wait_for_url("**/sandbox/**")
    renter.picture("sandbox")
    page.get_by_role("button", name="Paid", exact=True).click()
    page.wait_for_url("**/checkout/**/return**")
    work()
    contract = Contract.objects.get()
    assert contract.state == State.REQUESTED
    assert contract.paid_at is not None

    # Delivered.
    desk.sign_in(provider_user)
    page = desk.open("/dashboard/provider")
    desk.picture("desk")
    page.get_by_role("button", name="Accept").first.click()
    page = desk.open(f"/dashboard/provider/{contract.reference}")
    for field, text in {"ipv4": "203.0.113.48", "login": "root", "port": "22"}.items():
        page.locator(f"[name={field}]").fill(text)
    page.locator("form[action$='/deliver'] button.btn--primary").first.click()
    work()
    assert Contract.objects.get().state == State.PROVISIONED

    # Used.
    page = renter.open(f"/dashboard/rentals/{contract.reference}")
    page.get_by_text("ssh root@203.0.113.48").first.wait_for()
    page.locator("form[action$='/confirm'] button").first.click()
    work()
    assert Contract.objects.get().state == State.ACTIVE
    renter.open("/dashboard/rentals")
    renter.picture("rentals")

    # Left: what the page says is what comes back.
    page = renter.open(f"/dashboard/rentals/{contract.reference}")
    renter.picture("rental")
    page.locator("form[action$='/cancel'] input[type=checkbox]").first.check()
    page.locator("form[action$='/cancel'] button.btn--danger").first.click()
    page.wait_for_load_state()
    work()
    work()
    ended = Contract.objects.get()
    assert ended.state == State.CANCELLED
    refund = Refund.objects.get()
    assert refund.state == "succeeded"
    assert Payment.objects.get().refunded_minor == refund.amount_minor
    money = money_of(ended)
    assert (money.escrow, money.paid_net) == (0, money.released + money.refunded_net)
    assert find_differences() == []
    renter.open(f"/dashboard/rentals/{contract.reference}")
    renter.picture("left")
    assert renter.heard == []
    assert desk.heard == []
