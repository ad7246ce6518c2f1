"""The only place that encrypts what must lie in the database but be read again: TOTP secrets, a token on its way to the page."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """The text was sealed with a key that is no longer known, or is damaged."""


def seal(text: str) -> str:
    """The text encrypted with a key derived from SECRET_KEY."""
    return _cipher().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text again, also with keys of SECRET_KEY_FALLBACKS; raises Unreadable."""
    try:
        return _cipher().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable from error


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    derived = [HKDF(SHA256(), 32, salt=None, info=b"accounts.secrets").derive(key.encode()) for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])
