"""Setting where one is paid in a real browser: the whole way without script, and pages that leave nobody out."""

import re
from datetime import UTC, datetime

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from core.models import DomainEvent
from payouts.method_tasks import send_link
from payouts.models import PayoutMethod
from payouts.queries import method_in_use
from payouts.services.method import remove_method
from providers.services import become_provider
from tests.browser import barriers, complaints, sideways, sign_in
from tests.payouts.method_people import ON_BASE, OTHER_BANK, added, confirmed, with_app
from tests.walk import offered_by

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/dashboard/provider/payout-methods"


def code(secret: str, ahead: int) -> str:
    """The code of the app now, or one ahead, which is taken too."""
    return str(format_hotp_value(hotp_value(secret, int(datetime.now(UTC).timestamp()) // 30 + ahead)))


def shows_second_factor(page: Page, digits: str) -> None:
    page.get_by_label("Code from your app").fill(digits)
    page.get_by_role("button", name="Go on").click()


def test_a_provider_sets_where_it_is_paid_without_script(chromium: Browser, live_server: LiveServer, provider_user: User) -> None:
    cache.clear()
    provider = become_provider(provider_user.own_account, name="Quietstack", country="DE")
    secret = with_app(provider_user)
    context = chromium.new_context(java_script_enabled=False)
    sign_in(context, live_server, provider_user)
    page = context.new_page()
    heard = complaints(page)
    page.goto(f"{live_server.url}/dashboard/provider")
    page.get_by_role("link", name="Payout methods").click()
    page.get_by_role("link", name="A bank account").click()
    page.get_by_label("Account holder").fill("Piet Provider")
    page.get_by_label("IBAN").fill("DE89 3704 0044 0532 0130 01")
    page.get_by_role("button", name="Add it and send the link").click()
    page.locator("#id_iban_error").wait_for()
    page.get_by_label("IBAN").fill("DE89 3704 0044 0532 0130 00")
    page.get_by_role("button", name="Add it and send the link").click()
    page.get_by_role("heading", name="DE … 3000").wait_for()
    send_link(DomainEvent.objects.get(name="payout_method.added"))
    found = re.search(r"/dashboard/provider/payout-methods/confirm/\S+", str(mail.outbox[0].body))
    assert found is not None
    page.goto(f"{live_server.url}{found[0]}")
    # The proof of signing in is older than the method.
    shows_second_factor(page, code(secret, 0))
    page.get_by_role("button", name="Confirm DE … 3000").click()
    page.get_by_text("Confirmed. What you earn in EUR is paid there from").wait_for()
    method = method_in_use(provider.pk, "EUR")
    assert method is not None
    assert method.iban == "DE89370400440532013000"
    page.goto(f"{live_server.url}{found[0]}")
    page.get_by_text("It is confirmed already").wait_for()
    page.get_by_role("link", name="Payout methods").click()
    page.get_by_role("link", name="DE … 3000").click()
    page.get_by_role("button", name="Remove DE … 3000").click()
    page.get_by_text("Nothing is paid there any more").first.wait_for()
    assert method_in_use(provider.pk, "EUR") is None
    # A form that is refused and a link that is used up are said on the console too; nothing else is.
    assert [words for words in heard if not re.search(r"status of (410|422)", words)] == []


@pytest.mark.parametrize("width", [320, 1440])
def test_every_page_is_accessible_and_fits(
    chromium: Browser,
    live_server: LiveServer,
    provider_user: User,
    stranger: User,
    width: int,
) -> None:
    provider = offered_by(provider_user, currency="CHF").provider
    with_app(provider_user)
    confirmed(provider, provider_user)
    confirmed(provider, provider_user, ON_BASE, "USD")
    remove_method(confirmed(provider, provider_user, ON_BASE, "GBP").pk, provider_user)
    waiting, secret = added(provider, provider_user, OTHER_BANK)
    context = chromium.new_context(viewport={"width": width, "height": 900})
    sign_in(context, live_server, provider_user)
    page = context.new_page()
    heard = complaints(page)
    shots = [f"{LIST}/{method.public_id}" for method in PayoutMethod.objects.order_by("pk")]
    for path in (LIST, *(f"{LIST}/add/{kind}" for kind in ("bank", "icp", "evm")), f"{LIST}/confirm/{secret}", *shots):
        page.goto(f"{live_server.url}{path}")
        assert (path, sideways(page), barriers(page)) == (path, 0, [])
    page.goto(f"{live_server.url}{LIST}/add/evm")
    page.get_by_label("Address").fill("0x" + "a" * 40)
    page.get_by_role("button", name="Add it and send the link").click()
    assert (sideways(page), barriers(page)) == (0, [])
    become_provider(stranger.own_account, name="Otherstack", country="DE")
    context.clear_cookies()
    sign_in(context, live_server, stranger)
    for path in (LIST, f"{LIST}/add/bank"):
        page.goto(f"{live_server.url}{path}")
        assert (path, sideways(page), barriers(page)) == (path, 0, [])
    page.goto(f"{live_server.url}{LIST}/confirm/{secret}")
    page.get_by_text("opens nothing here").wait_for()
    assert (sideways(page), barriers(page)) == (0, [])
    assert [words for words in heard if not re.search(r"status of (403|404|422)", words)] == []
    assert waiting.confirmed_at is None
