"""From a price to a paid rental in a real browser, with script and without; nobody left out, nothing off the side."""

import re

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.services import add_ssh_key
from billing import sandbox_bank, services
from billing.models import Charge, Quote, SandboxPayment
from billing.sandbox_outcomes import Outcome
from billing.tax import TaxFacts
from contracts.models import Contract
from tests.billing.conftest import BUYER, SSH_KEY, post
from tests.browser import barriers, complaints, sideways, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def fill_in(page: Page) -> None:
    page.get_by_label("Street and number").fill("Am Alten Fährhaus 12")
    page.get_by_label("Postcode").fill("20457")
    page.get_by_label("City").fill("Hamburg")
    page.get_by_label("Public key").fill(SSH_KEY)


def order(page: Page) -> None:
    page.get_by_label("I have read the").check()
    page.get_by_label("Start before the withdrawal").check()
    page.get_by_role("button", name="Order with obligation to pay").click()
    page.wait_for_url(re.compile(r"/checkout/[^/]+$"))


def test_a_new_term_shows_its_price_at_once_and_the_payment_its_truth(
    chromium: Browser, live_server: LiveServer, quote: Quote, customer: User
) -> None:
    context = chromium.new_context()
    sign_in(context, live_server, customer)
    page = context.new_page()
    heard = complaints(page)
    page.goto(f"{live_server.url}/order/{quote.public_id}")
    fill_in(page)
    page.get_by_label("Host name").fill("build-01")
    page.get_by_role("radio", name=re.compile("^30 days")).check()
    page.get_by_role("button", name="Order with obligation to pay €\u00a045.70").wait_for()
    assert not page.url.endswith(str(quote.public_id))
    assert page.get_by_label("Host name").input_value() == "build-01"
    order(page)
    page.get_by_role("button", name="Pay €\u00a045.70").click()
    page.get_by_role("button", name="Paid", exact=True).click()
    page.get_by_role("heading", name="Waiting for the bank").wait_for()
    post()
    page.get_by_role("heading", name="Paid").wait_for()
    contract = Contract.objects.get()
    assert (contract.hours, contract.host_name, contract.paid_at is not None) == (720, "build-01", True)
    assert heard == []


def test_everything_works_without_script(chromium: Browser, live_server: LiveServer, quote: Quote, customer: User) -> None:
    context = chromium.new_context(java_script_enabled=False)
    sign_in(context, live_server, customer)
    page = context.new_page()
    page.goto(f"{live_server.url}/order/{quote.public_id}")
    fill_in(page)
    page.get_by_label("Country").select_option("FR")
    page.get_by_role("button", name="Show the price for these details").click()
    page.wait_for_url(lambda url: not url.endswith(str(quote.public_id)))
    assert page.get_by_label("City").input_value() == "Hamburg"
    order(page)
    page.get_by_role("button", name="Pay €\u00a0137.09").click()
    page.get_by_role("button", name="Declined").click()
    page.get_by_role("heading", name="Waiting for the bank").wait_for()
    post()
    page.get_by_role("button", name="Ask the bank now").click()
    page.get_by_role("heading", name="Declined").wait_for()
    page.get_by_role("link", name="Pay €\u00a0137.09").click()
    page.get_by_role("button", name="Pay €\u00a0137.09").click()
    page.get_by_role("button", name="Wrong amount").click()
    post()
    page.reload()
    page.get_by_role("heading", name="Wrong amount, being checked").wait_for()
    assert Charge.objects.get().paid_at is None


@pytest.mark.parametrize("width", [320, 1440])
def test_nobody_is_left_out(chromium: Browser, live_server: LiveServer, quote: Quote, customer: User, width: int) -> None:
    add_ssh_key(quote.account, customer, "laptop", SSH_KEY)
    charge = services.order(quote, user=customer, buyer=BUYER, operating_system="Debian 13")
    payment = services.start_payment(charge, "sandbox")
    other = services.create_quote(quote.account, customer, quote.offering, 4320, TaxFacts("DE"))
    checkout = f"/checkout/{charge.public_id}"
    pages = [f"/order/{other.public_id}", checkout, f"{checkout}/return", payment.checkout_url, "/account/billing"]
    context = chromium.new_context(viewport={"width": width, "height": 900})
    sign_in(context, live_server, customer)
    page = context.new_page()
    heard = complaints(page)
    look(page, live_server, pages)
    bank = SandboxPayment.objects.get()
    for outcome in (Outcome.PAID, Outcome.DISPUTE_PART):
        sandbox_bank.choose(bank.external_id, outcome)
        post()
    look(page, live_server, pages[1:])
    assert heard == []


def look(page: Page, live_server: LiveServer, pages: list[str]) -> None:
    for address in pages:
        page.goto(live_server.url + address)
        assert (address, barriers(page)) == (address, [])
        assert (address, sideways(page)) == (address, 0)
