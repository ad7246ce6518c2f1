"""The only module that speaks with VIES, the European Commission's register of VAT ids. It translates; it decides nothing."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from billing.states import VatCheckState
from billing.vat_ids import VatId, is_vies_id, split_vat_id
from core.http import PATIENT_TIMEOUT, Answer, OutsideError, call, call_within

_LONGEST = {"name": 500, "address": 1000, "requestIdentifier": 60}
# What VIES writes where a member state does not tell.
_UNTOLD = "---"


@dataclass(frozen=True)
class ViesAnswer:
    """What VIES said: valid, invalid, or unavailable with the `error` in its words; `consultation_number` is proof of it."""

    state: VatCheckState
    name: str = ""
    address: str = ""
    consultation_number: str = ""
    error: str = ""


def requester() -> str:
    """On whose behalf is asked: the seller's own VAT id; "" while it has none, and then there is no consultation number."""
    own = str(settings.INVOICE_SELLER_VAT_ID)
    return str(split_vat_id(own)) if is_vies_id(own) else ""


def ask_quickly(vat_id: VatId) -> ViesAnswer:
    """Ask while somebody waits. Raises OutsideError when no answer came in time; the question can be asked again in the queue."""
    return _read(call_within("POST", _address(), json=_question(vat_id)))


def ask_patiently(vat_id: VatId) -> ViesAnswer:
    """Ask from the queue. Silence is an answer too: unavailable."""
    try:
        return _read(call("POST", _address(), json=_question(vat_id), timeout=PATIENT_TIMEOUT))
    except OutsideError as error:
        return ViesAnswer(VatCheckState.UNAVAILABLE, error=str(error)[:100])


def _address() -> str:
    return f"{settings.VIES_BASE}/check-vat-number"


def _question(vat_id: VatId) -> dict[str, str]:
    question = {"countryCode": vat_id.prefix, "vatNumber": vat_id.number}
    if own := requester():
        question |= {"requesterMemberStateCode": own[:2], "requesterNumber": own[2:]}
    return question


def _read(response: Answer) -> ViesAnswer:
    """A body without `valid` is no answer about the id, whatever its status."""
    try:
        body: Any = response.json()
    except ValueError:
        return ViesAnswer(VatCheckState.UNAVAILABLE, error=f"status {response.status_code}, no JSON")
    if not isinstance(body, dict) or not isinstance(body.get("valid"), bool):
        return ViesAnswer(VatCheckState.UNAVAILABLE, error=_error(body) or f"status {response.status_code}")
    if not body["valid"]:
        return ViesAnswer(VatCheckState.INVALID, consultation_number=_text(body, "requestIdentifier"))
    return ViesAnswer(
        VatCheckState.VALID,
        name=_text(body, "name"),
        address=_text(body, "address"),
        consultation_number=_text(body, "requestIdentifier"),
    )


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or value.strip() == _UNTOLD:
        return ""
    return value.replace("\x00", "").strip()[: _LONGEST[name]]


def _error(body: Any) -> str:
    """The first error's word, such as MS_UNAVAILABLE."""
    wrappers = body.get("errorWrappers") if isinstance(body, dict) else None
    first = wrappers[0] if isinstance(wrappers, list) and wrappers else None
    word = first.get("error") if isinstance(first, dict) else None
    return word.replace("\x00", "")[:100] if isinstance(word, str) else ""
