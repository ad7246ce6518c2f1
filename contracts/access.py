"""Only guards: a view gets a contract here or a 404; a stranger's and a missing one look the same."""

from django.http import Http404, HttpRequest

from accounts.access import account_of
from contracts.models import Contract
from contracts.queries import full, of_customer, of_provider
from core.errors import Refused
from providers.access import own_provider


def customer_contract(request: HttpRequest, reference: str) -> Contract:
    """A contract that the request's current account rents."""
    contract = full(of_customer(account_of(request))).filter(reference=reference.upper()).first()
    if contract is None:
        raise Http404
    return contract


def provider_contract(request: HttpRequest, reference: str) -> Contract:
    """A contract on an offering of the request's provider."""
    try:
        provider = own_provider(request)
    except Refused as refused:
        raise Http404 from refused
    contract = full(of_provider(provider)).filter(reference=reference.upper()).first()
    if contract is None:
        raise Http404
    return contract
