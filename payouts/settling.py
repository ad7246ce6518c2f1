"""Only what the outside says of a payout that was paid: whether it can be, and which account of ours it left."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Sum
from django.utils.translation import gettext as _

from billing.ledger import Line, credit, debit
from billing.models import LedgerLine
from billing.payout_postings import payout_returned, payout_settled, payout_settled_in, settled_key
from billing.states import LedgerAccount as A
from core import clock
from core.currencies import CURRENCIES
from core.errors import Refused
from core.money import MAX_MINOR
from core.text import is_storable
from core.tokens import HOME_NETWORK, MOST_UNITS, token_code, token_text
from payouts.models import Payout
from payouts.states import MethodKind, Rail

LONGEST_REFERENCE = 120
# By hand they are paid in tokens, from what the gateway of tokens keeps for us.
IN_TOKENS = (MethodKind.ICP, MethodKind.EVM)
# Whose balance pays what leaves by itself in tokens; by hand it is that of the gateway of tokens.
_GATEWAYS: dict[str, str] = {Rail.ICRC1: "icrc1"}
_ASSET = re.compile(r"[A-Za-z][A-Za-z0-9]{1,11}", re.ASCII)


@dataclass(frozen=True)
class Paid:
    """Where and when the money left, as the outside says.

    `fee_minor` is what a bank took on top, in minor units of the payout's currency. Paid in a token: `units` of `token` in its
    smallest units, with the network's fee of `network_fee` units in it.
    """

    reference: str
    paid_at: datetime
    fee_minor: int = 0
    token: str = ""
    units: int | None = None
    network_fee: int = 0


def checked(payout: Payout, paid: Paid) -> Paid:
    """The same with a tidy reference. Raises Refused at the field: reference, paid_at, fee_minor, paid_currency, paid_units."""
    reference = " ".join(paid.reference.split())
    if not reference or len(reference) > LONGEST_REFERENCE or not reference.isprintable() or not is_storable(reference):
        raise Refused(
            _("Give the reference under which the payment is found, on one line of at most 120 characters."),
            code="required",
            field="reference",
        )
    _check_moment(payout, paid.paid_at)
    _check_figures(payout, paid)
    return replace(paid, reference=reference, token=ledger_name(payout, paid.token) if paid.token else "")


def _check_moment(payout: Payout, paid_at: datetime) -> None:
    if paid_at > clock.now():
        raise Refused(_("That lies in the future."), code="paid_at", field="paid_at")
    # Whoever writes it down knows the minute.
    if paid_at < payout.proposed_at.replace(second=0, microsecond=0):
        raise Refused(_("That was before the payout was proposed."), code="paid_at", field="paid_at")


def _check_figures(payout: Payout, paid: Paid) -> None:
    if not 0 <= paid.fee_minor <= min(payout.amount_minor, MAX_MINOR):
        raise Refused(_("The fee is at least 0 and at most the amount."), code="bad_fee", field="fee_minor")
    if payout.method.kind not in IN_TOKENS:
        if paid.token or paid.units is not None or paid.network_fee:
            raise Refused(_("This payout is not paid in a token."), code="no_token", field="paid_currency")
        return
    if not is_token(paid.token.removesuffix(f".{payout.method.network}")):
        raise Refused(_("Say in which token it was paid, such as ckUSDC."), code="bad_token", field="paid_currency")
    if paid.units is None or not 0 < paid.units <= MOST_UNITS:
        raise Refused(
            _("Say how many of the token’s smallest units left, the network’s fee included."), code="bad_units", field="paid_units"
        )
    if not 0 <= paid.network_fee < paid.units:
        raise Refused(
            _("The network’s fee is at least 0 and less than what left: it is a part of it."), code="bad_fee", field="network_fee"
        )
    if paid.fee_minor:
        raise Refused(_("A network’s fee is counted in the token."), code="bad_fee", field="fee_minor")


def is_token(name: str) -> bool:
    """Whether a token of this name can stand in the ledger beside currencies."""
    return bool(_ASSET.fullmatch(name)) and name not in CURRENCIES


def ledger_name(payout: Payout, asset: str) -> str:
    """What the ledger calls a token that a payout is paid in, such as USDC.base: the same asset on another network is another."""
    network = payout.method.network or HOME_NETWORK
    return token_code(asset.removesuffix(f".{network}"), network)


def units_received(payout: Payout) -> int:
    """The smallest units that the provider of a payout in tokens got: what left, without the network's fee of it."""
    fee = LedgerLine.objects.filter(
        entry__key=settled_key(payout.pk), account=A.GATEWAY_FEES, currency=payout.paid_currency
    ).aggregate(total=Sum("amount"))["total"]
    return int(payout.paid_units or 0) - int(fee or 0)


def post_settled(payout: Payout, paid: Paid) -> None:
    """The entry of a payout whose money has left."""
    if paid.units is None:
        source = _source(payout, credit, payout.amount_minor + paid.fee_minor)
        payout_settled(payout.pk, source, paid.fee_minor, payout.amount_minor, payout.currency)
    else:
        source = _source(payout, credit, paid.units, paid.token)
        payout_settled_in(payout.pk, source, payout.amount_minor, payout.currency, network_fee=paid.network_fee)


def checked_return(payout: Payout, units: int | None) -> int | None:
    """The smallest units that came back of a payout in tokens: as said, else what the provider got. None for one in money.

    Raises Refused: no_token, bad_units (both at the field units) for none, or more than had left.
    """
    if payout.paid_units is None:
        if units is not None:
            raise Refused(_("This payout was not paid in a token."), code="no_token", field="units")
        return None
    back = units_received(payout) if units is None else units
    if not 0 < back <= payout.paid_units:
        left = token_text(int(payout.paid_units), payout.paid_currency)
        raise Refused(
            _("More than nothing has come back, and at most %(left)s, which had left.") % {"left": left},
            code="bad_units",
            field="units",
        )
    return back


def post_returned(payout: Payout, units: int | None) -> None:
    """The entry of a payout whose money came back to where it had left: all of it, or so many smallest units of its token."""
    amount, token = (payout.amount_minor, "") if units is None else (units, payout.paid_currency)
    into = _source(payout, debit, amount, token)
    payout_returned(payout.pk, payout.provider, into, payout.amount_minor, payout.currency)


def _source(payout: Payout, side: Callable[[A, str, int, str], Line], amount: int, token: str = "") -> Line:
    """A line of the account of ours that a payout leaves from."""
    account, owner = A.GATEWAY_BALANCE, _GATEWAYS.get(payout.rail, "icpay")
    if payout.method.kind == MethodKind.STRIPE:
        # It leaves the balance by the lines of Stripe's report.
        account, owner = A.GATEWAY_CLEARING, "stripe"
    elif payout.method.kind == MethodKind.BANK:
        account, owner = A.BANK, "bank"
    return side(account, owner, amount, token)
