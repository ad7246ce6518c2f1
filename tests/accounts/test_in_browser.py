"""Signing in and the account pages in a real browser: passkeys that work, nobody left out, nothing refused by the policy."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.services import add_ssh_key, create_organisation, create_token, create_user, invite
from accounts.states import STAFF_SCOPES, Role, Scope
from tests.browser import barriers, complaints, sideways, sign_in
from tests.cast import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@pytest.fixture(autouse=True)
def plain_origin(settings: Settings) -> None:
    """The live server speaks plain http, which passkeys take from this machine only; its pages are at hand."""
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    settings.LOGIN_REDIRECT_URL = "account_security"


def with_authenticator(context: BrowserContext) -> Page:
    """A page whose device keeps passkeys and says yes to every question."""
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "isUserVerified": True}})
    return page


def at(live_server: LiveServer, name: str) -> str:
    return live_server.url.replace("127.0.0.1", "localhost") + reverse(name)


def test_passkey_is_added_and_then_opens_the_account_alone(chromium: Browser, live_server: LiveServer) -> None:
    user = create_user("keys@example.com", PASSWORD, verified=True)
    page = with_authenticator(chromium.new_context())
    heard = complaints(page)
    page.goto(at(live_server, "account_login"))
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name of this passkey").fill("Phone")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    page.get_by_role("link", name="I have them safe").click()
    assert page.get_by_role("row", name="Phone").is_visible()
    page.goto(at(live_server, "account_logout"))
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.goto(at(live_server, "account_login") + "?next=/account/ssh-keys")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="SSH keys").wait_for()
    assert page.url.endswith("/account/ssh-keys")
    assert Authenticator.objects.get(user=user, type="webauthn").last_used_at is not None
    assert heard == []


def test_passkey_is_the_second_factor_after_a_password(chromium: Browser, live_server: LiveServer) -> None:
    user = create_user("keys@example.com", PASSWORD, verified=True)
    context = chromium.new_context()
    page = with_authenticator(context)
    page.goto(at(live_server, "account_login"))
    for _ in range(2):
        page.get_by_label("E-mail").fill(user.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        if page.get_by_role("heading", name="Second factor").count():
            break
        page.goto(at(live_server, "mfa_add_webauthn"))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="Add the passkey").click()
        page.get_by_role("heading", name="Recovery codes").wait_for()
        context.clear_cookies()
        page.goto(at(live_server, "account_login"))
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Security").wait_for()


def test_person_signs_up_without_script(chromium: Browser, live_server: LiveServer) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(at(live_server, "account_signup"))
    page.get_by_label("E-mail").fill("plain@example.com")
    page.get_by_label("Password").fill("a-long-new-pass-41")
    page.get_by_role("button", name="Create the account").click()
    code = re.search(r"Your code: (\S+)", str(mail.outbox[0].body))
    assert code is not None
    page.get_by_label("Code from the mail").fill(code[1])
    page.get_by_role("button", name="Confirm").click()
    assert page.get_by_role("heading", name="Security").is_visible()
    page.goto(at(live_server, "account_login"))
    assert page.get_by_role("button", name="Use a passkey").count() == 0


VISITORS_PAGES = ["account_login", "account_signup", "account_reset_password", "account_reset_password_done"]
OWN_PAGES = ["account_profile", "account_security", "ssh_keys", "api_tokens", "organisation", "account_logout"]


@pytest.mark.parametrize("width", [320, 1440])
def test_every_page_is_accessible_and_fits(chromium: Browser, live_server: LiveServer, width: int) -> None:
    user = create_user("a-rather-long-address@example.com", PASSWORD, name="Cora Customer", verified=True)
    organisation = create_organisation(user, "Papierboot Gesellschaft mit beschränkter Haftung")
    invite(organisation, "another-long-address-to-invite@example.com", Role.BILLING, user)
    for account in (organisation, user.own_account):
        add_ssh_key(account, user, "laptop", KEY)
        create_token(user, account, "ci", [scope for scope in Scope if scope not in STAFF_SCOPES], None)
    context = chromium.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    heard = complaints(page)
    look_at(page, live_server, VISITORS_PAGES)
    sign_in(context, live_server, user)
    look_at(page, live_server, OWN_PAGES)
    page.goto(f"{live_server.url}{reverse('organisation')}")
    page.locator("main").get_by_role("button", name="Act for it").click()
    look_at(page, live_server, ["ssh_keys", "organisation"])
    assert heard == []


def look_at(page: Page, live_server: LiveServer, names: list[str]) -> None:
    for name in names:
        page.goto(f"{live_server.url}{reverse(name)}")
        assert (name, sideways(page), barriers(page)) == (name, 0, [])


def test_staff_set_up_an_app_and_enter_the_admin(chromium: Browser, live_server: LiveServer, staff: User) -> None:
    context = chromium.new_context()
    sign_in(context, live_server, staff)
    page = context.new_page()
    heard = complaints(page)
    page.goto(f"{live_server.url}/admin/accounts/user/")
    assert page.get_by_role("link", name=staff.email).is_visible()
    assert heard == []
