"""`{{ amount|money }}` and `{% minor amount currency %}`: money on pages."""

from django import template

from core import formats
from core.money import Money

register = template.Library()


@register.filter
def money(amount: Money | None) -> str:
    """ "€ 1,284.50"; nothing for None, because an amount that is not known is not zero."""
    return "" if amount is None else formats.money(amount)


@register.simple_tag
def minor(amount: int | None, currency: str) -> str:
    """The same from minor units and a currency code, as they stand in a row."""
    return "" if amount is None else formats.minor(amount, currency)
