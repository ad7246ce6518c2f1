"""The four people of every test, made by the real services: customer, provider, stranger, staff; and a browser for each."""

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Account, User
from accounts.queries import personal_account
from accounts.services import create_user, make_staff
from core import clock

PASSWORD = "correct-horse-battery"


def browser_of(user: User) -> Client:
    """A browser in which this user is signed in."""
    client = Client()
    client.force_login(user)
    return client


def proved_browser_of(user: User) -> Client:
    """A browser in which this user is signed in and has used a second factor."""
    client = browser_of(user)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": clock.now().timestamp(), "type": "totp"}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


@pytest.fixture
def customer(db: None) -> User:
    """Rents; verified e-mail, personal account."""
    return create_user("customer@example.com", PASSWORD, name="Cora Customer", verified=True)


@pytest.fixture
def provider_user(db: None) -> User:
    """Owns the account of the provider."""
    return create_user("provider@example.com", PASSWORD, name="Piet Provider", verified=True)


@pytest.fixture
def stranger(db: None) -> User:
    """Has nothing to do with the others."""
    return create_user("stranger@example.com", PASSWORD, name="Sam Stranger", verified=True)


@pytest.fixture
def staff(db: None) -> User:
    """Works for the platform, with every permission and an authenticator app."""
    user = make_staff(create_user("staff@example.com", PASSWORD, name="Stella Staff", verified=True), superuser=True)
    TOTP.activate(user, generate_totp_secret())
    return user


@pytest.fixture
def customer_account(customer: User) -> Account:
    """The customer's own account."""
    return personal_account(customer)


@pytest.fixture
def stranger_account(stranger: User) -> Account:
    """The stranger's own account."""
    return personal_account(stranger)


@pytest.fixture
def customer_client(customer: User) -> Client:
    """The customer's browser."""
    return browser_of(customer)


@pytest.fixture
def provider_client(provider_user: User) -> Client:
    """The provider's browser."""
    return browser_of(provider_user)


@pytest.fixture
def stranger_client(stranger: User) -> Client:
    """The stranger's browser."""
    return browser_of(stranger)


@pytest.fixture
def staff_client(staff: User) -> Client:
    """The browser of staff, second factor used: the admin opens."""
    return proved_browser_of(staff)


@pytest.fixture
def api() -> APIClient:
    """A machine without credentials."""
    return APIClient()
