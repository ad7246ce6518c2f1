"""Only the billing details of an account: kept for the next order, copied into each."""

from accounts.models import Account
from billing.buyers import Buyer
from billing.models import BillingProfile
from billing.services.vat import with_check
from core import clock


def save_billing_profile(account_id: int, buyer: Buyer) -> BillingProfile:
    """Keep the address for the next order. Past charges carry their own copy."""
    fields = buyer.as_json()
    del fields["email"]
    profile, _created = BillingProfile.objects.update_or_create(
        account_id=account_id, defaults={**fields, "updated_at": clock.now()}
    )
    return profile


def keep_billing_details(account: Account, buyer: Buyer) -> BillingProfile:
    """Keep what a person or machine has set as the account's details, and ask VIES about a VAT id at once: never inside a
    transaction. Its answer may be pending; the page shows how it stands.
    """
    profile = save_billing_profile(account.pk, buyer)
    with_check(buyer.tax_facts, account)
    return profile
