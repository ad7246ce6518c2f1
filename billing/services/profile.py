"""Only the billing details of an account: kept for the next order, copied into each."""

from billing.buyers import Buyer
from billing.models import BillingProfile
from core import clock


def save_billing_profile(account_id: int, buyer: Buyer) -> BillingProfile:
    """Keep the address for the next order. Past charges carry their own copy."""
    fields = buyer.as_json()
    del fields["email"]
    profile, _created = BillingProfile.objects.update_or_create(
        account_id=account_id, defaults={**fields, "updated_at": clock.now()}
    )
    return profile
