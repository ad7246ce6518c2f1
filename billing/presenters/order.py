"""Only what the order page shows: terms, systems, keys, prices, and what leaving gives back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from accounts.models import SshKey
from billing.forms import OrderForm
from billing.leaving import Leaving, every_day, key_moments, leaving_after
from billing.models import Quote
from billing.presenters.amounts import Line, statement, total
from billing.presenters.buyer import VatIdState, kind_options, vat_id_state
from billing.services.vat import with_known_check
from billing.states import TaxCategory, VatCheckState
from billing.tax import TaxFacts, price_with_tax
from contracts.pricing import net_price, rent_minor
from core import clock
from core.countries import country_name
from core.formats import day, hours_text, minor, money
from core.money import Money, minimum_minor
from providers.models import Offering
from providers.presenters.hardware import disk, gpu, memory, processor

Option = dict[str, object]


@dataclass(frozen=True)
class Row:
    """One line of the table of leaving: after how long, and what comes back, VAT included."""

    after: str
    back: str


@dataclass(frozen=True)
class OrderPage:
    """Ready strings for templates/billing/order.html."""

    is_expired: bool
    country: str
    what: str
    terms: list[Option]
    day_price: str
    systems: list[Option]
    keys: list[Option]
    opens_new_key: bool
    lines: list[Line]
    total: Line
    kinds: list[Option]
    vat: VatIdState
    vat_news: str
    leaving: list[Row]
    every_day: list[Row]
    button: str


def order_page(quote: Quote, form: OrderForm) -> OrderPage:
    """All of the page for one quote and what was typed so far."""
    daily = minor(rent_minor(quote.monthly_minor, 24, quote.currency), quote.currency)
    return OrderPage(
        is_expired=quote.expires_at <= clock.now(),
        country=country_name(quote.offering.country),
        what=hardware(quote.offering),
        terms=_terms(quote, str(form["hours"].value())),
        day_price=daily,
        systems=[_system(name, str(form["operating_system"].value())) for name in quote.terms["operating_systems"]],
        keys=[_key(key, str(form["ssh_key"].value() or "")) for key in form.keys.values()],
        opens_new_key=bool(form["public_key"].value() or form["public_key"].errors),
        lines=statement(quote.price, quote.hours, quote.tax_rate, quote.tax_minor, quote.tax_decision),
        total=total(quote.gross_minor, quote.currency),
        kinds=kind_options(str(form["kind"].value() or "")),
        vat=vat_id_state(str(form["vat_id"].value() or ""), quote.country, quote.account),
        vat_news=_vat_news(quote),
        leaving=[_row(quote, hours) for hours in key_moments(quote.hours)],
        every_day=[_row(quote, hours) for hours in every_day(quote.hours)],
        button=_("Order with obligation to pay %(amount)s") % {"amount": money(quote.gross)},
    )


def _vat_news(quote: Quote) -> str:
    """VIES has answered since the price was made."""
    facts = TaxFacts.from_json(quote.tax_facts) if quote.tax_facts else TaxFacts(quote.country)
    if facts.vat_check not in (VatCheckState.PENDING, VatCheckState.UNAVAILABLE):
        return ""
    if with_known_check(facts).vat_check != VatCheckState.VALID or quote.tax_decision["category"] != TaxCategory.STANDARD:
        return ""
    return _("VIES has confirmed your VAT id meanwhile. Look at the price again before you order.")


def hardware(offering: Offering) -> str:
    """ "8 vCPU, 32 GB, 320 GB NVMe" as far as it is known."""
    disks = disk(offering)
    parts = [gpu(offering), processor(offering).value, memory(offering).value, f"{disks.value} {disks.note}".strip()]
    return ", ".join(part for part in parts if part)


def start_of_choices(quote: Quote, keys: list[SshKey]) -> dict[str, Any]:
    """What is chosen before anybody chose: the quoted term, the first system, the newest key."""
    systems = quote.terms["operating_systems"]
    return {
        "hours": quote.hours,
        "operating_system": systems[0] if systems else "",
        "ssh_key": str(keys[0].pk) if keys else "",
    }


def _terms(quote: Quote, chosen: str) -> list[Option]:
    """Every term at the offering's price now; the quoted one at the quoted price."""
    offering = quote.offering
    options: list[Option] = []
    for term in offering.terms():
        price = net_price(offering.monthly_minor, offering.setup_fee_minor, term.hours, offering.currency)
        gross = price_with_tax(price.net_minor, quote.tax_rate, offering.currency).gross
        net = price.net_minor
        if term.hours == quote.hours:
            gross, net = quote.gross, quote.net_minor
        reason = term.reason or _too_small(gross)
        ends = ""
        if term.hours == quote.hours:
            ends = _("Ends about %(day)s when delivered today") % {"day": day(clock.now() + timedelta(hours=term.hours))}
        options.append(
            {
                "value": term.hours,
                "main": hours_text(term.hours),
                "sub": reason or ends,
                "end": money(gross),
                "end_sub": _("not offered") if reason else _("%(net)s before VAT") % {"net": minor(net, offering.currency)},
                "checked": chosen == str(term.hours),
                "disabled": bool(reason),
            }
        )
    return options


def _too_small(gross: Money) -> str:
    least = minimum_minor(gross.currency)
    if gross.minor >= least:
        return ""
    return _("The smallest payment is %(amount)s") % {"amount": minor(least, gross.currency)}


def _system(name: str, chosen: str) -> Option:
    return {"value": name, "main": name, "checked": name == chosen}


def _key(key: SshKey, chosen: str) -> Option:
    kind = key.key_type.removeprefix("ssh-")
    size = "" if kind == "ed25519" else f" {key.bits}"
    return {
        "value": key.pk,
        "main": key.name,
        "sub": format_html('<span class="mono">{}</span>', key.fingerprint),
        "end_sub": f"{kind.capitalize() if kind == 'ed25519' else kind.upper()}{size}",
        "checked": chosen == str(key.pk),
    }


def _row(quote: Quote, after_hours: int) -> Row:
    leaving: Leaving = leaving_after(quote.price, quote.hours, quote.tax_rate, after_hours)
    return Row(hours_text(after_hours), money(leaving.gross))
