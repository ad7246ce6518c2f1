"""An import's preview as ready strings: what it does, what is wrong, and a sample of the rest."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.formats import when
from providers.forms import OfferingForm
from providers.models import ImportPreview
from providers.spreadsheet import STATUS

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row of the file: what becomes of it, and either its errors or its changes, each as label and text."""

    line: int
    reference: str
    name: str
    fate: str
    tone: str
    notes: list[tuple[str, str]]


@dataclass(frozen=True)
class PreviewPage:
    """The whole preview. `hidden` says how many rows are not shown, "" when all are."""

    id: int
    file_name: str
    lede: str
    expires: str
    bad: list[PreviewRow]
    good: list[PreviewRow]
    hidden_bad: str
    hidden_good: str
    bad_count: int
    good_count: int
    button: str


def preview_page(preview: ImportPreview) -> PreviewPage:
    """What the file would do."""
    bad = [row for row in preview.rows if row["errors"]]
    good = [row for row in preview.rows if not row["errors"]]
    made = sum(row["id"] is None for row in good)
    changed = sum(bool(row["changes"]) for row in good)
    return PreviewPage(
        id=preview.pk,
        file_name=preview.file_name,
        lede=_lede(made, changed, len(good) - made - changed, len(bad)),
        expires=when(preview.expires_at),
        bad=[_row(row) for row in bad[:MOST_SHOWN]],
        good=[_row(row) for row in good[:MOST_SHOWN]],
        hidden_bad=_hidden(len(bad)),
        hidden_good=_hidden(len(good)),
        bad_count=len(bad),
        good_count=len(good),
        button=_button(len(good), is_part=bool(bad)),
    )


def done(made: int, changed: int) -> str:
    """What an import did, as a message."""
    return _("Imported: %(what)s.") % {"what": ", ".join(_parts(made, changed)) or _("nothing was different")}


def _lede(made: int, changed: int, same: int, bad: int) -> str:
    parts = _parts(made, changed)
    if same:
        parts.append(ngettext("%(count)d stays as it is", "%(count)d stay as they are", same) % {"count": same})
    if bad:
        parts.append(ngettext("%(count)d row has errors", "%(count)d rows have errors", bad) % {"count": bad})
    return _("%(parts)s. Nothing is changed yet.") % {"parts": ", ".join(parts)}


def _parts(made: int, changed: int) -> list[str]:
    parts = []
    if made:
        parts.append(ngettext("%(count)d new offering", "%(count)d new offerings", made) % {"count": made})
    if changed:
        parts.append(ngettext("%(count)d changed", "%(count)d changed", changed) % {"count": changed})
    return parts


def _button(good: int, *, is_part: bool) -> str:
    if is_part:
        return ngettext("Import the %(count)d good row only", "Import the %(count)d good rows only", good) % {"count": good}
    return ngettext("Import %(count)d row", "Import %(count)d rows", good) % {"count": good}


def _hidden(count: int) -> str:
    rest = count - MOST_SHOWN
    return ngettext("and %(count)d more", "and %(count)d more", rest) % {"count": rest} if rest > 0 else ""


def _row(row: dict[str, Any]) -> PreviewRow:
    if row["errors"]:
        fate, tone = _("Left out"), "stop"
        notes = [(_label(column), sentence) for column, sentence in row["errors"].items()]
    elif row["id"] is None:
        fate, tone, notes = _("New"), "live", []
    elif row["changes"]:
        fate, tone = _("Changes"), "act"
        notes = [
            (_label(column), _("%(before)s → %(after)s") % {"before": before or "–", "after": after or "–"})
            for column, before, after in row["changes"]
        ]
    else:
        fate, tone, notes = _("As it is"), "end", []
    return PreviewRow(row["line"], row["reference"], row["name"], fate, tone, notes)


def _label(column: str) -> str:
    if column == STATUS:
        return _("Status")
    field = OfferingForm.base_fields.get(column)
    return str(field.label) if field else ""
