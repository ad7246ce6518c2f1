"""What a customer of tokens looks at, in a real browser: the choice, what comes back, where to; in both widths and colours."""

import pytest
from django.core import mail
from django.urls import reverse
from playwright.sync_api import Browser
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account, User
from billing.models import Charge, Payment
from contracts import actors
from contracts import services as contracts
from core.tasks import drain
from tests.billing.test_refund_addresses import PRINCIPAL, confirmed, given
from tests.billing.tokens.conftest import bring, fresh
from tests.browser import barriers, complaints, sideways, sign_in
from tests.icpay_standin import Standin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def given_back(icpay: Standin, payment: Payment) -> Payment:
    """Paid in ICP, and ended: the tokens wait for an address."""
    icpay.account.pay(payment.external_id, "ic_icp")
    bring(icpay)
    payment = fresh(payment)
    contracts.cancel(payment.charge.contract_id, actors.customer(payment.charge.contract.ordered_by_id))
    drain()
    return payment


@pytest.mark.parametrize("width", [320, 1440])
def test_pages_of_tokens_are_accessible_and_fit(
    chromium: Browser,
    live_server: LiveServer,
    customer: User,
    customer_account: Account,
    given_back: Payment,
    width: int,
) -> None:
    rental = reverse("rental", args=[given_back.charge.contract.reference])
    confirmed(customer_account, customer)
    pages = {
        "rental": rental,
        "addresses": reverse("refund_addresses"),
        "confirm": given(customer_account, customer, "rrkah-fqaaa-aaaaa-aaaaq-cai"),
        "refused": f"{reverse('refund_addresses')}/confirm/nothing",
    }
    context = chromium.new_context(viewport={"width": width, "height": 900})
    sign_in(context, live_server, customer)
    page = context.new_page()
    for name, address in pages.items():
        heard = complaints(page)
        page.goto(f"{live_server.url}{address}", wait_until="networkidle")
        assert (name, sideways(page)) == (name, 0)
        assert (name, barriers(page)) == (name, [])
        if name != "refused":
            assert (name, heard) == (name, [])


def test_a_customer_is_asked_gives_an_address_and_sees_where_it_goes(
    chromium: Browser, live_server: LiveServer, customer: User, given_back: Payment
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    sign_in(context, live_server, customer)
    page = context.new_page()
    page.goto(f"{live_server.url}{reverse('rental', args=[given_back.charge.contract.reference])}")
    page.get_by_role("heading", name="Tokens that come back").wait_for()
    page.get_by_role("link", name="Give an address").click()
    assert page.get_by_label("Network").input_value() == "ic"
    page.get_by_label("Address", exact=True).fill(PRINCIPAL)
    page.get_by_role("button", name="Give it and send the link").click()
    page.get_by_text("Waits for your confirmation").wait_for()
    drain()
    link = next(part for part in str(mail.outbox[-1].body).split() if "/confirm/" in part)
    page.goto(f"{live_server.url}{link.removeprefix('http://testserver')}")
    page.get_by_role("button", name="Confirm this address").click()
    page.get_by_text("come back to it from now on").wait_for()
    page.goto(f"{live_server.url}{reverse('rental', args=[given_back.charge.contract.reference])}")
    assert page.get_by_text(PRINCIPAL).is_visible()
    assert page.get_by_role("link", name="Give an address").count() == 0


@pytest.mark.parametrize("width", [320, 1440])
def test_the_choice_shows_both_amounts(
    chromium: Browser,
    live_server: LiveServer,
    customer: User,
    charge: Charge,
    icpay: Standin,
    rates: None,
    settings: Settings,
    width: int,
) -> None:
    settings.ICPAY_TAX = "none"
    context = chromium.new_context(viewport={"width": width, "height": 900})
    sign_in(context, live_server, customer)
    page = context.new_page()
    page.goto(f"{live_server.url}{reverse('checkout', args=[charge.public_id])}")
    assert page.get_by_text("no VAT is charged").is_visible()
    assert (sideways(page), barriers(page)) == (0, [])
