"""The words of every mail about where tokens go back to. They are sent by accounts.letters."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.letters import Letter
from billing.models import RefundAddress
from billing.refund_networks import network_name
from core import clock
from core.formats import hours_text, when


def address_to_confirm(found: RefundAddress, secret: str) -> Letter:
    """To who gave it: the link."""
    return Letter(
        subject=_("Confirm where your tokens come back to"),
        lead=_("You gave an address on %(network)s for refunds of %(account)s. Nothing is sent there yet.") % _names(found),
        paragraphs=(_("Follow the link, compare the address with your wallet, and confirm."),),
        lines=_lines(found),
        action_url=settings.SITE_URL + reverse("refund_address_confirm", args=[secret]),
        action_label=_("Look at it and confirm"),
        small=_("The link works once, for 24 hours."),
        reason=_("You get this because you gave it. If it was not you, confirm nothing, and set a new password now."),
    )


def address_confirmed(found: RefundAddress) -> Letter:
    """To all who look after the account's money: from when on tokens go there."""
    assert found.usable_at is not None
    names = {**_names(found), "moment": when(found.usable_at)}
    if found.usable_at > clock.now():
        lead = _("Refunds of %(account)s on %(network)s go to another address from %(moment)s UTC.") % names
    else:
        lead = _("Refunds of %(account)s on %(network)s go to this address from now on.") % names
    return _notice(found, _("An address for refunds was confirmed"), lead)


def address_removed(found: RefundAddress) -> Letter:
    """To the same: nothing goes there any more."""
    lead = _("Nothing that comes back to %(account)s on %(network)s is sent to this address any more.") % _names(found)
    return _notice(found, _("An address for refunds was removed"), lead)


def _notice(found: RefundAddress, subject: str, lead: str) -> Letter:
    return Letter(
        subject=subject,
        lead=lead,
        paragraphs=(
            _("If this was not you or a colleague: remove it, set a new password, and tell us."),
            _("After a change nothing is sent to the new address for %(hold)s.") % _names(found),
        ),
        lines=_lines(found),
        action_url=settings.SITE_URL + reverse("refund_addresses"),
        action_label=_("See where tokens come back to"),
        reason=_("You get this because you look after the money of %(account)s on Decent Cloud.") % _names(found),
    )


def _names(found: RefundAddress) -> dict[str, str]:
    return {
        "account": found.account.name,
        "network": network_name(found.network),
        "hold": hours_text(settings.REFUND_ADDRESS_HOLD_HOURS),
    }


def _lines(found: RefundAddress) -> tuple[dict[str, str], ...]:
    return (
        {"label": _("Network"), "amount": network_name(found.network)},
        {"label": _("Address"), "amount": shortened(found.address)},
    )


def shortened(address: str) -> str:
    """Enough to know it again: "ryjl3- … cai"."""
    return f"{address[:8]} … {address[-6:]}"
