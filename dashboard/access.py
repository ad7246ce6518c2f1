"""Only guards of staff's own pages here; the admin's door has asked for the second factor before."""

from django.http import Http404, HttpRequest

from accounts.access import user_of
from billing.models import Dispute


def staffs_dispute(request: HttpRequest, dispute_id: int) -> Dispute:
    """A dispute for staff that may look at disputes and at money; a 404 for anybody else, as for one that is not there."""
    if not user_of(request).has_perms(["billing.view_dispute", "billing.view_payment", "contracts.view_contract"]):
        raise Http404
    contract = "payment__charge__contract"
    related = (f"{contract}__provider", f"{contract}__customer", f"{contract}__ordered_by")
    dispute = Dispute.objects.select_related(*related).filter(pk=dispute_id).first()
    if dispute is None:
        raise Http404
    return dispute
