"""What the tests of quotes and orders by machine send, and what a quote or an order leaves behind."""

from typing import Any

from billing.models import Charge, Quote
from contracts.models import Contract
from core.models import DomainEvent
from providers.models import Offering, StockHold

QUOTES, CONTRACTS, CHARGES = "/api/v1/quotes", "/api/v1/contracts", "/api/v1/charges"
BUYER = {"name": "Cora Customer", "street": "Am Alten Fährhaus 12", "postcode": "20457", "city": "Hamburg", "country": "DE"}


def asked(what: Offering, **changes: Any) -> dict[str, Any]:
    """A quote for 90 days of it, or something else."""
    return {"offering": what.slug, "hours": 2160, "country": "DE", **changes}


def wanted(price: Quote | str, **changes: Any) -> dict[str, Any]:
    """An order at that price."""
    name = price if isinstance(price, str) else str(price.public_id)
    return {"quote": name, "buyer": BUYER, "accept_terms": True, **changes}


def footprint() -> list[Any]:
    """All that a quote or an order would leave behind."""
    return [
        Quote.objects.count(),
        list(StockHold.objects.order_by("pk").values()),
        list(Offering.objects.order_by("pk").values_list("pk", "taken")),
        Contract.objects.count(),
        list(Charge.objects.order_by("pk").values()),
        DomainEvent.objects.filter(subject__startswith="contract:").count(),
    ]
