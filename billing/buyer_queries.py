"""Only reads of billing details: the kept address of an account, and the country that its prices are made for."""

from django.conf import settings

from accounts.models import Account
from billing.models import BillingProfile


def billing_profile(account: Account) -> BillingProfile | None:
    """The kept address; None before the first order."""
    return BillingProfile.objects.filter(account=account).first()


def billing_country(account: Account) -> str:
    """The country (ISO 3166-1 alpha-2) that a quote is made for: the kept one, else the seller's until the buyer says otherwise."""
    profile = billing_profile(account)
    return profile.country if profile else str(settings.INVOICE_SELLER_COUNTRY)
