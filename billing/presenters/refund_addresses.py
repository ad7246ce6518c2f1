"""Only addresses for tokens that come back, as ready strings."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from billing.address_queries import address_state
from billing.letters import shortened
from billing.models import RefundAddress
from billing.refund_networks import network_name
from billing.states import AddressState
from core import clock
from core.formats import day, hours_text, when

TONES = {
    AddressState.WAITING: "act",
    AddressState.LAPSED: "end",
    AddressState.HELD: "wait",
    AddressState.USABLE: "live",
}


@dataclass(frozen=True)
class AddressRow:
    """One address on the list."""

    id: int
    network: str
    address: str
    short: str
    label: str
    tone: str
    note: str


@dataclass(frozen=True)
class AddressPage:
    """The page of the mailed link."""

    network: str
    address: str
    account: str
    given: str
    follows: str


def address_rows(found: Iterable[RefundAddress]) -> list[AddressRow]:
    """The rows of the list."""
    return [_row(one) for one in found]


def _row(found: RefundAddress) -> AddressRow:
    state = address_state(found, clock.now())
    return AddressRow(
        id=found.pk,
        network=network_name(found.network),
        address=found.address,
        short=shortened(found.address),
        label=str(state.label),
        tone=TONES[state],
        note=_note(found, state),
    )


def _note(found: RefundAddress, state: AddressState) -> str:
    match state:
        case AddressState.WAITING:
            return _("Open the link in the mail to %(email)s, within 24 hours.") % {"email": found.created_by.email}
        case AddressState.LAPSED:
            return _("Given %(day)s; the link was not followed.") % {"day": day(found.created_at)}
        case AddressState.HELD:
            return _("Used from %(moment)s UTC.") % {"moment": when(found.usable_at)} if found.usable_at else ""
        case _:
            return _("Since %(day)s.") % {"day": day(found.confirmed_at)} if found.confirmed_at else ""


def address_page(found: RefundAddress) -> AddressPage:
    """What a link would confirm."""
    of_network = RefundAddress.objects.filter(account=found.account_id, network=found.network, confirmed_at__isnull=False)
    follows = _("It is used as soon as you confirm.")
    if of_network.exists():
        follows = _("It is a change: it is used %(hold)s after you confirm, and what was in use before is not used any more.") % {
            "hold": hours_text(settings.REFUND_ADDRESS_HOLD_HOURS)
        }
    return AddressPage(
        network=network_name(found.network),
        address=found.address,
        account=found.account.name,
        given=_("%(moment)s UTC by %(user)s") % {"moment": when(found.created_at), "user": found.created_by},
        follows=follows,
    )


def confirmed_words(found: RefundAddress) -> str:
    """What has come of the link."""
    words = {"network": network_name(found.network), "moment": when(found.usable_at) if found.usable_at else ""}
    if found.usable_at is not None and found.usable_at > clock.now():
        return _("Confirmed. Tokens on %(network)s come back to it from %(moment)s UTC.") % words
    return _("Confirmed. Tokens on %(network)s come back to it from now on.") % words
