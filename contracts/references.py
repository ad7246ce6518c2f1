"""Only the making of a contract's public name."""

import secrets

# Crockford's alphabet: no I, L, O, U, so that a reference survives being read out over a telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference() -> str:
    """Eight random characters such as ``7Q4M-2KXP`` (40 bits); the database holds it unique."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"
