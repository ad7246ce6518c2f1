"""Every address of signing in and of the account pages renders, in our design, with nothing that the CSP would refuse."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Account, User
from accounts.services import add_ssh_key, create_organisation, create_token, invite
from accounts.states import Role, Scope

INLINE = re.compile(
    r"(?i)\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:|<script(?![^>]*\s(src=|type=\"application/json\"))"
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def check(response: HttpResponse) -> None:
    html = response.content.decode()
    assert INLINE.search(html) is None, INLINE.search(html)
    assert 'class="topbar"' in html
    assert html.count("<h1") == 1
    assert "{%" not in html
    assert "{{" not in html


def addresses() -> list[str]:
    """The names of allauth's addresses that take no argument."""

    def walk(patterns: list[URLPattern | URLResolver]) -> list[str]:
        found = []
        for pattern in patterns:
            if pattern.pattern.regex.groups:
                continue
            if isinstance(pattern, URLResolver):
                found += walk(pattern.url_patterns)
            elif pattern.name:
                found.append(pattern.name)
        return found

    resolver = next(p for p in get_resolver().url_patterns if isinstance(p, URLResolver) and str(p.pattern) == "accounts/")
    return sorted(set(walk(resolver.url_patterns)))


def test_allauth_has_the_addresses_that_we_know_of() -> None:
    assert {"account_login", "account_signup", "mfa_activate_totp", "usersessions_list", "mfa_add_webauthn"} <= set(addresses())
    assert len(addresses()) >= 20


@pytest.mark.parametrize("name", addresses())
def test_address_stands_for_visitors(client: Client, db: None, name: str) -> None:
    response = client.get(reverse(name), follow=True)
    assert response.status_code in {200, 404}
    check(response)  # type: ignore[arg-type]  # the test client's answer


def sign_in_anew(client: Client, user: User) -> None:
    """Prove who one is, as every change of security asks."""
    answer = client.post(reverse("account_reauthenticate"), {"password": "correct-horse-battery"})
    assert answer.status_code == 302, answer.content


@pytest.mark.parametrize("name", [name for name in addresses() if name != "mfa_download_recovery_codes"])
def test_address_stands_for_customers(customer: User, customer_client: Client, name: str) -> None:
    sign_in_anew(customer_client, customer)
    response = customer_client.get(reverse(name), follow=True)
    assert response.status_code in {200, 404}
    check(response)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "account_profile",
        "account_security",
        "ssh_keys",
        "api_tokens",
        "organisation",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "account_change_password",
        "account_email",
        "usersessions_list",
        "account_logout",
    ],
)
def test_page_itself_stands_for_customers(customer: User, customer_client: Client, name: str) -> None:
    sign_in_anew(customer_client, customer)
    response = customer_client.get(reverse(name))
    assert response.status_code == 200
    check(response)


@pytest.fixture
def furnished(customer: User, customer_account: Account, customer_client: Client) -> Account:
    """An organisation with something in every list, and the customer acting for it."""
    organisation = create_organisation(customer, "Papierboot GmbH")
    invite(organisation, "guest@example.com", Role.BILLING, customer)
    add_ssh_key(organisation, customer, "laptop", KEY)
    create_token(customer, organisation, "ci", [Scope.CONTRACTS_READ], None)
    Authenticator.objects.create(user=customer, type="webauthn", data={"name": "Phone", "credential": {}})
    Authenticator.objects.create(user=customer, type="recovery_codes", data={"seed": "", "used_mask": 0})
    session = customer_client.session
    session["account"] = organisation.pk
    session.save()
    return organisation


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("account_security", "Phone"),
        ("ssh_keys", "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"),
        ("api_tokens", "contracts:read"),
        ("organisation", "guest@example.com"),
    ],
)
def test_full_pages_stand_too(furnished: Account, customer_client: Client, name: str, words: str) -> None:
    Authenticator.objects.filter(type="recovery_codes").delete()
    response = customer_client.get(reverse(name))
    assert words in response.content.decode()
    check(response)


@pytest.mark.parametrize("name", ["account_profile", "account_security", "ssh_keys", "api_tokens", "organisation"])
def test_account_pages_ask_visitors_to_sign_in(client: Client, db: None, name: str) -> None:
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response["Location"] == f"{reverse('account_login')}?next={reverse(name)}"


@pytest.mark.parametrize("name", ["account_profile", "account_security", "ssh_keys", "api_tokens", "organisation"])
def test_staff_have_account_pages_of_their_own(staff_client: Client, name: str) -> None:
    assert staff_client.get(reverse(name)).status_code == 200
