"""Reading of payouts: where a provider is paid."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.queries import belongs_to
from core import clock, mailed_links
from core.errors import Refused
from payouts.models import PayoutMethod
from payouts.states import MethodState
from providers.models import Offering, Provider

# Longer than any link of ours; not even hashed.
_LONGEST_SECRET = 200


def method_in_use(provider_id: int, currency: str) -> PayoutMethod | None:
    """Where the provider is paid what it earns in this currency; None where it has confirmed nothing. One query.

    There is at most one. Money may go there from its `usable_at` on, not before.
    """
    return PayoutMethod.objects.filter(provider=provider_id, currency=currency, confirmed_at__isnull=False, removed_at=None).first()


def method_state(method: PayoutMethod, now: datetime) -> MethodState:
    """Where a method stands at a moment."""
    if method.removed_at is not None:
        return MethodState.REMOVED
    if method.usable_at is not None:
        return MethodState.IN_USE if method.usable_at <= now else MethodState.HELD
    # Without a time the link is on its way.
    lapsed = method.key_expires_at is not None and method.key_expires_at <= now
    return MethodState.LAPSED if lapsed else MethodState.WAITING


def method_of_link(secret: str, user: User) -> PayoutMethod:
    """The method that a mailed link stands for, whatever became of it, for a member of the provider's account.

    Raises Refused(unknown_link) for everybody else, for anything that we never mailed, and for a link that a newer one has
    replaced. Compared in constant time.
    """
    methods = PayoutMethod.objects.select_related("provider__account").exclude(key_digest="")
    public_id = _uuid(secret.partition(".")[0]) if len(secret) <= _LONGEST_SECRET else None
    method = methods.filter(public_id=public_id).first() if public_id else None
    if method is None or not mailed_links.fits(secret, method.key_digest):
        raise unknown_link()
    if not belongs_to(user, method.provider.account_id):
        raise unknown_link()
    return method


def unknown_link() -> Refused:
    """The refusal for a link that is broken, replaced, or somebody else's: which of them is nobody's business."""
    return Refused(
        _("This link opens nothing here. Copy it from the newest mail once more, and sign in as an owner of the provider."),
        code="unknown_link",
    )


def live_methods(provider: Provider) -> QuerySet[PayoutMethod]:
    """What is in use, will be, or waits for its confirmation: by currency, the confirmed one first."""
    return _of(provider).exclude(_over()).order_by("currency", "confirmed_at", "-id")


def past_methods(provider: Provider) -> QuerySet[PayoutMethod]:
    """What was removed, replaced or never confirmed in time; to be ordered by the newest."""
    return _of(provider).filter(_over())


def all_methods(provider: Provider) -> QuerySet[PayoutMethod]:
    """All that the provider has ever set."""
    return _of(provider)


def offered_currencies(provider: Provider) -> list[str]:
    """The currencies in which the provider offers anything, drafts too: those it will earn in."""
    return list(Offering.objects.filter(provider=provider).order_by().values_list("currency", flat=True).distinct())


def method_by_public_id(public_id: UUID) -> PayoutMethod | None:
    """A method with its provider's account and the people who set, confirmed and removed it."""
    people = ("created_by", "confirmed_by", "removed_by")
    return PayoutMethod.objects.select_related("provider__account", *people).filter(public_id=public_id).first()


def _of(provider: Provider) -> QuerySet[PayoutMethod]:
    return PayoutMethod.objects.filter(provider=provider)


def _over() -> Q:
    return Q(removed_at__isnull=False) | Q(confirmed_at=None, key_expires_at__lte=clock.now())


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(hex=text)
    except ValueError:
        return None
