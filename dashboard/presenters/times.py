"""Only how far off things are, in the words of sentences: spans of two units, and the shortest clear name of a moment."""

from datetime import UTC, datetime, timedelta

from django.utils.translation import ngettext

from core.formats import when
from core.words import gettext as _
from core.words import kept_words

DAY = 86_400
HOUR = 3_600


def span(seconds: float) -> str:
    """ "42 min", "1 h 20 min", "1 day 20 h", "12 days": two units at most, rounded down."""
    return _span(int(seconds) // 60)


@kept_words
def _span(minutes: int) -> str:
    if minutes < 1:
        return _("less than a minute")
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        whole = _("%(n)d h") % {"n": hours}
        return f"{whole} {_('%(n)d min') % {'n': rest}}" if rest and hours < 6 else whole
    days, rest = divmod(hours, 24)
    return f"{days_text(days)} {_('%(n)d h') % {'n': rest}}" if rest and days < 3 else days_text(days)


def is_hourly(term_seconds: int) -> bool:
    """Whether a term is so short that hours are counted."""
    return term_seconds < 2 * DAY


def used_and_unused(used: int, term: int) -> tuple[str, str]:
    """How much of a term was used and how much was not, in its days or hours: together always all of it.

    The unused part is rounded down to hundredths, for nothing comes back of less: "11.02" and "18.98", or "5" and "25".
    """
    size = HOUR if is_hourly(term) else DAY
    unused = max(0, term - used) * 100 // size
    return _hundredths(term * 100 // size - unused), _hundredths(unused)


def _hundredths(count: int) -> str:
    whole, rest = divmod(count, 100)
    return f"{whole}.{rest:02d}" if rest else str(whole)


def of_term(count: str, term: int) -> str:
    """ "11.02 of 30 days", "5 of 24 hours"."""
    whole = hours_counted(term // HOUR) if is_hourly(term) else days_text(term // DAY)
    return _("%(count)s of %(all)s") % {"count": count, "all": whole}


@kept_words
def hours_counted(hours: int) -> str:
    """ "1 hour", "24 hours"."""
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}


@kept_words
def days_text(days: int) -> str:
    """ "1 day", "30 days"."""
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def moment_text(moment: datetime, now: datetime) -> str:
    """ "15:02" for today (UTC), else "19 Nov, 09:30"."""
    moment = moment.astimezone(UTC)
    if moment.date() == now.astimezone(UTC).date():
        return f"{moment:%H:%M}"
    return when(moment)


def is_soon(moment: datetime, now: datetime) -> bool:
    """Whether a deadline deserves amber: less than three hours are left."""
    return moment - now < timedelta(hours=3)
