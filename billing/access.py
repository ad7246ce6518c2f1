"""Only guards: a view gets a quote, a charge or a bank page here or a 404; a stranger's and a missing one look the same."""

from uuid import UUID

from django.contrib import admin
from django.http import Http404

from accounts.access import own_accounts
from accounts.http import AccountRequest
from billing.models import Charge, Document, Quote, RefundAddress, SandboxPayment
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


def readable_document(request: AccountRequest, public_id: UUID) -> Document:
    """A document of an account that the reader belongs to, or any for staff that may see documents; not what it says."""
    document = Document.objects.filter(public_id=public_id).defer("content").first()
    if document is None:
        raise Http404
    may_all = admin.site.has_permission(request) and request.user.has_perm("billing.view_document")
    if document.account_id not in own_accounts(request) and not may_all:
        raise Http404
    return document


def own_refund_address(request: AccountRequest, address_id: int) -> RefundAddress:
    """Where the account in use wants tokens back."""
    found = RefundAddress.objects.filter(account=request.account, pk=address_id).first()
    if found is None:
        raise Http404
    return found


def own_bank_page(request: AccountRequest, payment_id: UUID) -> SandboxPayment:
    """The pretend bank's page of a payment of the account in use; a 404 where there is no pretend bank."""
    page = SandboxPayment.objects.filter(payment_public_id=payment_id).first() if is_enabled() else None
    if page is None:
        raise Http404
    own_charge(request, page.charge_public_id)
    return page
