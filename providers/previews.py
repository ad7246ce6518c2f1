"""What an import would do, row by row: the file is read, compared with what is there, and kept for the user to decide."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.formats import minor
from providers.forms import OfferingForm
from providers.models import ImportPreview, Offering, Provider
from providers.rules import missing_to_publish
from providers.search.language import number
from providers.services.importing import keep_preview
from providers.services.offering import FIELDS, values_of
from providers.spreadsheet import STATUS, Line, cells_of, flag_errors, form_data, read
from providers.states import OfferingStatus

# The columns of sums are named by what people type.
_NAMES = {"monthly_minor": "monthly_price", "setup_fee_minor": "setup_fee"}
_LONGEST_SHOWN = 60


def preview_import(provider: Provider, file_name: str, content: bytes) -> ImportPreview:
    """Read a file and keep what it would do: each row made, changed or left as it is, or the errors that keep it out.

    A row is matched with an offering by `reference`. A column that the file lacks stays as it is; an empty cell empties it.
    Raises Refused(unreadable) for a file that is no such table.
    """
    lines = read(content)
    existing = _by_reference(provider, [line.cells.get("reference", "") for line in lines])
    uses = Counter(line.cells.get("reference", "") for line in lines)
    form = OfferingForm({})
    return keep_preview(provider, file_name, [_row(form, line, existing, uses) for line in lines])


def _by_reference(provider: Provider, references: Iterable[str]) -> dict[str, Offering]:
    wanted = {reference for reference in references if reference}
    found = Offering.objects.filter(provider=provider, reference__in=wanted).defer("search", "labels")
    return {offering.reference: offering for offering in found}


def _row(form: OfferingForm, line: Line, existing: dict[str, Offering], uses: Counter[str]) -> dict[str, Any]:
    """One row as a preview keeps it. `id` is None for a new offering, `seen` is when the other was last changed."""
    reference = line.cells.get("reference", "")
    offering = existing.get(reference)
    cells = (cells_of(offering) if offering else {}) | line.cells
    # One form for all rows: making one costs ten times as much as using it.
    form.data, form.taken = form_data(cells), offering.taken if offering else 0
    form.full_clean()
    errors = {name: str(messages[0]) for name, messages in form.errors.items()} | flag_errors(line.cells)
    if not reference:
        errors["reference"] = _("Each row needs a reference of its own.")
    elif uses[reference] > 1:
        errors["reference"] = _("This reference stands in the file more than once.")
    values = form.values() if not errors else {}
    status, status_errors = _status(line, offering, values)
    errors |= status_errors
    return {
        "line": line.number,
        "reference": reference[:_LONGEST_SHOWN],
        "name": cells.get("name", "")[:_LONGEST_SHOWN],
        "id": offering.pk if offering else None,
        "seen": offering.updated_at.isoformat() if offering else "",
        "status": status,
        "values": {} if errors else values,
        "changes": [] if errors or offering is None else _changes(offering, values, status),
        "errors": errors,
    }


def _status(line: Line, offering: Offering | None, values: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The status that the row asks for ("" leaves it), and what stands against it."""
    asked = line.cells.get(STATUS, "")
    if asked and asked not in OfferingStatus.values:
        return "", {STATUS: _("One of %(choices)s.") % {"choices": ", ".join(OfferingStatus.values)}}
    ends_as = asked or (offering.status if offering else OfferingStatus.DRAFT)
    if values and ends_as == OfferingStatus.PUBLISHED:
        return asked, {_NAMES.get(name, name): sentence for name, sentence in missing_to_publish(values).items()}
    return asked, {}


def _changes(offering: Offering, values: dict[str, Any], status: str) -> list[list[str]]:
    """What would be different: column, before, after."""
    before = values_of(offering)
    changes = [
        [_NAMES.get(name, name), _shown(name, before), _shown(name, values)] for name in FIELDS if before[name] != values[name]
    ]
    if status and status != offering.status:
        changes.append([STATUS, offering.status, status])
    return changes


def _shown(name: str, values: dict[str, Any]) -> str:
    value = values[name]
    if name in _NAMES:
        return minor(value, values["currency"])
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, list):
        value = " | ".join(value)
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
