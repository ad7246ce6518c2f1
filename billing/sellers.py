"""Only whether the seller is real: until then documents are drafts, and the system check says what is missing."""

import re
from collections.abc import Mapping

REQUIRED = {
    "name": "INVOICE_SELLER_NAME",
    "street": "INVOICE_SELLER_STREET",
    "postcode": "INVOICE_SELLER_POSTCODE",
    "city": "INVOICE_SELLER_CITY",
    "country": "INVOICE_SELLER_COUNTRY",
    "email": "INVOICE_SELLER_EMAIL",
}
# What people leave standing from an example: no company is called so, and no tax number consists of zeros.
STUB = re.compile(r"\b(example|muster\w*|stub|placeholder|change.?me)\b|^[A-Z]{0,2}[\s/0-]*0[\s/0-]*$", re.IGNORECASE)


def gaps(seller: Mapping[str, str]) -> list[str]:
    """The settings that are missing or a stub in a seller as it is frozen into charges; empty when it may issue real documents.

    A VAT id or a tax number: one of the two stands on every invoice.
    """
    found = [setting for field, setting in REQUIRED.items() if is_stub(seller.get(field, ""))]
    if is_stub(seller.get("vat_id", "")) and is_stub(seller.get("tax_no", "")):
        found.append("INVOICE_SELLER_VAT_ID")
    return found


def is_stub(value: str) -> bool:
    """Whether this is nothing, or stands for something that somebody still has to fill in."""
    return not value.strip() or STUB.search(value.strip()) is not None
