"""Importing a file of offerings in two steps: a preview that is kept, and the applying of exactly that preview."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from core.outbox import emit
from core.rates import Rates, rates_on
from providers.models import ImportPreview, Offering, Provider
from providers.services.index import write_index
from providers.services.offering import FIELDS, fill, refuse_inactive, refuse_incomplete
from providers.states import OfferingStatus

KEPT = timedelta(hours=1)
_BATCH = 500
_COLUMNS = {field.name: field for field in Offering._meta.concrete_fields}
_WRITTEN = (*FIELDS, "price_eur_minor", "setup_eur_minor", "status", "published_at", "updated_at")


def keep_preview(provider: Provider, file_name: str, rows: Sequence[dict[str, Any]]) -> ImportPreview:
    """Keep what an import would do, for an hour; older previews of the provider go. `rows` are those of previews.py."""
    now = clock.now()
    good = sum(not row["errors"] for row in rows)
    plain = json.loads(json.dumps(rows, cls=DjangoJSONEncoder))
    with transaction.atomic():
        ImportPreview.objects.filter(provider=provider, applied_at__isnull=True).delete()
        return ImportPreview.objects.create(
            provider=provider,
            file_name=file_name[:120],
            rows=plain,
            good=good,
            bad=len(rows) - good,
            created_at=now,
            expires_at=now + KEPT,
        )


def apply_import(preview: ImportPreview, *, keep_good: bool) -> tuple[int, int]:
    """Do what the preview showed, all of it or nothing; returns how many offerings were made and how many were changed.

    With errors among the rows it needs `keep_good`, the user's word that the good ones are wanted without the bad ones. Raises
    Refused: has_errors, expired, applied, changed (an offering is no longer as it was shown), and what a single offering may
    be refused for. Emits offerings.imported.
    """
    now = clock.now()
    with transaction.atomic():
        # Whoever makes, publishes or imports for this provider waits its turn.
        provider = Provider.objects.select_for_update().get(pk=preview.provider_id)
        found = ImportPreview.objects.select_for_update().filter(pk=preview.pk).first()
        if found is None:
            raise Refused(_("The preview is older than an hour. Upload the file again."), code="expired")
        _refuse_what_cannot_be_applied(found, keep_good=keep_good)
        rows = [row for row in found.rows if not row["errors"]]
        made = _make(provider, [row for row in rows if row["id"] is None])
        changed = _change(provider, [row for row in rows if row["id"] is not None and row["changes"]])
        found.applied_at, found.rows = now, []
        found.save(update_fields=["applied_at", "rows"])
        emit("offerings.imported", provider, made=[one.pk for one in made], changed=[one.pk for one in changed])
    return len(made), len(changed)


def forget_previews() -> int:
    """Delete previews whose time is over; returns how many. For the schedule, once an hour."""
    count, _rows = ImportPreview.objects.filter(expires_at__lt=clock.now()).delete()
    return count


def _refuse_what_cannot_be_applied(preview: ImportPreview, *, keep_good: bool) -> None:
    if preview.applied_at is not None:
        raise Refused(_("This import was applied already."), code="applied")
    if preview.expires_at < clock.now():
        raise Refused(_("The preview is older than an hour. Upload the file again."), code="expired")
    if preview.bad and not keep_good:
        raise Refused(_("Some rows have errors. Say that the others are to be imported without them."), code="has_errors")
    if not preview.good:
        raise Refused(_("No row can be imported."), code="has_errors")


def _make(provider: Provider, rows: Sequence[dict[str, Any]]) -> list[Offering]:
    now = clock.now()
    rates = rates_on(now.date())
    slugs = _Slugs(provider)
    offerings = []
    for row in rows:
        offering = Offering(provider=provider, created_at=now)
        _fill(offering, row, now, rates)
        offering.slug = slugs.take(offering.name)
        offerings.append(offering)
    try:
        with transaction.atomic():
            Offering.objects.bulk_create(offerings, batch_size=_BATCH)
    except IntegrityError:
        raise Refused(
            _("Meanwhile offerings were made under the same references or names. Upload the file again."), code="changed"
        ) from None
    _index(offerings)
    return offerings


def _change(provider: Provider, rows: Sequence[dict[str, Any]]) -> list[Offering]:
    now = clock.now()
    rates = rates_on(now.date())
    by_id = {row["id"]: row for row in rows}
    held = Offering.objects.select_for_update(of=("self",)).filter(provider=provider, pk__in=by_id).order_by("pk")
    offerings = list(held.select_related("provider").defer("search", "labels"))
    for offering in offerings:
        row = by_id[offering.pk]
        if row["seen"] != offering.updated_at.isoformat():
            message = _("Line %(line)s: the offering was changed meanwhile. Upload the file again.")
            raise Refused(message % {"line": row["line"]}, code="changed")
        _fill(offering, row, now, rates)
        # Deferred above, and not among the columns that are written below.
        offering.search, offering.labels = None, []
    if len(offerings) != len(rows):
        raise Refused(_("Some of the offerings are gone. Upload the file again."), code="changed")
    # An insert that meets its own row and updates it: many times faster than an update with a case for each row and column.
    Offering.objects.bulk_create(offerings, batch_size=_BATCH, update_conflicts=True, unique_fields=["id"], update_fields=_WRITTEN)
    _index(offerings)
    return offerings


def _fill(offering: Offering, row: dict[str, Any], now: datetime, rates: Rates) -> None:
    """Set what the row holds; a figure that cannot stand any more names its line."""
    values = {name: _COLUMNS[name].to_python(value) for name, value in row["values"].items()}
    try:
        fill(offering, values, rates.to_eur)
        offering.updated_at = now
        if row["status"]:
            offering.status = row["status"]
        if offering.status == OfferingStatus.PUBLISHED:
            refuse_inactive(offering.provider)
            refuse_incomplete(offering)
            offering.published_at = offering.published_at or now
    except Refused as refused:
        message = _("Line %(line)s: %(reason)s") % {"line": row["line"], "reason": refused.reason}
        raise Refused(message, code=refused.code) from refused


def _index(offerings: Sequence[Offering]) -> None:
    for start in range(0, len(offerings), _BATCH):
        write_index(offerings[start : start + _BATCH])


class _Slugs:
    """Addresses for many offerings at once: what is used is asked for once."""

    def __init__(self, provider: Provider) -> None:
        self.ending = provider.slug[:40]
        self.used = set(Offering.objects.filter(slug__contains=self.ending).values_list("slug", flat=True))
        self.last: dict[str, int] = {}

    def take(self, name: str) -> str:
        """An address that nobody has, and from now on nobody else gets."""
        base = f"{slugify(name)[:50] or 'offering'}-{self.ending}".strip("-")
        slug, number = base, self.last.get(base, 1)
        while slug in self.used:
            number += 1
            slug = f"{base}-{number}"
        self.last[base] = number
        self.used.add(slug)
        return slug
