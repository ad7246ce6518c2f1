"""A provider's owner with an authenticator app, a browser that has just proved it, and places that can be paid."""

from collections.abc import Callable

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from accounts.models import User
from core import clock
from payouts.addresses import Place
from payouts.models import PayoutMethod
from payouts.services.method import add_method, confirm_method, new_link
from payouts.states import MethodKind
from providers.models import Provider
from tests.cast import browser_of

IBAN, OTHER_IBAN = "DE89370400440532013000", "NL91ABNA0417164300"
BANK = Place(MethodKind.BANK, "Piet Provider", iban=IBAN)
OTHER_BANK = Place(MethodKind.BANK, "Piet Provider", iban=OTHER_IBAN)
EVM = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
ON_BASE = Place(MethodKind.EVM, "Quietstack", address=EVM, network="base")

Proving = Callable[..., None]


def with_app(user: User) -> str:
    """Give the user an authenticator app; returns its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def prove(browser: Client, user: User, **record: object) -> None:
    """Note in the browser's session that the user has shown something now: a second factor, unless told otherwise."""
    session = browser.session
    known = session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    shown = {"method": "mfa", "type": "totp", "at": clock.now().timestamp(), **record}
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [*known, shown]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def proving_browser_of(user: User) -> Client:
    """A browser of the user, in which a second factor was shown just now."""
    browser = browser_of(user)
    prove(browser, user)
    return browser


def added(provider: Provider, user: User, place: Place = BANK, currency: str = "EUR") -> tuple[PayoutMethod, str]:
    """A method that waits, and the secret of its link."""
    method = add_method(provider, user, currency, place)
    secret = new_link(method.pk)
    assert secret is not None
    return method, secret


def confirmed(provider: Provider, user: User, place: Place = BANK, currency: str = "EUR") -> PayoutMethod:
    """A method in use."""
    return confirm_method(added(provider, user, place, currency)[1], user)
