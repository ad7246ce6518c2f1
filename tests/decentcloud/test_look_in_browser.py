"""The styleguide in a real browser: nobody is left out, nothing is refused by the policy, nothing runs off the side."""

import pytest
from playwright.sync_api import Browser
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.browser import barriers, complaints, sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_every_component_is_accessible_and_fits(chromium: Browser, live_server: LiveServer, settings: Settings, width: int) -> None:
    settings.DEBUG = True
    context = chromium.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    heard = complaints(page)
    page.goto(f"{live_server.url}/styleguide", wait_until="networkidle")
    assert sideways(page) <= 0
    assert barriers(page) == []
    assert heard == []


def test_colours_can_be_chosen_without_script(chromium: Browser, live_server: LiveServer) -> None:
    page = chromium.new_context(java_script_enabled=False, color_scheme="light").new_page()
    page.goto(f"{live_server.url}/terms")
    page.get_by_role("button", name="Dark").click()
    assert page.url == f"{live_server.url}/terms"
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="System").click()
    assert page.locator("html").get_attribute("data-theme") is None


def test_copy_button_appears_with_script_only(chromium: Browser, live_server: LiveServer, settings: Settings) -> None:
    settings.DEBUG = True
    bare = chromium.new_context(java_script_enabled=False).new_page()
    bare.goto(f"{live_server.url}/styleguide")
    assert bare.locator("[data-copy]").is_hidden()
    page = chromium.new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto(f"{live_server.url}/styleguide")
    page.locator("[data-copy]").click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "ssh root@203.0.113.48 -p 22"


def test_menu_closes_by_escape_and_keeps_the_place(chromium: Browser, live_server: LiveServer) -> None:
    page = chromium.new_context(viewport={"width": 390, "height": 800}).new_page()
    page.goto(f"{live_server.url}/terms")
    page.locator(".menu--mobile > summary").click()
    assert page.locator(".menu--mobile .menu__list").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".menu--mobile .menu__list").is_hidden()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_first_key_leads_past_the_navigation(chromium: Browser, live_server: LiveServer) -> None:
    page = chromium.new_context().new_page()
    page.goto(f"{live_server.url}/terms")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
