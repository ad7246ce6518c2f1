"""Only guards: a view gets a contract here or a 404; a stranger's and a missing one look the same."""

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from rest_framework.request import Request

from accounts.access import account_of
from contracts.models import Contract
from contracts.queries import full, of_customer, of_provider
from contracts.references import is_reference
from core.errors import Refused
from providers.access import own_provider


def customer_contract(request: HttpRequest | Request, reference: str) -> Contract:
    """A contract that the request's current account rents."""
    return _named(of_customer(account_of(request)), reference)


def provider_contract(request: HttpRequest, reference: str) -> Contract:
    """A contract on an offering of the request's provider."""
    try:
        provider = own_provider(request)
    except Refused as refused:
        raise Http404 from refused
    return _named(of_provider(provider), reference)


def _named(contracts: QuerySet[Contract], reference: str) -> Contract:
    name = reference.upper()
    contract = full(contracts).filter(reference=name).first() if is_reference(name) else None
    if contract is None:
        raise Http404
    return contract
