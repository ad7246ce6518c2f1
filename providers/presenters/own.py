"""A provider's own offerings as ready strings: rows, tabs, where one is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.money import format_money
from core.pages import Count
from providers.models import Offering
from providers.spreadsheet import cells_of, form_data
from providers.states import OfferingStatus, OfferingType, Visibility

_TONES = {OfferingStatus.DRAFT: "wait", OfferingStatus.PUBLISHED: "live", OfferingStatus.ARCHIVED: "end"}
_LONGEST_Q = 80


@dataclass(frozen=True)
class Asked:
    """Which of the offerings are to be seen."""

    status: str = ""
    q: str = ""
    after: str | None = None
    before: str | None = None

    @classmethod
    def from_params(cls, params: QueryDict) -> Self:
        """What an address asks for; what it cannot ask for is left out."""
        status = params.get("status", "")
        return cls(
            status if status in OfferingStatus.values else "",
            params.get("q", "").strip()[:_LONGEST_Q],
            params.get("after"),
            params.get("before"),
        )

    def url(self, **cursor: str | None) -> str | None:
        """The address of another page of the same list; None for no cursor."""
        if not all(cursor.values()):
            return None
        return self._address(self.status, **{name: value or "" for name, value in cursor.items()})

    def tab(self, status: str) -> str:
        """The address of the same words under another status."""
        return self._address(status)

    def _address(self, status: str, **cursor: str) -> str:
        pairs = {"status": status, "q": self.q, **cursor}
        query = urlencode({name: value for name, value in pairs.items() if value})
        return reverse("provider_offerings") + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class OwnRow:
    """One offering as its provider's list shows it."""

    name: str
    reference: str
    slug: str
    edit_url: str
    kind: str
    status: str
    tone: str
    can_publish: bool
    can_archive: bool
    seen_by: str
    price: str
    stock: str
    taken: str


def rows(offerings: Iterable[Offering]) -> list[OwnRow]:
    """The rows of a page."""
    return [_row(offering) for offering in offerings]


def _row(offering: Offering) -> OwnRow:
    return OwnRow(
        name=offering.name,
        reference=offering.reference,
        slug=offering.slug,
        edit_url=reverse("offering_edit", args=[offering.slug]),
        kind=str(OfferingType(offering.type).label),
        status=str(OfferingStatus(offering.status).label),
        tone=_TONES[OfferingStatus(offering.status)],
        can_publish=offering.status != OfferingStatus.PUBLISHED,
        can_archive=offering.status != OfferingStatus.ARCHIVED,
        seen_by=str(Visibility(offering.visibility).label),
        price=format_money(offering.monthly),
        stock=_("%(count)d free") % {"count": offering.free},
        taken=_("%(taken)d of %(stock)d taken") % {"taken": offering.taken, "stock": offering.stock},
    )


def tabs(counts: Mapping[str, Count], asked: Asked) -> list[dict[str, Any]]:
    """One tab for all and one for each status, with counts."""
    labels = [("", _("All")), *OfferingStatus.choices]
    return [
        {"label": label, "url": asked.tab(status), "count": str(counts[status]), "current": asked.status == status}
        for status, label in labels
    ]


def lede(counts: Mapping[str, Count]) -> str:
    """The page in one sentence."""
    published, drafts = counts[OfferingStatus.PUBLISHED], counts[OfferingStatus.DRAFT]
    on_market = ngettext("%(count)s offering is on the market", "%(count)s offerings are on the market", published.value)
    waiting = ngettext("%(count)s draft waits for you", "%(count)s drafts wait for you", drafts.value)
    parts = [on_market % {"count": published}]
    if drafts.value:
        parts.append(waiting % {"count": drafts})
    return _("%(parts)s.") % {"parts": ", ".join(parts)}


def status_badge(offering: Offering) -> dict[str, str]:
    """The state of an offering as a badge."""
    status = OfferingStatus(offering.status)
    return {"label": str(status.label), "tone": _TONES[status]}


def crumbs(offering: Offering | None, last: str = "") -> list[dict[str, str]]:
    """Where a page below the list stands."""
    here = last or (offering.name if offering else _("New offering"))
    return [{"label": _("Offerings"), "url": reverse("provider_offerings")}, {"label": here}]


def as_sent(offering: Offering) -> dict[str, str]:
    """The offering as a browser would send its form."""
    return form_data(cells_of(offering))


def number(text: str) -> int:
    """An id out of a form; 0, which nothing has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
