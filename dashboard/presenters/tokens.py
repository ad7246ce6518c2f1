"""Only what a rental's page says of tokens that come back: how many, of which, on which network, where to, and how it stands."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import Refund
from billing.refund_networks import network_name
from billing.states import RefundState
from billing.tokens_back import TokensBack, tokens_back
from core.formats import day, money, when


@dataclass(frozen=True, slots=True)
class TokenRefund:
    """One refund: `asks` is the address of the page that asks where to, empty where nothing is needed of the customer."""

    amount: str
    note: str
    facts: list[dict[str, object]]
    asks: str


def token_refunds(refunds: Iterable[Refund]) -> list[TokenRefund]:
    """Those of the refunds that go back in tokens."""
    return [_shown(refund, back) for refund in refunds if (back := tokens_back(refund)) is not None]


def _shown(refund: Refund, back: TokensBack) -> TokenRefund:
    words = {
        "amount": money(refund.amount),
        "day": day(refund.succeeded_at or refund.created_at),
        "moment": when(back.address.usable_at) if back.address is not None and back.address.usable_at else "",
    }
    facts: list[dict[str, object]] = [{"label": _("Network"), "value": network_name(back.amount.network)}]
    if refund.state == RefundState.SUCCEEDED and not back.amount.units:
        note = _("For %(amount)s of what you paid: less than the smallest unit, so it comes with what comes back next.")
        return TokenRefund(back.amount.text, note % words, facts, "")
    if refund.state == RefundState.SUCCEEDED:
        note = _("Sent on %(day)s, for %(amount)s of what you paid.")
        if refund.reference:
            facts.append({"label": _("Transaction"), "value": refund.reference.partition(":")[2], "mono": True})
        return TokenRefund(back.amount.text, note % words, facts, "")
    if refund.state in {RefundState.SUBMITTING, RefundState.SUBMITTED}:
        note = _("On its way back to where you paid from, for %(amount)s.")
        return TokenRefund(back.amount.text, note % words, facts, "")
    if back.address is None:
        note = _("For %(amount)s of what you paid. We need an address of yours that takes this token; until then we wait.")
        return TokenRefund(back.amount.text, note % words, facts, f"{reverse('refund_addresses')}?network={back.amount.network}")
    facts.append({"label": _("To"), "value": back.address.address, "mono": True})
    if back.is_sendable:
        note = _("For %(amount)s of what you paid. A person sends it to the address that you confirmed.")
    else:
        note = _("For %(amount)s of what you paid. You changed the address, so it is sent after %(moment)s UTC.")
    return TokenRefund(back.amount.text, note % words, facts, "")
