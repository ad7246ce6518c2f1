"""The life of an offering: created as a draft, changed, published, archived, duplicated, shown to chosen accounts."""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Account
from core import clock
from core.errors import Refused
from core.outbox import emit
from core.rates import to_eur
from providers.models import Offering, OfferingAccess, Provider
from providers.rules import broken_rules, missing_to_publish
from providers.services.index import write_index
from providers.states import OfferingStatus

# What a provider sets; everything else follows from it or belongs to the services.
FIELDS = (
    "reference", "name", "description", "type", "visibility", "currency", "monthly_minor", "setup_fee_minor", "min_hours",
    "max_hours", "extension_price", "stock", "cpu_brand", "cpu_model", "cores", "cpu_ghz", "memory_gb", "memory_ecc",
    "disk_type", "disk_count", "disk_gb", "gpu_name", "gpu_count", "gpu_gb", "uplink_mbit", "traffic_tb",
    "traffic_unmetered", "country", "city", "operating_systems", "virtualisation", "control_panel", "features",
    "sla_uptime_percent", "sla_response_minutes", "auto_accept", "auto_accept_max_hours",
)  # fmt: skip
_SLUG_TRIES = 5


def create_offering(provider: Provider, **fields: Any) -> Offering:
    """A new draft of the provider. `fields` are names of FIELDS; sums are net, in minor units of `currency`.

    Raises Refused with the field for a figure that cannot stand, reference_taken for a reference that is in use. Emits
    offering.created.
    """
    now = clock.now()
    offering = Offering(provider=provider, created_at=now, updated_at=now)
    fill(offering, fields, eur_minor)
    with transaction.atomic():
        insert_with_slug(offering)
        write_index([offering])
        emit("offering.created", offering, provider=provider.pk)
    return offering


def update_offering(offering: Offering, **fields: Any) -> Offering:
    """Change what the provider sets; running contracts keep what they froze. Returns the offering as it is now.

    Raises Refused with the field for a figure that cannot stand (stock below what is taken, for one), and incomplete
    when a published offering would lose what a customer needs. Emits offering.updated with the names of what changed.
    """
    with transaction.atomic():
        found = locked(offering)
        before = values_of(found)
        fill(found, fields, eur_minor)
        if found.status == OfferingStatus.PUBLISHED:
            refuse_incomplete(found)
        after = values_of(found)
        changed = sorted(name for name in FIELDS if before[name] != after[name])
        if not changed:
            return found
        found.updated_at = clock.now()
        save_columns(found)
        write_index([found])
        emit("offering.updated", found, changed=changed)
    return found


def publish_offering(offering: Offering) -> Offering:
    """Put a draft or archived offering on the market. Its age counts from the first time.

    Raises Refused: incomplete with the first missing field and all of them in `data`; provider_inactive. Emits
    offering.published.
    """
    with transaction.atomic():
        # A provider that is being taken off the market waits here, or sees this offering published and takes it along.
        refuse_inactive(Provider.objects.select_for_update().get(pk=offering.provider_id))
        found = locked(offering)
        if found.status == OfferingStatus.PUBLISHED:
            return found
        refuse_incomplete(found)
        now = clock.now()
        found.status = OfferingStatus.PUBLISHED
        found.published_at = found.published_at or now
        found.updated_at = now
        found.save(update_fields=["status", "published_at", "updated_at"])
        write_index([found])
        emit("offering.published", found, provider=found.provider_id)
    return found


def archive_offering(offering: Offering) -> Offering:
    """Take an offering off the market; running contracts go on. Emits offering.archived."""
    with transaction.atomic():
        found = locked(offering)
        if found.status == OfferingStatus.ARCHIVED:
            return found
        found.status = OfferingStatus.ARCHIVED
        found.updated_at = clock.now()
        found.save(update_fields=["status", "updated_at"])
        emit("offering.archived", found, provider=found.provider_id)
    return found


def duplicate_offering(offering: Offering) -> Offering:
    """A draft with the same figures under another name and address; neither reference nor allow-list is taken over."""
    fields = values_of(offering) | {"reference": "", "name": _("%(name)s (copy)") % {"name": offering.name[:70]}}
    return create_offering(offering.provider, **fields)


