"""Which prices a reader sees, net or with VAT: what the address asks for, else what suits the account."""

from decimal import Decimal
from typing import cast

from django.conf import settings
from django.http import HttpRequest

from accounts.http import AccountRequest
from accounts.models import Account
from accounts.states import AccountKind
from providers.presenters.prices import PriceView

PARAMETER = "vat"


def acting_account(request: HttpRequest) -> Account | None:
    """The account that the reader acts for; None for a passer-by (the request's own is lazy and merely false)."""
    return cast(AccountRequest, request).account or None


def price_view(request: HttpRequest, account: Account | None) -> PriceView:
    """With VAT for a person who is signed in, net for everybody else; `?vat=1` and `?vat=0` decide otherwise.

    Every buyer pays the seller's local rate, so that rate and country are the seller's.
    """
    rate: Decimal = settings.SELLER_VAT_RATE
    asked = request.GET.get(PARAMETER)
    if not rate:
        return PriceView()
    if asked in ("0", "1"):
        return PriceView(rate if asked == "1" else Decimal(0), settings.INVOICE_SELLER_COUNTRY, asked=True)
    person = account is not None and account.kind == AccountKind.PERSONAL
    return PriceView(rate if person else Decimal(0), settings.INVOICE_SELLER_COUNTRY)
