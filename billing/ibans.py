"""Only what an IBAN looks like: the digits that check each other."""

from stdnum import iban


def is_iban(text: str) -> bool:
    """Whether an account of this number can exist; blanks between its groups do not matter."""
    return bool(iban.is_valid(text))
