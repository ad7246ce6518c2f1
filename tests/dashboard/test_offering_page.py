"""The page of one offering: prices by term, what comes back, who may rent, who may look, what it costs."""

import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Account, User
from accounts.queries import personal_account
from accounts.services import create_user
from core.money import tax_on
from providers.models import Offering, Provider
from providers.services import (
    allow_account,
    archive_offering,
    become_provider,
    create_offering,
    publish_offering,
    record_standing,
    update_offering,
)
from tests.cast import PASSWORD, browser_of
from tests.providers.conftest import FIGURES


@pytest.fixture
def provider(provider_user: User) -> Provider:
    return become_provider(personal_account(provider_user), name="Quietstack", country="DE", city="Nuremberg")


@pytest.fixture
def publish(provider: Provider) -> Callable[..., Offering]:
    def make(**changes: Any) -> Offering:
        return publish_offering(create_offering(provider, **(FIGURES | changes)))

    return make


@pytest.fixture
def offering(publish: Callable[..., Offering]) -> Offering:
    return publish()


def url_of(offering: Offering, query: str = "") -> str:
    return f"/offerings/{offering.slug}{query}"


def html_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return unescape(answer.content.decode()).replace("\u00a0", " ")


def text_of(client: Client, url: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html_of(client, url)).split())


def leaving(client: Client, url: str, hours: int) -> list[tuple[str, str]]:
    """The preview of a term: after how long, how much comes back."""
    table = re.search(rf'id="p{hours}".*?</table>', html_of(client, url), re.DOTALL)
    assert table is not None
    return re.findall(r'<th scope="row" class="plain">([^<]+)</th>.*?<td class="num">([^<]+)</td>', table.group())


# --- Terms and refunds --------------------------------------------------------------------------------------------------------


def test_every_term_stands_there_with_its_price_or_its_reason(client: Client, offering: Offering) -> None:
    text = text_of(client, url_of(offering))
    assert "€ 38.40 a month" in text
    expected = "1 day € 1.28 7 days € 8.96 30 days € 38.40 90 days € 115.20 180 days € 230.40 365 days 180 days at most"
    assert expected in text
    page = html_of(client, url_of(offering))
    assert 'value="8760" id="t8760" disabled' in page
    assert 'value="720" id="t720" checked' in page


def test_the_preview_is_what_leaving_gives_back(client: Client, offering: Offering) -> None:
    assert leaving(client, url_of(offering), 24) == [("6 hours", "€ 0.96"), ("12 hours", "€ 0.64"), ("18 hours", "€ 0.32")]
    assert leaving(client, url_of(offering), 2160) == [
        ("1 day", "€ 113.92"), ("22 days", "€ 87.04"), ("45 days", "€ 57.60"), ("67 days", "€ 29.44"),
    ]  # fmt: skip


def test_a_set_up_fee_stands_in_the_price_and_does_not_come_back(client: Client, publish: Callable[..., Offering]) -> None:
    offering = publish(setup_fee_minor=1000)
    text = text_of(client, url_of(offering))
    assert "Set-up fee € 10.00, once; the prices below include it." in text
    assert "30 days € 48.40" in text
    assert "the unused part of the rent; the set-up fee stays" in text
    assert leaving(client, url_of(offering), 720)[0] == ("1 day", "€ 37.12")


def test_prices_and_refunds_carry_vat_for_a_person(customer_client: Client, offering: Offering) -> None:
    text = text_of(customer_client, url_of(offering))
    assert "€ 45.70 a month with VAT" in text
    assert "Prices are with 19 % VAT for Germany." in text
    back = 3712 + tax_on(3712, Decimal("0.19"), "EUR")
    assert leaving(customer_client, url_of(offering), 720)[0] == ("1 day", f"€ {back // 100}.{back % 100:02d}")
    assert "€ 38.40 a month" in text_of(customer_client, url_of(offering, "?vat=0"))


