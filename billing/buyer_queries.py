"""Only reads of billing details: the kept address of an account, and what its prices' tax rests on."""

from django.conf import settings

from accounts.models import Account
from billing.buyers import Buyer
from billing.models import BillingProfile
from billing.tax import TaxFacts


def billing_profile(account_id: int) -> BillingProfile | None:
    """The kept address; None before the first order."""
    return BillingProfile.objects.filter(account_id=account_id).first()


def kept_buyer(account_id: int, email: str) -> Buyer | None:
    """The buyer that an account's billing details make; None before they are said."""
    profile = billing_profile(account_id)
    if profile is None:
        return None
    names = ("name", "company", "street", "postcode", "city", "country", "vat_id", "language", "is_business")
    return Buyer(email=email, **{name: getattr(profile, name) for name in names})


def billing_facts(account: Account) -> TaxFacts:
    """What a quote's tax rests on: the kept details, else a private buyer in the seller's country, until one says otherwise."""
    profile = billing_profile(account.pk)
    if profile is None:
        return TaxFacts(str(settings.INVOICE_SELLER_COUNTRY), str(settings.INVOICE_SELLER_POSTCODE))
    vat_id = profile.vat_id if profile.is_business else ""
    return TaxFacts(profile.country, profile.postcode, profile.is_business, vat_id)


def billing_country(account: Account) -> str:
    """The country (ISO 3166-1 alpha-2) that prices are made for."""
    return billing_facts(account).country
