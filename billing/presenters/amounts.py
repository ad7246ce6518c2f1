"""Only what an order costs, line by line: the same for a quote and for its charge."""

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.states import TaxCategory
from contracts.pricing import MONTH_HOURS, NetPrice
from core.countries import country_name
from core.formats import hours_text, minor, percent

Line = dict[str, object]


def statement(price: NetPrice, hours: int, tax_rate: Decimal, tax_minor: int, decision: Mapping[str, str]) -> list[Line]:
    """Rent, set-up fee and VAT, for c/statement.html. `decision` is the tax decision as it was bound or frozen."""
    note = _("%(hours)s h at %(price)s for %(month)d h") % {
        "hours": f"{hours:,}",
        "price": minor(price.monthly_minor, price.currency),
        "month": MONTH_HOURS,
    }
    fee = minor(price.setup_fee_minor, price.currency) if price.setup_fee_minor else _("none")
    return [
        {"label": hours_text(hours), "note": note, "amount": minor(price.rent_minor, price.currency)},
        {"label": _("Set-up fee"), "amount": fee},
        vat_line(tax_rate, tax_minor, price.currency, decision),
    ]


def vat_line(tax_rate: Decimal, tax_minor: int, currency: str, decision: Mapping[str, str]) -> Line:
    """VAT and whose it is. None of it is no rate of 0 %: that would be another kind of tax, so the reason stands there instead."""
    label = _("VAT %(rate)s") % {"rate": rate_text(tax_rate)} if tax_rate else _("VAT")
    return {"label": label, "note": tax_note(decision), "amount": minor(tax_minor, currency)}


def tax_note(decision: Mapping[str, str]) -> str:
    """Whose VAT it is, or why there is none."""
    match decision.get("category"):
        case TaxCategory.REVERSE_CHARGE:
            return _("Reverse charge: you account for it yourself")
        case TaxCategory.OUT_OF_SCOPE:
            return _("None outside of EU VAT")
        case TaxCategory.EXEMPT:
            return _("None: the seller is a small business")
        case TaxCategory.LEFT_OUT:
            return _("None is charged on payments by ICPay")
    return country_name(decision.get("country", ""))


def total(gross_minor: int, currency: str) -> Line:
    """The last line, with the double rule."""
    return {"label": _("Total"), "amount": minor(gross_minor, currency)}


def rate_text(rate: Decimal) -> str:
    """ "19 %", "8.1 %": a tax rate with the decimals that it has."""
    shown = (rate * 100).normalize()
    return percent(shown, max(0, -int(shown.as_tuple().exponent)))
