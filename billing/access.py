"""Only guards: a view gets a quote, a charge or a bank page here or a 404; a stranger's and a missing one look the same."""

from uuid import UUID

from django.http import Http404

from accounts.http import AccountRequest
from billing.models import Charge, Quote, SandboxPayment
from billing.sandbox_bank import is_enabled


def own_quote(request: AccountRequest, public_id: UUID) -> Quote:
    """A quote of the account in use, with its offering and provider."""
    quotes = Quote.objects.select_related("offering__provider", "account", "hold", "contract")
    quote = quotes.filter(account=request.account, public_id=public_id).first()
    if quote is None:
        raise Http404
    return quote


def own_charge(request: AccountRequest, public_id: UUID) -> Charge:
    """A charge of the account in use, with its contract and provider."""
    charges = Charge.objects.select_related("contract__provider", "contract__offering")
    charge = charges.filter(account=request.account, public_id=public_id).first()
    if charge is None:
        raise Http404
    return charge


def own_bank_page(request: AccountRequest, payment_id: UUID) -> SandboxPayment:
    """The pretend bank's page of a payment of the account in use; a 404 where there is no pretend bank."""
    page = SandboxPayment.objects.filter(payment_public_id=payment_id).first() if is_enabled() else None
    if page is None:
        raise Http404
    own_charge(request, page.charge_public_id)
    return page
