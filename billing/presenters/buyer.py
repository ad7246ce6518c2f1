"""Only what pages say of who buys: the two kinds of buyer, and the state of a VAT id."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Account
from billing.models import VatCheck
from billing.states import BuyerKind, VatCheckState
from billing.vat_ids import is_vies_id, split_vat_id, tidy_vat_id
from billing.vat_queries import check_to_show
from core.countries import country_name
from core.errors import Refused
from core.formats import when
from core.vat import vat_state

Option = dict[str, object]

TONES = {
    VatCheckState.VALID: "live",
    VatCheckState.INVALID: "stop",
    VatCheckState.PENDING: "wait",
    VatCheckState.UNAVAILABLE: "wait",
}


@dataclass(frozen=True)
class VatIdState:
    """Ready strings for templates/billing/vat_state.html. `polls`: an answer is on its way. `told`: what VIES says of who it is."""

    label: str
    tone: str
    text: str
    checked: str = ""
    told: tuple[str, ...] = ()
    polls: bool = False
    may_ask: bool = False


def kind_options(chosen: str) -> list[Option]:
    """For c/choice.html."""
    more = {BuyerKind.PERSON: _("prices with VAT"), BuyerKind.COMPANY: _("with a VAT id, or without")}
    return [{"value": kind.value, "main": kind.label, "sub": more[kind], "checked": chosen == kind.value} for kind in BuyerKind]


def vat_id_state(typed: str, country: str, account: Account) -> VatIdState:
    """What is known of an id that an account has typed, and what it means for the price."""
    try:
        vat_id = tidy_vat_id(typed)
    except Refused as refused:
        return VatIdState(_("Not possible"), "stop", refused.reason)
    if not vat_id:
        return VatIdState(_("None"), "end", _("Without one, the VAT of your country is charged."))
    if not is_vies_id(vat_id):
        return VatIdState(_("Not checked"), "end", _("Only ids of EU countries can be checked. It is printed on your invoices."))
    check = check_to_show(split_vat_id(vat_id), account)
    if check is None:
        return VatIdState(_("Not checked yet"), "wait", _("It is checked before you order."), may_ask=True)
    state = VatCheckState(check.state)
    return VatIdState(
        label=str(state.label),
        tone=TONES[state],
        text=_meaning(state, country),
        checked=_("VIES, %(time)s UTC") % {"time": when(check.answered_at)} if check.answered_at else "",
        told=_told(check),
        polls=state == VatCheckState.PENDING,
        may_ask=state == VatCheckState.UNAVAILABLE,
    )


def _meaning(state: VatCheckState, country: str) -> str:
    home = vat_state(settings.INVOICE_SELLER_COUNTRY, settings.INVOICE_SELLER_POSTCODE)
    if state == VatCheckState.INVALID:
        return _("VIES, the register of the EU, does not know it. You can go on without, with VAT.")
    if vat_state(country) == home:
        return _("Seller and buyer are both in %(country)s: its VAT applies, with a VAT id or without.") % {
            "country": country_name(settings.INVOICE_SELLER_COUNTRY)
        }
    if vat_state(country) is None:
        return _("Your country is outside of EU VAT: none is charged, with a VAT id or without.")
    if state == VatCheckState.VALID:
        return _("Confirmed. You pay no VAT here and account for it yourself: reverse charge.")
    if state == VatCheckState.PENDING:
        return _("VIES, the register of the EU, is being asked. Until it answers, VAT is charged.")
    return _("VIES does not answer just now, so VAT is charged. We ask on for 30 days; if it confirms the id, VAT comes back.")


def _told(check: VatCheck) -> tuple[str, ...]:
    lines = (check.name, *check.address.splitlines())
    return tuple(line.strip() for line in lines if line.strip())
