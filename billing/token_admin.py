"""Only what staff's pages say of refunds in tokens: how much of what goes where, and the form of what was sent."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Refund
from billing.refund_networks import network_name
from billing.services.token_refund import LONGEST_REFERENCE
from billing.states import RefundState
from billing.tokens_back import amount_back, tokens_back
from core.formats import money, when
from core.tokens import TokenAmount, figure

# Before anything was sent by anybody.
OPEN = (RefundState.REQUESTED, RefundState.AWAITING_APPROVAL, RefundState.MANUAL, RefundState.FAILED)


class BeginForm(forms.Form):
    """The address that the page has shown, so that no other is frozen."""

    address = forms.IntegerField(widget=forms.HiddenInput, required=False)


class TransactionForm(forms.Form):
    """Where the tokens can be found again, and what the network took, in whole tokens as they are shown."""

    reference = forms.CharField(
        label=_("Transaction’s reference"), max_length=LONGEST_REFERENCE, help_text=_("Its hash or its index in the ledger.")
    )
    network_fee = forms.CharField(
        label=_("Network’s fee, in whole tokens"),
        max_length=80,
        required=False,
        help_text=_("Such as 0.0001. It is ours: the customer gets all of the amount."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = self.initial.get("token")
        if told is not None:
            words = {"token": told.code, "places": told.decimals, "smallest": figure(1, told.decimals)}
            self.fields["network_fee"].help_text = (
                gettext(
                    "In whole %(token)s, such as 0.0001, with at most %(places)d places: %(smallest)s is its smallest unit. It is "
                    "ours: the customer gets all of the amount."
                )
                % words
            )


def shown_address(refund: Refund) -> dict[str, int | None]:
    """What `BeginForm` carries."""
    back = tokens_back(refund)
    return {"address": None if back is None or back.address is None else back.address.pk}


def shown_token(refund: Refund) -> dict[str, TokenAmount | None]:
    """What `TransactionForm` is told."""
    return {"token": amount_back(refund)}


def tokens_text(refund: Refund) -> str:
    """ "12.5 ICP"; a dash for money."""
    amount = amount_back(refund)
    return "–" if amount is None else amount.text


def units_text(refund: Refund) -> str:
    """ "12.5 ICP (1250000000 smallest units)": as people write it, and beside it as chains count it."""
    amount = amount_back(refund)
    if amount is None:
        return "–"
    return gettext("%(text)s (%(units)d smallest units)") % {"text": amount.text, "units": amount.units}


def network_text(refund: Refund) -> str:
    """On which network."""
    amount = amount_back(refund)
    return "–" if amount is None else network_name(amount.network)


def address_text(refund: Refund) -> str:
    """Where it goes or went: what was frozen, else the customer's confirmed address with the moment from which it may be used, or
    that there is none. A dash where nothing was sent to an address, as by ICPay itself.
    """
    back = tokens_back(refund)
    if back is None or (refund.state not in OPEN and not back.is_begun):
        return "–"
    if back.address is None:
        return gettext("the customer has not given one yet")
    address = str(back.address.address)
    if back.is_sendable or back.address.usable_at is None:
        return address
    return gettext("%(address)s, but not before %(moment)s UTC: it was changed") % {
        "address": address,
        "moment": when(back.address.usable_at),
    }


def explain_begin(refund: Refund) -> str:
    """What would be sent where."""
    text = gettext(
        "You are about to send %(tokens)s, worth %(amount)s, on %(network)s to: %(address)s. The address is frozen now, whatever "
        "the customer changes. Send it only once this page has said yes; then write down the transaction. With ICPay’s own "
        "button for refunds do nothing here: it is told by itself."
    )
    return text % _words(refund)


def explain_stop(refund: Refund) -> str:
    """Only what was not sent may begin anew."""
    text = gettext("Nothing of %(tokens)s has left to %(address)s. Be sure: whoever begins next sends it, to the address of then.")
    return text % _words(refund)


def explain_tokens(refund: Refund) -> str:
    """What was sent where, to be written down."""
    text = gettext(
        "Exactly %(tokens)s, worth %(amount)s, has left on %(network)s to: %(address)s. The network’s fee comes on top and is "
        "ours. Write down the transaction."
    )
    return text % _words(refund)


def _words(refund: Refund) -> dict[str, str]:
    return {
        "tokens": units_text(refund),
        "amount": money(refund.amount),
        "network": network_text(refund),
        "address": address_text(refund),
    }
