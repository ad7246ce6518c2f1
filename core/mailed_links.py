"""Only the secret of a link that goes by mail: made once, kept as its SHA-256, and compared in constant time."""

import hashlib
import hmac
import secrets
from datetime import timedelta

# How long such a link opens.
LASTS = timedelta(hours=24)


def new_secret(number: int | str) -> tuple[str, str]:
    """The secret of a new link to the row of that number, for the mail and nowhere else, and its digest, which is kept."""
    secret = f"{number}.{secrets.token_urlsafe(32)}"
    return secret, _digest_of(secret)


def fits(secret: str, digest: str) -> bool:
    """Whether it is the secret of the link whose digest was kept."""
    return hmac.compare_digest(digest, _digest_of(secret))


def _digest_of(secret: str) -> str:
    # It has 256 random bits, so a fast hash is enough.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
