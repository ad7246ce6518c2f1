"""Becoming a provider and keeping its profile."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Account
from core import clock
from core.errors import Refused
from core.outbox import emit
from providers.models import Offering, Provider
from providers.services.index import write_index
from providers.states import OfferingStatus

FIELDS = (
    "name", "description", "website", "country", "city", "legal_name", "legal_address", "legal_country", "vat_id",
    "tax_status",
)  # fmt: skip
_SLUG_TRIES = 5


def become_provider(account: Account, **fields: Any) -> Provider:
    """Make the account a provider. Raises Refused: already_provider, name_taken. Emits provider.created."""
    if Provider.objects.filter(account=account).exists():
        raise Refused(_("This account is a provider already."), code="already_provider")
    provider = Provider(account=account, created_at=clock.now(), **_checked(fields))
    with transaction.atomic():
        _refuse_taken_name(provider)
        _insert_with_slug(provider)
        emit("provider.created", provider, account=account.pk)
    return provider


def update_provider(provider: Provider, **fields: Any) -> Provider:
    """Change the profile; its address stays, so that links to it last. Raises Refused(name_taken). Emits provider.updated."""
    with transaction.atomic():
        found = Provider.objects.select_for_update().get(pk=provider.pk)
        changed = sorted(name for name, value in _checked(fields).items() if getattr(found, name) != value)
        if not changed:
            return found
        for name in changed:
            setattr(found, name, fields[name])
        if "name" in changed:
            _refuse_taken_name(found)
        found.save(update_fields=changed)
        if "name" in changed:
            write_index(list(Offering.objects.filter(provider=found).select_related("provider")))
        emit("provider.updated", found, changed=changed)
    return found


def deactivate_provider(provider: Provider) -> int:
    """Take a provider and all it offers off the market: what is published becomes a draft, running contracts go on.

    Returns how many offerings that were. Emits provider.deactivated.
    """
    with transaction.atomic():
        found = Provider.objects.select_for_update().get(pk=provider.pk)
        found.active = False
        found.save(update_fields=["active"])
        published = Offering.objects.filter(provider=found, status=OfferingStatus.PUBLISHED)
        count = published.update(status=OfferingStatus.DRAFT, updated_at=clock.now())
        emit("provider.deactivated", found, offerings=count)
    return count


def activate_provider(provider: Provider) -> None:
    """Let a provider publish again; it decides what. Emits provider.activated."""
    with transaction.atomic():
        if Provider.objects.filter(pk=provider.pk, active=False).update(active=True):
            emit("provider.activated", provider)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    foreign = sorted(set(fields) - set(FIELDS))
    if foreign:
        raise TypeError(f"not fields of a provider: {', '.join(foreign)}")
    return fields


def _refuse_taken_name(provider: Provider) -> None:
    if Provider.objects.filter(name__iexact=provider.name).exclude(pk=provider.pk).exists():
        raise Refused(_("Another provider has this name."), code="name_taken", field="name")


def _insert_with_slug(provider: Provider) -> None:
    base = slugify(provider.name)[:60] or "provider"
    for _try in range(_SLUG_TRIES):
        used = set(Provider.objects.filter(slug__startswith=base).values_list("slug", flat=True))
        numbered = (f"{base}-{number}" for number in range(2, len(used) + 3))
        provider.slug = base if base not in used else next(slug for slug in numbered if slug not in used)
        try:
            with transaction.atomic():
                provider.save(force_insert=True)
        except IntegrityError as error:
            if "account_id" in str(error):
                raise Refused(_("This account is a provider already."), code="already_provider") from error
            if "slug" not in str(error):
                raise
        else:
            return
    raise Refused(_("Too many are being created under this name at once. Try again."), code="busy", field="name")
