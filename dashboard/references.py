"""Only how a contract's reference stands in an address, in capitals or not."""

import re


class ReferenceConverter:
    """ "7Q4M-2KXP"; anything else is no such page."""

    regex = "[0-9A-Za-z]{4}-[0-9A-Za-z]{4}"

    def to_python(self, value: str) -> str:
        """As people wrote it, in capitals."""
        return value.upper()

    def to_url(self, value: str) -> str:
        """As it is."""
        return value


def is_reference(text: str) -> bool:
    """Whether this could be a contract's reference at all."""
    return re.fullmatch(ReferenceConverter.regex, text) is not None
