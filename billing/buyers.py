"""Only who is charged: the buyer as it is frozen into a charge."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Buyer:
    """Name and address of the one who owes a charge; `country` is ISO 3166-1 alpha-2."""

    name: str
    email: str
    street: str
    city: str
    country: str
    postcode: str = ""
    company: str = ""
    vat_id: str = ""
    is_business: bool = False
    language: str = "en"

    def as_json(self) -> dict[str, Any]:
        """For freezing with a charge."""
        return asdict(self)
