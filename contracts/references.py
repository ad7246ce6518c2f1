"""Only the making of a contract's public name."""

import re
import secrets

# Crockford's alphabet: no I, L, O, U, so that a reference survives being read out over a telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_REFERENCE = re.compile(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}")


def new_reference() -> str:
    """Eight random characters such as ``7Q4M-2KXP`` (40 bits); the database holds it unique."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def is_reference(text: str) -> bool:
    """Whether this could be one; anything else need not, and sometimes must not, reach the database."""
    return _REFERENCE.fullmatch(text) is not None