def test_a_term_too_small_to_be_paid_names_the_least_payment(client: Client, publish: Callable[..., Offering]) -> None:
    tiny = publish(monthly_minor=190)
    page = html_of(client, url_of(tiny))
    assert 'value="24" id="t24" disabled' in page
    assert 'value="168" id="t168">' in page
    assert "the least payment is € 0.50" in page
    assert 'id="p24"' not in page


def test_the_least_payment_is_judged_with_tax(client: Client, publish: Callable[..., Offering], settings: Settings) -> None:
    # A week of it is € 0.44 net and € 0.52 gross.
    offering = publish(monthly_minor=190)
    assert 'value="168" id="t168">' in html_of(client, url_of(offering))
    settings.INVOICE_SELLER_VAT_SCHEME = "small_business"
    assert 'value="168" id="t168" disabled' in html_of(client, url_of(offering))


def test_a_price_that_no_term_can_pay_disables_renting(customer_client: Client, offering: Offering, settings: Settings) -> None:
    settings.PAYMENT_MINIMUMS = {"EUR": 1_000_000}
    page = html_of(customer_client, url_of(offering))
    assert "No term of it can be paid for." in page
    assert "the least payment is € 10,000.00" in page
    assert not re.findall(r'id="t\d+" checked', page)


@pytest.mark.parametrize(("query", "chosen"), [("?hours=168", 168), ("?hours=8760", 720), ("?hours=x", 720), ("", 720)])
def test_the_address_may_choose_the_term(client: Client, offering: Offering, query: str, chosen: int) -> None:
    assert re.findall(r'id="t(\d+)" checked', html_of(client, url_of(offering, query))) == [str(chosen)]


def test_the_nearest_term_is_chosen_when_a_month_is_not_sold(client: Client, publish: Callable[..., Offering]) -> None:
    assert 'id="t2160" checked' in html_of(client, url_of(publish(min_hours=1000)))
    assert 'id="t168" checked' in html_of(client, url_of(publish(max_hours=200)))


def test_yen_have_no_cents_and_say_what_they_are_worth(client: Client, publish: Callable[..., Offering]) -> None:
    text = text_of(client, url_of(publish(currency="JPY", monthly_minor=1480)))
    assert re.search(r"¥ 1,480 a month ≈ € \d+\.\d\d", text)
    assert "7 days ¥ 345" in text


# --- What was measured --------------------------------------------------------------------------------------------------------


def test_nothing_measured_is_said_as_such(client: Client, offering: Offering) -> None:
    text = text_of(client, url_of(offering))
    assert "Uptime share of minutes in which the server answered too few none not yet measured" in text
    assert "Not compared yet" in text


def test_measured_stands_beside_promised(client: Client, publish: Callable[..., Offering]) -> None:
    offering = publish(sla_uptime_percent=Decimal("99.9"), sla_response_minutes=240)
    record_standing(offering.provider, response_minutes=11, response_samples=214)
    record_standing(
        offering.provider, offering, uptime_percent=Decimal("99.992"), uptime_days=90, market_percent=-12, market_samples=325
    )
    text = text_of(client, url_of(offering))
    assert "99.992 % 99.9 % 90 days" in text
    assert "11 min 4 h 214 requests" in text
    assert "12 % below market Compared with 325 similar offerings." in text


# --- Who may rent -------------------------------------------------------------------------------------------------------------


def test_a_passer_by_is_led_to_sign_in_and_back(client: Client, offering: Offering) -> None:
    assert f'href="/accounts/login/?next=/offerings/{offering.slug}"' in html_of(client, url_of(offering))


def test_a_customer_can_rent(customer_client: Client, offering: Offering) -> None:
    page = html_of(customer_client, url_of(offering))
    assert f'action="/offerings/{offering.slug}/quote"' in page
    assert "csrfmiddlewaretoken" in page
    assert re.search(r'<button class="btn btn--l btn--primary btn--wide" type="submit">Rent this</button>', page)


def test_an_unverified_address_is_confirmed_first(offering: Offering) -> None:
    unverified = browser_of(create_user("new@example.com", PASSWORD, name="New", verified=False))
    text = text_of(unverified, url_of(offering))
    assert "Confirm your e-mail address" in text
    assert "Rent this</button>" not in html_of(unverified, url_of(offering))