def allow_account(offering: Offering, account: Account) -> OfferingAccess:
    """Put an account on the allow-list; once is enough. Emits offering.shared when it was not there."""
    with transaction.atomic():
        access, is_new = OfferingAccess.objects.get_or_create(
            offering=offering, account=account, defaults={"created_at": clock.now()}
        )
        if is_new:
            emit("offering.shared", offering, account=account.pk)
    return access


def disallow_account(offering: Offering, account: Account) -> bool:
    """Take an account off the allow-list; whether it was there. What it rents goes on. Emits offering.unshared."""
    with transaction.atomic():
        count, _rows = OfferingAccess.objects.filter(offering=offering, account=account).delete()
        if count:
            emit("offering.unshared", offering, account=account.pk)
    return bool(count)


def values_of(offering: Offering) -> dict[str, Any]:
    """What the provider has set, by the names of FIELDS."""
    return {name: getattr(offering, name) for name in FIELDS}


def locked(offering: Offering) -> Offering:
    """The row as it is now, locked until the transaction ends."""
    return Offering.objects.select_for_update(of=("self",)).select_related("provider").get(pk=offering.pk)


def fill(offering: Offering, fields: dict[str, Any], to_euro: Callable[[int, str], int]) -> None:
    """Set columns of an unsaved or locked offering and what follows from them; `to_euro` converts minor units of a currency.

    Raises Refused for figures that cannot stand, TypeError for a name that is not one of FIELDS.
    """
    foreign = sorted(set(fields) - set(FIELDS))
    if foreign:
        raise TypeError(f"not fields of an offering: {', '.join(foreign)}")
    for name, value in fields.items():
        setattr(offering, name, value)
    broken = broken_rules(values_of(offering), taken=offering.taken)
    if broken:
        field, sentence = next(iter(broken.items()))
        raise Refused(sentence, code="not_acceptable", field=field, data={"fields": broken})
    offering.price_eur_minor = to_euro(offering.monthly_minor, offering.currency)
    offering.setup_eur_minor = to_euro(offering.setup_fee_minor, offering.currency)


def eur_minor(minor: int, currency: str) -> int:
    """A price in euro cents at today's reference rate: good for sorting and searching, never for charging."""
    return to_eur(minor, currency, clock.now().date())


def refuse_inactive(provider: Provider) -> None:
    """Raise Refused(provider_inactive) for a provider that staff took off the market."""
    if not provider.active:
        raise Refused(_("The platform has taken you off the market; ask support why."), code="provider_inactive")


def refuse_incomplete(offering: Offering) -> None:
    """Raise Refused(incomplete) when a customer would miss something."""
    missing = missing_to_publish(values_of(offering))
    if missing:
        field, sentence = next(iter(missing.items()))
        raise Refused(sentence, code="incomplete", field=field, data={"fields": missing})


def save_columns(offering: Offering) -> None:
    """Write the columns that a provider sets; stock that is taken meanwhile is left to its own service."""
    try:
        with transaction.atomic():
            offering.save(update_fields=[*FIELDS, "price_eur_minor", "setup_eur_minor", "updated_at"])
    except IntegrityError as error:
        raise _reference_taken(error) from error


def insert_with_slug(offering: Offering) -> None:
    """Insert under the first address that is free: name and provider, then the same with a number."""
    for _try in range(_SLUG_TRIES):
        offering.slug = free_slug(offering.name, offering.provider)
        try:
            with transaction.atomic():
                offering.save(force_insert=True)
        except IntegrityError as error:
            if "slug" not in str(error):
                raise _reference_taken(error) from error
        else:
            return
    raise Refused(_("Too many are being created under this name at once. Try again."), code="busy", field="name")


def free_slug(name: str, provider: Provider) -> str:
    """An address that no offering has at this moment."""
    base = f"{slugify(name)[:50] or 'offering'}-{provider.slug[:40]}".strip("-")
    used = set(Offering.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in used:
        return base
    return next(slug for number in range(2, len(used) + 3) if (slug := f"{base}-{number}") not in used)


def _reference_taken(error: IntegrityError) -> Exception:
    if "offering_reference_once_per_provider" not in str(error):
        return error
    return Refused(_("You use this reference for another offering."), code="reference_taken", field="reference")
