"""Which prices a reader sees, net or with VAT: what the address asks for, else what suits the account."""

from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest

from accounts.http import AccountRequest
from accounts.models import Account
from accounts.states import AccountKind
from core import clock
from core.vat import standard_rate, vat_state
from providers.presenters.prices import PriceView

PARAMETER = "vat"


def acting_account(request: HttpRequest) -> Account | None:
    """The account that the reader acts for; None for a passer-by (the request's own is lazy and merely false)."""
    return cast(AccountRequest, request).account or None


def price_view(request: HttpRequest, account: Account | None) -> PriceView:
    """With VAT for a person who is signed in, net for everybody else; `?vat=1` and `?vat=0` decide otherwise.

    The VAT is what a private buyer in the seller's country pays; the order's page knows the buyer's own country.
    """
    rate = consumer_rate()
    asked = request.GET.get(PARAMETER)
    if not rate:
        return PriceView()
    if asked in ("0", "1"):
        return PriceView(rate if asked == "1" else Decimal(0), settings.INVOICE_SELLER_COUNTRY, asked=True)
    person = account is not None and account.kind == AccountKind.PERSONAL
    return PriceView(rate if person else Decimal(0), settings.INVOICE_SELLER_COUNTRY)


def consumer_rate() -> Decimal:
    """The VAT of a private buyer in the seller's country today; 0 when the seller charges none."""
    state = vat_state(settings.INVOICE_SELLER_COUNTRY, settings.INVOICE_SELLER_POSTCODE)
    if state is None or settings.INVOICE_SELLER_VAT_SCHEME == "small_business":
        return Decimal(0)
    return standard_rate(state, clock.now().astimezone(ZoneInfo(settings.INVOICE_SELLER_TIMEZONE)).date())
