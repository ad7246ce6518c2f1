"""The console in a real browser: one of staff proposes, another approves, a file is fetched, and it is marked as paid."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import Browser, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from billing.proof import record_proof
from core import clock
from payouts.models import Payout, PayoutExport
from payouts.services.release import release_contract
from payouts.states import PayoutState
from providers.models import Offering
from tests.browser import complaints, sideways, sign_in
from tests.payouts.console.conftest import check_truths, confirmed
from tests.walk import Walk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Desk = Callable[[User], Page]


@pytest.fixture
def desk(chromium: Browser, live_server: LiveServer) -> Iterator[Desk]:
    """`desk(user)`: a browser of one of staff, narrow and dark for the second; no error of a page goes unnoticed."""
    heard: list[list[str]] = []
    sizes = iter([(1440, "light"), (390, "dark")])

    def sit(user: User) -> Page:
        width, scheme = next(sizes)
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light", base_url=live_server.url
        )
        sign_in(context, live_server, user)
        page = context.new_page()
        page.set_default_timeout(15_000)
        heard.append(complaints(page))
        return page

    yield sit
    assert [text for texts in heard for text in texts] == []


@pytest.fixture
def earned(customer: User, offering: Offering, settings: Settings) -> int:
    """What a rental of the last ten days has earned its provider, in minor units; its account is confirmed."""
    settings.PAYOUT_NEW_PROVIDER_DAYS = 0
    began = clock.now() - timedelta(days=10)
    walk = Walk(customer, offering, began).running()
    confirmed(offering.provider, at=began)
    releases = release_contract(walk.contract.pk, clock.now())
    assert record_proof().differences == []
    return sum(release.share_minor for release in releases)


def press(page: Page) -> None:
    page.locator("input[type=submit].default").click()


def test_two_of_staff_pay_a_provider(desk: Desk, earned: int, staff: User, colleague: User, tmp_path: Path) -> None:
    TOTP.activate(colleague, generate_totp_secret())
    first, second = desk(staff), desk(colleague)

    first.goto("/admin/payouts/payout/")
    first.get_by_role("link", name="Pending releases").click()
    assert sideways(first) <= 0
    first.get_by_role("link", name="Propose Quietstack, EUR").click()
    press(first)
    first.get_by_text("It is proposed.").wait_for()
    payout = Payout.objects.get()
    assert payout.amount_minor == earned
    # What was frozen is read; nothing on the page can be typed into.
    assert first.locator("#content input[type=text], #content textarea, #content select").count() == 0

    second.goto(f"/admin/payouts/payout/{payout.pk}/change/")
    second.get_by_role("link", name="Approve").click()
    press(second)
    second.get_by_text("It is approved.").wait_for()
    second.goto("/admin/payouts/payout/pending/")
    assert sideways(second) <= 0

    first.goto("/admin/payouts/payout/")
    first.locator("input[name=_selected_action]").check()
    first.locator("select[name=action]").select_option("export_pain001")
    first.locator("button[name=index]").click()
    press(first)
    with first.expect_download() as fetched:
        first.get_by_role("link", name="Fetch the file").click()
    file = tmp_path / "file.xml"
    fetched.value.save_as(file)
    assert sha256(file.read_bytes()).hexdigest() == PayoutExport.objects.get().sha256

    second.goto(f"/admin/payouts/payout/many/mark-paid/?ids={payout.pk}")
    assert sideways(second) <= 0
    second.locator("[name$=-reference]").fill("NBK 4711")
    press(second)
    second.get_by_text("1 is marked as paid.").wait_for()
    assert Payout.objects.get().state == PayoutState.SETTLED
    # On a desk the list of payouts, its filters beside it, needs no scrolling sideways.
    first.goto("/admin/payouts/payout/")
    assert first.locator("#changelist .results").evaluate("found => found.scrollWidth - found.clientWidth") <= 0
    check_truths(clock.now())
