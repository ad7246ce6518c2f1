"""The admin opens for staff with a second factor that this session has used, and for nobody else."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.services import create_user, make_staff
from tests.cast import PASSWORD, browser_of, proved_browser_of

pytestmark = pytest.mark.django_db

INDEX = "/admin/"
USERS = "/admin/accounts/user/"


@pytest.fixture
def staff_without_factor(db: None) -> User:
    return make_staff(create_user("fresh@example.com", PASSWORD, verified=True), superuser=True)


def test_visitors_are_asked_to_sign_in_on_the_sites_own_page(client: Client) -> None:
    for path in (INDEX, USERS, "/admin/login/"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("path", [INDEX, USERS, "/admin/login/", "/admin/password_change/", "/admin/jsi18n/", "/admin/nowhere/"])
def test_customer_and_provider_find_nothing(customer_client: Client, provider_client: Client, path: str) -> None:
    for browser in (customer_client, provider_client):
        assert browser.get(path).status_code == 404


def test_staff_without_second_factor_are_led_to_setting_one_up(staff_without_factor: User) -> None:
    browser = browser_of(staff_without_factor)
    for path in (INDEX, USERS, "/admin/login/"):
        assert browser.get(path)["Location"] == reverse("account_security")
    assert browser.post(f"{USERS}{staff_without_factor.pk}/change/", {"name": "x"}).status_code == 302
    assert "second factor" in browser.get(reverse("account_security")).content.decode()


def test_recovery_codes_alone_are_no_second_factor(staff_without_factor: User) -> None:
    Authenticator.objects.create(user=staff_without_factor, type="recovery_codes", data={"seed": "x", "used_mask": 0})
    assert proved_browser_of(staff_without_factor).get(INDEX)["Location"] == reverse("account_security")


def test_session_older_than_the_factor_has_to_prove_it(staff: User) -> None:
    answer = browser_of(staff).get(USERS)
    assert answer["Location"] == f"{reverse('mfa_reauthenticate')}?next=%2Fadmin%2Faccounts%2Fuser%2F"


def test_staff_with_only_a_passkey_prove_with_it(staff: User) -> None:
    Authenticator.objects.filter(user=staff).update(type="webauthn", data={"name": "Key", "credential": {}})
    assert browser_of(staff).get(INDEX)["Location"].startswith(reverse("mfa_reauthenticate_webauthn"))


def test_proof_of_another_user_in_the_same_session_does_not_count(staff: User, customer: User) -> None:
    browser = proved_browser_of(staff)
    session = browser.session
    session["account_authentication_methods_user"] = str(customer.pk)
    session.save()
    assert browser.get(INDEX).status_code == 302


def test_staff_with_second_factor_enter(staff_client: Client) -> None:
    assert staff_client.get(INDEX).status_code == 200
    assert staff_client.get("/admin/login/?next=/admin/accounts/user/")["Location"] == USERS


def test_next_of_the_login_leads_to_no_other_site(staff_client: Client) -> None:
    assert staff_client.get("/admin/login/?next=https://evil.example/")["Location"] == INDEX


def test_demo_staff_enter_with_debug_only(settings: Settings) -> None:
    browser = browser_of(make_staff(create_user("staff@demo.test", PASSWORD, verified=True), superuser=True))
    assert browser.get(INDEX).status_code == 302
    settings.DEBUG = True
    assert browser.get(INDEX).status_code == 200


def test_other_staff_need_the_factor_with_debug_too(staff_without_factor: User, settings: Settings) -> None:
    settings.DEBUG = True
    assert browser_of(staff_without_factor).get(INDEX).status_code == 302


def test_every_page_of_the_admin_is_behind_the_guard(staff_without_factor: User) -> None:
    browser = browser_of(staff_without_factor)
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        assert browser.get(reverse(name)).status_code == 302, name


def test_lists_of_this_floor_open_for_staff(staff: User, staff_client: Client) -> None:
    for model in admin.site._registry:
        if model._meta.app_label in {"accounts", "account", "mfa"}:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            assert staff_client.get(reverse(f"{name}_changelist"), {"q": "e"}).status_code == 200
            row = model._default_manager.first()
            if row is not None:
                assert staff_client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
    page = staff_client.get(reverse("admin:mfa_authenticator_change", args=[Authenticator.objects.get().pk])).content.decode()
    assert "secret" not in page


def test_staff_without_superuser_do_what_they_were_given_and_no_more(customer: User, staff: User) -> None:
    helper = make_staff(create_user("helper@example.com", PASSWORD, verified=True), superuser=False)
    TOTP.activate(helper, generate_totp_secret())
    browser = proved_browser_of(helper)
    assert browser.get(USERS).status_code == 403
    helper.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    assert browser.get(USERS).status_code == 200
    close = {"action": "close", "_selected_action": [customer.pk, staff.pk, helper.pk]}
    browser.post(USERS, close)
    active = dict(User.objects.values_list("email", "is_active"))
    assert active == {"customer@example.com": False, "staff@example.com": True, "helper@example.com": True}
    browser.post(f"{USERS}{customer.pk}/change/", {"groups": [], "is_superuser": "on", "is_staff": "on"})
    customer.refresh_from_db()
    assert (customer.is_staff, customer.is_superuser) == (False, False)


def test_nobody_adds_deletes_or_rewrites_people_in_the_admin(customer: User, staff_client: Client) -> None:
    assert staff_client.get(f"{USERS}add/").status_code == 403
    assert staff_client.post(f"{USERS}{customer.pk}/delete/", {"post": "yes"}).status_code == 403
    staff_client.post(f"{USERS}{customer.pk}/change/", {"email": "taken@example.com", "is_superuser": "on"})
    customer.refresh_from_db()
    assert (customer.email, customer.is_superuser) == ("customer@example.com", False)
    address = EmailAddress.objects.get(user=customer)
    assert staff_client.post(f"/admin/account/emailaddress/{address.pk}/change/", {"verified": ""}).status_code == 403


def test_command_makes_staff_of_a_new_and_of_a_known_person(
    customer: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STAFF_PASSWORD", "boss-of-the-house")
    call_command("create_staff", "Boss@Example.com", superuser=True)
    call_command("create_staff", customer.email)
    boss = User.objects.get(email="boss@example.com")
    customer.refresh_from_db()
    assert (boss.is_staff, boss.is_superuser, boss.check_password("boss-of-the-house")) == (True, True, True)
    assert (customer.is_staff, customer.is_superuser, customer.check_password(PASSWORD)) == (True, False, True)


@pytest.mark.parametrize(("email", "password"), [("nobody", "boss-of-the-house"), ("boss@example.com", "12345678901")])
def test_command_refuses_bad_address_and_weak_password(email: str, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFF_PASSWORD", password)
    with pytest.raises(CommandError):
        call_command("create_staff", email)
    assert not User.objects.exists()
