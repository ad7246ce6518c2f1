"""`{{ moment|when }}`, `day`, `until`, `{{ hours|hours_text }}`, `{{ rate|percent }}`: time and shares on pages."""

from datetime import date, datetime
from decimal import Decimal

from django import template

from core import formats

register = template.Library()


@register.filter
def when(moment: datetime | None) -> str:
    """ "19 Nov, 09:30" in UTC."""
    return "" if moment is None else formats.when(moment)


@register.filter
def day(moment: date | datetime | None) -> str:
    """ "19 Nov"."""
    return "" if moment is None else formats.day(moment)


@register.filter
def until(moment: datetime | None) -> str:
    """ "in 42 min"."""
    return "" if moment is None else formats.until(moment)


@register.filter
def hours_text(hours: int | None) -> str:
    """ "30 days"."""
    return "" if hours is None else formats.hours_text(hours)


@register.filter
def percent(value: Decimal | int | None, decimals: int = 0) -> str:
    """ "99.98 %"."""
    return "" if value is None else formats.percent(value, decimals)
