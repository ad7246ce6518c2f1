"""A real browser on a real server, with the bank's messages over real HTTP; the queue is worked off when a test says so."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.queries import personal_account
from billing import sandbox_bank
from billing.sandbox_messages import deliver_due
from core.tasks import drain
from providers.demo_catalogue import load_catalogue
from tests.browser import chromium, complaints
from tests.cast import PASSWORD
from tests.walk import offered_by

__all__ = ["chromium"]

# Where pictures of the pages go, for the README; nowhere in an ordinary run.
OFFERED = "VPS 12 quiet"
PICTURES = os.environ.get("PICTURES", "")


@pytest.fixture
def site(live_server: LiveServer, settings: Settings, customer: User, provider_user: User) -> str:
    """The address of a market with the demo catalogue; provider_user owns Quietstack."""
    settings.SITE_URL = live_server.url
    load_catalogue({"Quietstack": personal_account(provider_user)})
    offered_by(provider_user, name=OFFERED, setup_fee_minor=1000)
    return str(live_server.url)


class Visitor:
    """Somebody in a browser of their own, who notices every error of the page."""

    def __init__(self, browser: Browser, site: str, *, width: int = 1440, scripts: bool = True) -> None:
        self.site = site
        self.context = browser.new_context(
            viewport={"width": width, "height": 1000}, java_script_enabled=scripts, color_scheme="light", locale="en-GB"
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.heard = complaints(self.page)

    def open(self, path: str) -> Page:
        """Go to an address of the site."""
        self.page.goto(f"{self.site}{path}")
        return self.page

    def sign_in(self, user: User) -> None:
        """By e-mail and password."""
        self.open("/accounts/login/")
        self.page.get_by_label("E-mail").first.fill(user.email)
        self.page.get_by_label("Password").first.fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(lambda url: "/accounts/login" not in url)

    def picture(self, name: str) -> None:
        """Keep what one sees now, if pictures are wanted."""
        if PICTURES:
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=False)


@pytest.fixture
def visitor(chromium: Browser, site: str) -> Callable[..., Visitor]:
    """`visitor()`: one more person with a browser."""

    def enter(**more: object) -> Visitor:
        return Visitor(chromium, site, **more)  # type: ignore[arg-type]  # handed through

    return enter


def work() -> None:
    """What worker and scheduler would do in the next minute: the bank's clock, its messages over HTTP, and all that follows."""
    sandbox_bank.tick()
    deliver_due()
    drain()
    sandbox_bank.tick()
    deliver_due()
    drain()
