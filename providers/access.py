"""Only guards: a view gets an offering or its own provider here, or a 404; a stranger's and a missing one look the same."""

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from accounts.access import account_of
from core.errors import Refused
from providers.models import Offering, Provider
from providers.queries import may_see, offering_by_slug, offerings_of, provider_of
from providers.shown_prices import acting_account


def visible_offering(request: HttpRequest, slug: str) -> Offering:
    """An offering that the reader may see; drafts and private ones are there for their provider only."""
    offering = offering_by_slug(slug)
    if offering is None or not may_see(offering, acting_account(request)):
        raise Http404
    return offering


def own_provider(request: HttpRequest) -> Provider:
    """The provider that the account in use is. Raises Refused(no_provider) for an account that only rents."""
    provider = provider_of(account_of(request))
    if provider is None:
        raise Refused(_("This account does not offer anything yet."), code="no_provider")
    return provider


def own_offering(request: HttpRequest, slug: str) -> Offering:
    """An offering of the account in use, whatever its state."""
    offering = offerings_of(own_provider(request)).filter(slug=slug).first()
    if offering is None:
        raise Http404
    return offering
