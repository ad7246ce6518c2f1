"""How figures and moments read on every page: the plain functions behind the template tags, for presenters that make many rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils.dates import MONTHS_3
from django.utils.translation import gettext, ngettext

from core import clock
from core.money import MINUS, NO_BREAK_SPACE, Money, format_money

__all__ = ["day", "hours_text", "minor", "money", "percent", "until", "when"]


def money(amount: Money) -> str:
    """ "€ 1,284.50", in the active language. See core.money.format_money."""
    return format_money(amount)


def minor(amount: int, currency: str) -> str:
    """ "€ 1,284.50" from minor units and an ISO 4217 code, as they stand in a row."""
    return format_money(Money(amount, currency))


def when(moment: datetime) -> str:
    """ "19 Nov, 09:30" in UTC (the page names the zone once); the year only where it is not this one."""
    moment = moment.astimezone(UTC)
    return f"{day(moment)}, {moment.hour:02d}:{moment.minute:02d}"


def day(moment: date | datetime) -> str:
    """ "19 Nov", in UTC for a moment; "19 Nov 2025" where the year is not this one."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC)
    text = f"{moment.day} {str(MONTHS_3[moment.month]).title()}"
    return text if moment.year == clock.now().year else f"{text} {moment.year}"


def until(moment: datetime) -> str:
    """How far off a moment is, in its largest unit rounded down: "in 42 min", "in 3 h", "in 5 days", "2 h ago", "now"."""
    distance = moment - clock.now()
    size = _distance(abs(distance))
    if not size:
        return gettext("now")
    pattern = gettext("in %(distance)s") if distance > timedelta(0) else gettext("%(distance)s ago")
    return pattern % {"distance": size}


def _distance(span: timedelta) -> str:
    """ "42 min", "3 h", "5 days"; "" for less than a minute."""
    minutes = int(span.total_seconds()) // 60
    if minutes < 1:
        return ""
    if minutes < 60:
        return gettext("%(count)d min") % {"count": minutes}
    if minutes < 48 * 60:
        return gettext("%(count)d h") % {"count": minutes // 60}
    return ngettext("%(count)d day", "%(count)d days", minutes // 1440) % {"count": minutes // 1440}


def hours_text(hours: int) -> str:
    """A term: whole days where it is whole days ("30 days", "1 day"), else hours ("36 h")."""
    if hours and hours % 24 == 0:
        return ngettext("%(count)d day", "%(count)d days", hours // 24) % {"count": hours // 24}
    return gettext("%(count)d h") % {"count": hours}


def percent(value: Decimal | int, decimals: int = 0) -> str:
    """ "19 %", "99.98 %" with a no-break space, half up to `decimals`; a true minus for what is below."""
    figure = Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{MINUS if figure < 0 else ''}{abs(figure)}{NO_BREAK_SPACE}%"
