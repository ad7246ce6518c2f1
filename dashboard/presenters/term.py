"""Only the term bar: how much of a prepaid term is served, still held back, and given back."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from contracts.brief import Brief
from contracts.states import State
from core.formats import hours_text
from core.words import gettext as _
from core.words import kept_words
from dashboard.figures import Split, percent_of
from dashboard.presenters.times import days_text, hours_counted, is_hourly, used_and_unused

DAY = 86_400


@dataclass(frozen=True, slots=True)
class TermBar:
    """Figures of `c/term.html`: percent of what was paid, the words at both ends, and what is spoken instead of the drawing."""

    unpaid: bool
    released: Decimal
    refunded: Decimal
    start: str
    end: str
    label: str


def term_bar(contract: Brief, parts: Split, now: datetime) -> TermBar:
    """The bar of a list row; the detail page adds the mark of now, and its own ends."""
    start, end = _ends(contract, now)
    return TermBar(
        unpaid=not parts.paid,
        released=percent_of(parts.served, parts.paid),
        # What the customer's bank took back is not served either: the customer has it.
        refunded=percent_of(parts.refunded + parts.lost, parts.paid),
        start=start,
        end=end,
        label=_spoken(parts) if parts.paid else "",
    )


def now_mark(contract: Brief, now: datetime) -> tuple[Decimal, str] | None:
    """Where now is on the bar, in percent, and its words; None before delivery and after the end."""
    used = contract.used_seconds(now)
    if used is None or contract.is_final:
        return None
    return percent_of(used, contract.term_seconds), _now_label(contract, used)


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
    shares = (parts.served, parts.held, parts.refunded, parts.lost)
    return _shares(*(round(percent_of(share, parts.paid)) for share in shares))


@kept_words
def _shares(served: int, held: int, refunded: int, lost: int) -> str:
    words = [
        (_("%(n)d percent served"), served),
        (_("%(n)d percent held back"), held),
        (_("%(n)d percent refunded"), refunded),
        (_("%(n)d percent lost to a dispute"), lost),
    ]
    return ", ".join(text % {"n": share} for text, share in words if share)


def _ends(contract: Brief, now: datetime) -> tuple[str, str]:
    whole = hours_text(contract.term_seconds // 3600)
    used = contract.used_seconds(now)
    over = contract.is_final
    if contract.paid_at is None:
        return (_("Not paid") if over else _("Not paid yet")), whole
    if used is None:
        return (_("Never started"), _("%(term)s refunded") % {"term": whole}) if over else (_("Starts at delivery"), whole)
    if contract.state == State.COMPLETED:
        return _("Served in full"), whole
    term, left = contract.term_seconds, contract.term_seconds - used
    if over:
        spent, unspent = used_and_unused(used, term)
        return _used(_counted(spent, term)), _unused(_counted(unspent, term))
    if contract.state == State.PROVISIONED and used < DAY and not is_hourly(term):
        return _("Term has just started"), whole
    start = _place(*_number(term, used), is_hourly(term), contract.state == State.SUSPENDED)
    return start, _left(_units(term, left))


def _number(term: int, used: int) -> tuple[int, int]:
    """In which day (hour) of how many."""
    size = 3600 if is_hourly(term) else DAY
    return min(used // size + 1, max(1, term // size)), term // size


def _units(term: int, seconds: int) -> str:
    return hours_counted(seconds // 3600) if is_hourly(term) else days_text(seconds // DAY)


def _counted(count: str, term: int) -> str:
    """ "11.02 days", "1 day"."""
    if count.isdecimal():
        return hours_counted(int(count)) if is_hourly(term) else days_text(int(count))
    return (_("%(n)s hours") if is_hourly(term) else _("%(n)s days")) % {"n": count}


def _now_label(contract: Brief, used: int) -> str:
    """ "now, day 31", or the hour of a short term."""
    number, _all = _number(contract.term_seconds, used)
    return (_("now, hour %(n)d") if is_hourly(contract.term_seconds) else _("now, day %(n)d")) % {"n": number}


@kept_words
def _place(number: int, whole: int, hourly: bool, stopped: bool) -> str:  # noqa: FBT001 (figures of one sentence)
    text = _("Hour %(n)d of %(all)d") if hourly else _("Day %(n)d of %(all)d")
    if stopped:
        text = _("%(place)s, stopped") % {"place": text}
    return text % {"n": number, "all": whole}


@kept_words
def _used(time: str) -> str:
    return _("%(used)s used") % {"used": time}


@kept_words
def _unused(time: str) -> str:
    return _("%(left)s unused") % {"left": time}


@kept_words
def _left(time: str) -> str:
    return _("%(left)s left") % {"left": time}
