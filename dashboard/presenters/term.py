"""Only the term bar: how much of a prepaid term is served, still held back, and given back."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contracts.models import Contract
from contracts.states import State
from core.formats import hours_text
from dashboard.figures import Split, percent_of
from dashboard.presenters.times import days_text

DAY = 86_400


@dataclass(frozen=True, slots=True)
class TermBar:
    """Figures of `c/term.html`: percent of what was paid, and the words at both ends."""

    unpaid: bool
    released: Decimal
    refunded: Decimal
    now: Decimal | None
    now_label: str
    start: str
    end: str
    label: str


def term_bar(contract: Contract, parts: Split, now: datetime) -> TermBar:
    """The bar of a list row; the detail page adds its own ends."""
    start, end = _ends(contract, now)
    used = contract.used_seconds(now)
    running = used is not None and not contract.is_final
    place = used or 0
    return TermBar(
        unpaid=not parts.paid,
        released=percent_of(parts.served + parts.lost, parts.paid),
        refunded=percent_of(parts.refunded, parts.paid),
        now=percent_of(place, contract.term_seconds) if running else None,
        now_label=_now_label(contract, place) if running else "",
        start=start,
        end=end,
        label="" if not parts.paid else _spoken(parts),
    )


def drawn(bar: TermBar) -> SafeString:
    """The small bar of a list row: what c/term.html draws with size "s", without the cost of an include per row."""
    spoken = escape(_("not paid") if bar.unpaid else bar.label)
    stripes = "" if bar.unpaid else _stripes(bar)
    return mark_safe(  # noqa: S308 (words are escaped, the rest is drawn from numbers)
        f'<div class="term term--s{" term--unpaid" if bar.unpaid else ""}">'
        f'<svg class="term__bar" role="img" aria-label="{spoken}">{stripes}</svg>'
        f'<div class="term__ends"><span>{escape(bar.start)}</span><span>{escape(bar.end)}</span></div></div>'
    )


def _stripes(bar: TermBar) -> str:
    held = 100 - bar.released - bar.refunded
    stripes = ""
    if bar.released:
        stripes += f'<rect class="released" width="{bar.released}%" height="100%"/>'
    if held:
        stripes += f'<rect class="escrow" x="{bar.released}%" width="{held}%" height="100%"/>'
    if 0 < bar.released < 100:
        stripes += f'<rect class="cut" x="{bar.released}%" width="2" height="100%"/>'
    if held and bar.refunded:
        stripes += f'<rect class="cut" x="{100 - bar.refunded}%" width="2" height="100%"/>'
    return stripes


def _spoken(parts: Split) -> str:
    words = [
        (_("%(n)d percent served"), parts.served),
        (_("%(n)d percent held back"), parts.held),
        (_("%(n)d percent refunded"), parts.refunded),
        (_("%(n)d percent lost to a dispute"), parts.lost),
    ]
    return ", ".join(text % {"n": round(percent_of(part, parts.paid))} for text, part in words if part)


def _ends(contract: Contract, now: datetime) -> tuple[str, str]:
    whole = hours_text(contract.term_seconds // 3600)
    used = contract.used_seconds(now)
    if contract.paid_at is None:
        return (_("Not paid") if contract.is_final else _("Not paid yet")), whole
    if used is None:
        return (
            (_("Never started"), _("%(term)s refunded") % {"term": whole})
            if contract.is_final
            else (
                _("Starts at delivery"),
                whole,
            )
        )
    left = contract.term_seconds - used
    if contract.state == State.COMPLETED:
        return _("Served in full"), whole
    if contract.is_final:
        return _("%(used)s used") % {"used": _units(contract, used)}, _("%(left)s unused") % {"left": _units(contract, left)}
    if contract.state == State.PROVISIONED and used < DAY and contract.term_seconds >= 2 * DAY:
        return _("Term has just started"), whole
    start = _now_label(contract, used, pattern=_("%(place)s of %(all)s"))
    if contract.state == State.SUSPENDED:
        start = _("%(start)s, stopped") % {"start": start}
    return start, _("%(left)s left") % {"left": _units(contract, left)}


def _units(contract: Contract, seconds: int) -> str:
    if contract.term_seconds < 2 * DAY:
        hours = seconds // 3600
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return days_text(seconds // DAY)


def _now_label(contract: Contract, used: int, pattern: str = "") -> str:
    """ "now, day 31", or with a pattern "Day 31 of 90"; hours for terms under two days."""
    hourly = contract.term_seconds < 2 * DAY
    size = 3600 if hourly else DAY
    number = min(used // size + 1, max(1, contract.term_seconds // size))
    if not pattern:
        return (_("now, hour %(n)d") if hourly else _("now, day %(n)d")) % {"n": number}
    place = (_("Hour %(n)d") if hourly else _("Day %(n)d")) % {"n": number}
    return pattern % {"place": place, "all": contract.term_seconds // size}
