"""Who buys, in a real browser: a company appears when chosen, a VAT id is checked before one's eyes, and the price follows."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.queries import personal_account
from billing import services
from billing.models import Charge, Quote
from billing.tax import TaxFacts
from providers.models import Offering
from tests.browser import barriers, chromium, complaints, sideways, sign_in
from tests.vies_standin import Vies, invalid, trouble, valid

__all__ = ["chromium"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICTURES = os.environ.get("PICTURES", "")


def window(chromium: Browser, live_server: LiveServer, user: User, width: int = 1440, **more: object) -> Page:
    context = chromium.new_context(viewport={"width": width, "height": 1000}, **more)
    sign_in(context, live_server, user)
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def fill_in(page: Page, vat_id: str = "FR 40 303265045") -> None:
    page.get_by_label("A company or a sole trader").check()
    page.get_by_label("Name", exact=True).fill("Aude Papier")
    page.get_by_role("textbox", name="Company").fill("Papierboot SARL")
    page.get_by_label("Street and number").fill("1 rue de la Paix")
    page.get_by_label("Postcode").fill("75002")
    page.get_by_label("City").fill("Paris")
    page.get_by_role("combobox", name="Country").select_option("FR")
    page.get_by_role("textbox", name="VAT id").fill(vat_id)


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("said", [valid(), invalid(), trouble()], ids=["valid", "invalid", "unavailable"])
def test_the_billing_details_say_how_the_vat_id_stands(
    said: dict[str, object], width: int, chromium: Browser, live_server: LiveServer, customer: User, vies: Vies
) -> None:
    vies.says(said)
    page = window(chromium, live_server, customer, width)
    heard = complaints(page)
    page.goto(f"{live_server.url}/account/billing")
    expect(page.get_by_role("textbox", name="Company")).to_be_hidden()
    fill_in(page)
    page.get_by_role("button", name="Save", exact=True).click()
    words = {"valid": "Valid", "invalid": "Not valid", "unavailable": "Could not be checked"}
    state = "unavailable" if "errorWrappers" in said else ("valid" if said["valid"] else "invalid")
    expect(page.locator("#vat-state .badge")).to_have_text(words[state])
    expect(page.get_by_role("textbox", name="VAT id")).to_have_value("FR40303265045")
    if state == "valid":
        expect(page.locator("#vat-state")).to_contain_text("PAPIERBOOT SARL")
    picture(page, f"billing-{state}-{width}")
    assert barriers(page) == []
    assert sideways(page) == 0
    assert heard == []


def test_an_answer_that_takes_long_comes_by_itself(chromium: Browser, live_server: LiveServer, customer: User, vies: Vies) -> None:
    vies.says(valid(), seconds=2.8)
    page = window(chromium, live_server, customer)
    page.goto(f"{live_server.url}/account/billing")
    fill_in(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#vat-state .badge")).to_have_text("Being checked")
    picture(page, "billing-pending")
    vies.says(valid())
    services.ask_vies(personal_account(customer).vat_checks.get().pk)
    expect(page.locator("#vat-state .badge")).to_have_text("Valid")


def test_what_is_wrong_is_said_where_it_is_wrong(chromium: Browser, live_server: LiveServer, customer: User, vies: Vies) -> None:
    page = window(chromium, live_server, customer)
    page.goto(f"{live_server.url}/account/billing")
    fill_in(page, "FR 40 303265054")
    page.get_by_label("Postcode").fill("7500")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("A French postcode has five digits.").first).to_be_visible()
    expect(page.get_by_text("its digits do not fit. Are two swapped?").first).to_be_visible()
    picture(page, "billing-wrong")
    assert barriers(page) == []
    assert not vies.asked


@pytest.mark.parametrize("width", [390, 1440])
def test_the_price_follows_the_buyer_on_the_order_page(
    width: int, chromium: Browser, live_server: LiveServer, customer: User, offering: Offering, vies: Vies
) -> None:
    quote = services.create_quote(personal_account(customer), customer, offering, 2160, TaxFacts("DE"))
    page = window(chromium, live_server, customer, width)
    heard = complaints(page)
    page.goto(f"{live_server.url}/order/{quote.public_id}")
    total = page.locator(".statement .is-total dd")
    expect(total).to_have_text("€ 137.09")
    picture(page, f"order-person-{width}")
    page.get_by_label("A company or a sole trader").check()
    expect(page.get_by_role("textbox", name="VAT id")).to_be_visible()
    page.get_by_role("combobox", name="Country").select_option("FR")
    page.get_by_role("textbox", name="VAT id").fill("FR40303265045")
    page.get_by_role("textbox", name="VAT id").blur()
    expect(total).to_have_text("€ 115.20")
    expect(page.locator("#vat-state .badge")).to_have_text("Valid")
    expect(page.locator(".statement")).to_contain_text("Reverse charge")
    picture(page, f"order-company-{width}")
    assert heard == []
    assert barriers(page) == []
    assert sideways(page) == 0
    assert heard == []


def test_waiting_for_vies_on_the_order_page_leaves_what_is_typed_out_of_the_address(
    chromium: Browser, live_server: LiveServer, customer: User, offering: Offering, vies: Vies
) -> None:
    vies.says(valid(), seconds=2.8)
    quote = services.create_quote(personal_account(customer), customer, offering, 2160, TaxFacts("DE"))
    page = window(chromium, live_server, customer)
    heard = complaints(page)
    page.goto(f"{live_server.url}/order/{quote.public_id}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    fill_in(page)
    page.get_by_role("textbox", name="VAT id").blur()
    expect(page.locator("#vat-state .badge")).to_have_text("Being checked")
    vies.says(valid())
    services.ask_vies(personal_account(customer).vat_checks.get().pk)
    expect(page.locator("#vat-state .badge")).to_have_text("Valid")
    expect(page.locator("#vat-news")).to_contain_text("VIES has confirmed your VAT id meanwhile.")
    expect(page.locator(".statement .is-total dd")).to_have_text("€ 137.09")
    assert [url for url in [page.url, *asked] if "?" in url] == []
    page.get_by_role("button", name="Show the new price").click()
    expect(page.locator(".statement .is-total dd")).to_have_text("€ 115.20")
    assert heard == []


def test_a_field_that_is_being_put_right_is_no_longer_marked(
    chromium: Browser, live_server: LiveServer, customer: User, vies: Vies
) -> None:
    page = window(chromium, live_server, customer)
    page.goto(f"{live_server.url}/account/billing")
    fill_in(page, "FR 40 303265054")
    page.get_by_label("Postcode").fill("7500")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#id_vat_id_error")).to_be_visible()
    page.get_by_role("textbox", name="VAT id").fill("FR 40 303265045")
    expect(page.locator("#id_vat_id_error")).to_have_count(0)
    expect(page.locator("#id_postcode_error")).to_be_visible()
    assert barriers(page) == []


def test_a_company_orders_without_script(
    chromium: Browser, live_server: LiveServer, customer: User, offering: Offering, vies: Vies
) -> None:
    quote = services.create_quote(personal_account(customer), customer, offering, 2160, TaxFacts("DE"))
    page = window(chromium, live_server, customer, java_script_enabled=False)
    page.goto(f"{live_server.url}/order/{quote.public_id}")
    fill_in(page)
    page.get_by_role("button", name="Show the price for these details").click()
    expect(page.locator(".statement .is-total dd")).to_have_text("€ 115.20")
    expect(page.get_by_role("textbox", name="Company")).to_have_value("Papierboot SARL")
    page.get_by_label("Public key").first.fill(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 laptop"
    )
    page.get_by_label("I have read the").check()
    page.get_by_label("Start before the withdrawal").check()
    page.get_by_role("button", name="Order with obligation to pay € 115.20").click()
    page.wait_for_url("**/checkout/*")
    charge = Charge.objects.get()
    assert (charge.tax_decision["category"], charge.gross_minor) == ("AE", 11520)
    assert (charge.buyer["is_business"], charge.buyer["vat_id"]) == (True, "FR40303265045")
    assert Quote.objects.filter(contract=charge.contract).count() == 1
    picture(page, "checkout-reverse-charge")