def test_sold_out_says_so_and_the_button_is_off(customer_client: Client, publish: Callable[..., Offering]) -> None:
    page = html_of(customer_client, url_of(publish(stock=0)))
    assert re.search(r'type="submit" disabled>Sold out</button>', page)


# --- Who may look -------------------------------------------------------------------------------------------------------------


def test_a_public_offering_is_there_for_everybody(
    client: Client, customer_client: Client, stranger_client: Client, staff_client: Client, offering: Offering
) -> None:
    for reader in (client, customer_client, stranger_client, staff_client):
        assert reader.get(url_of(offering)).status_code == 200


@pytest.mark.parametrize("state", ["draft", "archived", "private", "shared"])
def test_what_is_not_public_is_not_there_for_strangers(
    client: Client,
    customer_client: Client,
    stranger_client: Client,
    staff_client: Client,
    provider: Provider,
    state: str,
) -> None:
    offering = create_offering(provider, **FIGURES)
    if state != "draft":
        publish_offering(offering)
    if state == "archived":
        archive_offering(offering)
    if state in ("private", "shared"):
        update_offering(offering, visibility=state)
    missing = stranger_client.get("/offerings/nothing-here")
    for reader in (client, customer_client, stranger_client, staff_client):
        answer = reader.get(url_of(offering))
        assert answer.status_code == missing.status_code == 404


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("draft", "This is a draft. Only you see this page."),
        ("archived", "This offering is archived. Only you see this page."),
        ("private", "This offering is private. Only you see this page."),
        ("shared", "Only you and the accounts on the allow-list see this page."),
        ("public", "This is your own offering, as customers see it."),
    ],
)
def test_the_provider_sees_its_own_in_every_state_and_cannot_rent_it(
    provider_client: Client, provider: Provider, state: str, said: str
) -> None:
    offering = create_offering(provider, **FIGURES)
    if state != "draft":
        publish_offering(offering)
    if state == "archived":
        archive_offering(offering)
    if state in ("private", "shared"):
        update_offering(offering, visibility=state)
    page = html_of(provider_client, url_of(offering))
    assert said in page
    assert f'href="/dashboard/provider/offerings/{offering.slug}/edit"' in page
    assert "Rent this</button>" not in page


def test_a_shared_offering_is_there_for_those_on_its_list(
    customer_client: Client, customer: User, stranger_client: Client, publish: Callable[..., Offering]
) -> None:
    offering = publish(visibility="shared")
    account: Account = personal_account(customer)
    allow_account(offering, account)
    page = html_of(customer_client, url_of(offering))
    assert "Rent this" in page
    assert '<meta name="robots" content="noindex">' in page
    assert stranger_client.get(url_of(offering)).status_code == 404


# --- Costs, and bad input -----------------------------------------------------------------------------------------------------


def test_the_page_costs_a_fixed_number_of_queries(
    client: Client,
    customer_client: Client,
    offering: Offering,
    publish: Callable[..., Offering],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(20):
        publish(name=f"Other {number}")
    with django_assert_num_queries(3):
        client.get(url_of(offering))
    with django_assert_num_queries(7):
        customer_client.get(url_of(offering))


@pytest.mark.parametrize("value", ["x" * 1_000_000, "-1", "9" * 400, "1e9", "<script>", "²", "\u0661"])
def test_no_parameter_breaks_the_page(client: Client, offering: Offering, value: str) -> None:
    for parameter in ("hours", "vat"):
        assert client.get(url_of(offering), {parameter: value}).status_code == 200


def test_a_description_is_text_and_never_markup(client: Client, publish: Callable[..., Offering]) -> None:
    page = client.get(url_of(publish(description="<script>alert(1)</script>\n\nSecond paragraph."))).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_page_is_read_only(client: Client, offering: Offering) -> None:
    assert client.head(url_of(offering)).status_code == 200
    assert client.post(url_of(offering)).status_code == 405
