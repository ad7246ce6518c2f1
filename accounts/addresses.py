"""What counts as an e-mail address here, and the form in which one is kept."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.utils.translation import gettext as _

from core.errors import Refused

LONGEST_ADDRESS = 254


def clean_address(text: str) -> str:
    """The address in lower case; raises Refused with code `email` on field `email` when it is none or too long."""
    address = text.strip().lower()
    try:
        validate_email(address)
        MaxLengthValidator(LONGEST_ADDRESS)(address)
    except ValidationError as error:
        raise Refused(_("Enter an e-mail address such as name@example.com."), code="email", field="email") from error
    return address
