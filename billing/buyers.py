"""Only who is charged: the buyer as it is frozen into a charge."""

from dataclasses import asdict, dataclass
from typing import Any

from billing.tax import TaxFacts


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

    @property
    def tax_facts(self) -> TaxFacts:
        """What the tax decision rests on; VIES's word on the id is still to be added (`services.with_check`)."""
        vat_id = self.vat_id if self.is_business else ""
        return TaxFacts(country=self.country, postcode=self.postcode, is_business=self.is_business, vat_id=vat_id)

    def as_json(self) -> dict[str, Any]:
        """For freezing with a charge."""
        return asdict(self)

    @classmethod
    def from_json(cls, frozen: dict[str, Any]) -> "Buyer":
        """What `as_json` wrote into a charge, of whatever age."""
        return cls(**frozen)
