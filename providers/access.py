"""Guards of providers: an offering that may be seen, a provider and offerings of one's own. Anything else is a 404."""

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from accounts.access import account_of, require_role
from accounts.http import AccountRequest
from accounts.states import Role
from core.errors import Refused
from core.text import is_storable
from providers.models import ImportPreview, Offering, Provider
from providers.queries import import_preview, may_see, offering_by_slug, provider_of

# Who may change what an account offers; the billing role reads.
MAY_OFFER = (Role.OWNER, Role.MEMBER)


def visible_offering(request: HttpRequest, slug: str) -> Offering:
    """The offering of that address, if the account in use (or a passer-by) may see it; Http404 for a draft of somebody else."""
    offering = offering_by_slug(slug) if is_storable(slug) else None
    account = account_of(request) if request.user.is_authenticated else None
    if offering is None or not may_see(offering, account):
        raise Http404
    return offering


def own_provider(request: HttpRequest) -> Provider:
    """The provider that the account in use is. Raises Refused(not_a_provider) for an account that only rents."""
    provider = provider_of(account_of(request))
    if provider is None:
        raise Refused(_("This account is not a provider yet."), code="not_a_provider")
    return provider


def own_offering(request: HttpRequest, slug: str) -> Offering:
    """An offering of the account in use, whatever its state; Http404 for any other."""
    provider = provider_of(account_of(request))
    offering = offering_by_slug(slug) if provider is not None and is_storable(slug) else None
    if provider is None or offering is None or offering.provider_id != provider.pk:
        raise Http404
    return offering


def own_preview(request: HttpRequest, preview_id: int) -> ImportPreview:
    """An import of the account in use that was not applied yet; Http404 for any other."""
    provider = provider_of(account_of(request))
    preview = import_preview(provider, preview_id) if provider is not None else None
    if preview is None:
        raise Http404
    return preview


def require_offerer(request: AccountRequest) -> None:
    """Raise Refused(role) unless the user may change what the account in use offers."""
    require_role(request, *MAY_OFFER)
