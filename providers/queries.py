"""Reads of providers and offerings; what an account may see is decided here and nowhere else."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Account, User
from accounts.queries import has_verified_email, personal_account
from core.pages import Count, bounded_count
from providers.models import ImportPreview, Offering, OfferingAccess, Provider
from providers.states import OfferingStatus, Visibility

# Columns that only the database looks into; the first two are wide.
_INNER = ("search", "labels", "flags")


def rentable(account: Account | None) -> QuerySet[Offering]:
    """Offerings on the market for this account (None: a passer-by): public ones and those shared with it, provider included.

    A provider that is not active has no published offerings (see services.provider), so its row need not be looked at.
    """
    visible = Q(visibility=Visibility.PUBLIC)
    if account is not None:
        shared = OfferingAccess.objects.filter(account=account).values("offering_id")
        visible |= Q(visibility=Visibility.SHARED, pk__in=shared)
    return Offering.objects.filter(visible, status=OfferingStatus.PUBLISHED).select_related("provider").defer(*_INNER)


def may_see(offering: Offering, account: Account | None) -> bool:
    """Whether the account may see the offering: its provider always, others when it is published and meant for them."""
    if account is not None and offering.provider.account_id == account.pk:
        return True
    if offering.status != OfferingStatus.PUBLISHED or not offering.provider.active:
        return False
    if offering.visibility == Visibility.PUBLIC:
        return True
    return (
        account is not None
        and offering.visibility == Visibility.SHARED
        and OfferingAccess.objects.filter(offering=offering, account=account).exists()
    )


def offering_by_slug(slug: str) -> Offering | None:
    """The offering of that address with its provider and standing, whatever its state; None when there is none."""
    return Offering.objects.filter(slug=slug).select_related("provider", "standing").defer(*_INNER).first()


def offerings_of(provider: Provider) -> QuerySet[Offering]:
    """Everything the provider has, drafts and archived ones included."""
    return Offering.objects.filter(provider=provider).select_related("provider").defer(*_INNER)


def own_offerings(provider: Provider, status: str, words: str) -> QuerySet[Offering]:
    """A provider's offerings of one status ("" for all) whose name or reference has these words in it."""
    found = offerings_of(provider)
    if status:
        found = found.filter(status=status)
    if words:
        found = found.filter(Q(name__icontains=words) | Q(reference__icontains=words))
    return found


def own_counts(provider: Provider) -> dict[str, Count]:
    """How many offerings a provider has in each status, and in all under ""; each counted up to a thousand."""
    found = Offering.objects.filter(provider=provider)
    return {"": bounded_count(found)} | {status: bounded_count(found.filter(status=status)) for status in OfferingStatus.values}


def account_of_address(email: str) -> Account | None:
    """The own account of who signs in with this confirmed address; None for nobody."""
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    return personal_account(user) if user is not None and has_verified_email(user) else None


def provider_of(account: Account | None) -> Provider | None:
    """The provider that this account is; None for an account that only rents."""
    return None if account is None else Provider.objects.filter(account=account).first()


def allowed_accounts(offering: Offering) -> QuerySet[OfferingAccess]:
    """The allow-list of a shared offering, oldest entry first."""
    return OfferingAccess.objects.filter(offering=offering).select_related("account").order_by("id")


def published_providers() -> QuerySet[Provider]:
    """Active providers with at least one offering on the public market."""
    on_market = Offering.objects.filter(provider=OuterRef("pk"), status=OfferingStatus.PUBLISHED, visibility=Visibility.PUBLIC)
    return Provider.objects.filter(Exists(on_market), active=True)


def import_preview(provider: Provider, preview_id: int) -> ImportPreview | None:
    """A stored preview of this provider that was not applied yet; None for any other."""
    return ImportPreview.objects.filter(provider=provider, pk=preview_id, applied_at__isnull=True).first()
