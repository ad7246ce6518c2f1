"""A real browser for tests: Debian's Chromium, what it complains about, and who is left out by a page."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.cast import proved_browser_of

CHROMIUM = "/usr/bin/chromium"
# WCAG 2.2 asks for targets of 24 px; axe leaves that rule off unless asked.
RULES: dict[str, object] = {"rules": {"target-size": {"enabled": True}}}
COLOURS: dict[str, object] = {"runOnly": ["color-contrast"]}
FLAGS = ["--no-sandbox", "--disable-background-networking"]


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """One browser process; each test opens contexts of its own."""
    # Playwright runs a loop in this thread, which Django would take for asynchronous code.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
        # While that loop runs, Django keeps the test's own connection apart: nobody else would ever close it.
        connections.close_all()


def complaints(page: Page) -> list[str]:
    """What the browser writes down as an error from here on: scripts, the content policy, missing files."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def barriers(page: Page) -> list[tuple[str, list[list[str]]]]:
    """What axe finds on the page: rule, and the places that break it. Of the other scheme, light or dark, only colours differ."""
    here, there = ("dark", "light") if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else ("light", "dark")
    found = _violations(page, RULES)
    # Without motion no colour is caught on its way.
    page.emulate_media(color_scheme=there, reduced_motion="reduce")
    found += [(f"{rule}, {there}", places) for rule, places in _violations(page, COLOURS)]
    page.emulate_media(color_scheme=here, reduced_motion="null")
    return found


def _violations(page: Page, options: dict[str, object]) -> list[tuple[str, list[list[str]]]]:
    violations = Axe().run(page, options=options).response["violations"]
    return [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in violations]


def sideways(page: Page) -> int:
    """How many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def sign_in(context: BrowserContext, live_server: LiveServer, user: User) -> None:
    """Give the context the session of a signed-in user."""
    session = proved_browser_of(user).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
