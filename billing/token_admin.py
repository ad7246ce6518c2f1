"""Only what staff's pages say of refunds in tokens: how much of what goes where, and the form of what was sent."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Refund
from billing.refund_networks import network_name
from billing.services.token_refund import LONGEST_REFERENCE
from billing.tokens_back import amount_back, tokens_back
from core.formats import money, when


class TransactionForm(forms.Form):
    """Where the tokens can be found again, and what the network took."""

    reference = forms.CharField(
        label=_("Transaction’s reference"), max_length=LONGEST_REFERENCE, help_text=_("Its hash or its index in the ledger.")
    )
    network_fee = forms.CharField(
        label=_("Network’s fee, in the token"),
        max_length=40,
        required=False,
        help_text=_("Such as 0.0001. It is ours: the customer gets all of the amount."),
    )


def tokens_text(refund: Refund) -> str:
    """ "12.5 ICP"; a dash for money."""
    amount = amount_back(refund)
    return "–" if amount is None else amount.text


def network_text(refund: Refund) -> str:
    """On which network."""
    amount = amount_back(refund)
    return "–" if amount is None else network_name(amount.network)


def address_text(refund: Refund) -> str:
    """The customer's confirmed address, with the moment from which it may be used; or that there is none."""
    back = tokens_back(refund)
    if back is None:
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


def explain_tokens(refund: Refund) -> str:
    """What to send where, first; then to write it down."""
    words = {
        "tokens": tokens_text(refund),
        "amount": money(refund.amount),
        "network": network_text(refund),
        "address": address_text(refund),
    }
    text = gettext(
        "Send exactly %(tokens)s (%(amount)s) on %(network)s to: %(address)s. The network’s fee comes on top and is ours. Then "
        "write down the transaction. With ICPay’s own button for refunds write nothing: it is told by itself."
    )
    return text % words
