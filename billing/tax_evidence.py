"""Only what proves a tax decision, frozen with the charge: addresses, VIES's answer, the country of the buyer's connection."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from billing.buyers import Buyer
from billing.models import VatCheck
from billing.states import VatCheckState
from billing.tax import TaxFacts
from billing.vat_ids import split_vat_id
from billing.vat_queries import fresh_answer
from core import clock
from core.countries import is_country


def country_of_connection(request: HttpRequest | Request) -> str:
    """The country that a proxy of ours wrote into the header COUNTRY_HEADER; "" where there is none, or it does not know.

    Nothing here looks an IP address up by itself.
    """
    name = str(settings.COUNTRY_HEADER)
    said = str(request.headers.get(name, "")).upper() if name else ""
    return said if is_country(said) else ""


def tax_evidence(buyer: Buyer, facts: TaxFacts, connection_country: str, decided_by: dict[str, Any]) -> dict[str, Any]:
    """What a charge keeps for the tax office. `decided_by` are further figures that the decision rested on."""
    return {
        "billing_address": {
            "name": buyer.company or buyer.name,
            "street": buyer.street,
            "postcode": buyer.postcode,
            "city": buyer.city,
            "country": buyer.country,
        },
        "is_business": facts.is_business,
        "vat_id": facts.vat_id,
        "vat_check": _answer(facts),
        "connection_country": connection_country,
        **decided_by,
    }


def answer_as_json(check: VatCheck) -> dict[str, Any]:
    """What VIES said, when, to whom, and under which number."""
    return {
        "state": check.state,
        "vat_id": str(check),
        "name": check.name,
        "address": check.address,
        "consultation_number": check.consultation_number,
        "requester": check.requester,
        "answered_at": check.answered_at.isoformat() if check.answered_at else "",
    }


def _answer(facts: TaxFacts) -> dict[str, Any] | None:
    if not facts.vat_check:
        return None
    if facts.vat_check in (VatCheckState.VALID, VatCheckState.INVALID):
        check = fresh_answer(split_vat_id(facts.vat_id), clock.now())
        if check is not None:
            return answer_as_json(check)
    return {"state": facts.vat_check, "vat_id": facts.vat_id}
