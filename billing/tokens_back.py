"""Only how many tokens a refund gives back, of what, and to which address."""

from dataclasses import dataclass

from django.db.models import Sum
from django.db.models.functions import Coalesce

from billing.address_queries import address_state, confirmed_address
from billing.models import Payment, Refund, RefundAddress, TokenPayment
from billing.states import AddressState, RefundState
from billing.token_words import token_of
from core import clock
from core.tokens import TokenAmount


def units_back(payment: Payment, gross_minor: int) -> int | None:
    """Of a payment in tokens: how many of their smallest units go back with `gross_minor` more; None for a payment in money.

    `floor(tokens received × gross given back in all / gross received) − tokens given back so far`, counted on decisions, so that
    the one which completes the gross gives back the last unit. The payment must be locked.
    """
    row = token_of(payment)
    if row is None or not row.received_units or not payment.received_minor:
        return None
    before = (
        Refund.objects.filter(payment=payment)
        .exclude(state=RefundState.DROPPED)
        .aggregate(gross=Coalesce(Sum("amount_minor"), 0), units=Coalesce(Sum("token_units"), 0, output_field=_UNITS))
    )
    in_all = int(row.received_units) * (int(before["gross"]) + gross_minor) // int(payment.received_minor)
    # One that was dropped may have left its unit to another.
    return max(0, in_all - int(before["units"]))


_UNITS = Refund._meta.get_field("token_units")


@dataclass(frozen=True)
class TokensBack:
    """What goes back by a refund, and where to: `address` is None until the customer has confirmed one that takes it.

    `is_begun` says that somebody is sending it there, or has: a change by the customer is for the next refund.
    """

    amount: TokenAmount
    address: RefundAddress | None
    is_begun: bool

    @property
    def is_sendable(self) -> bool:
        """Whether there is an address, and no change of it is being waited for."""
        return self.is_begun or (self.address is not None and address_state(self.address, clock.now()) == AddressState.USABLE)


def amount_back(refund: Refund) -> TokenAmount | None:
    """How many tokens a refund gives back; None where it gives back money."""
    if refund.token_units is None:
        return None
    row: TokenPayment = refund.payment.token
    return TokenAmount(int(refund.token_units), row.asset, row.network, row.decimals)


def tokens_back(refund: Refund) -> TokensBack | None:
    """The tokens of a refund with where they go; None where it gives back money. Its payment and contract are read."""
    amount = amount_back(refund)
    if amount is None:
        return None
    if refund.sent_to is not None:
        return TokensBack(amount, refund.sent_to, is_begun=True)
    return TokensBack(amount, confirmed_address(refund.contract.customer_id, amount.network, amount.asset), is_begun=False)


def gives_all_back(refund: Refund) -> bool:
    """Whether a refund alone gives back all that a payment in tokens has brought."""
    row = token_of(refund.payment)
    return row is not None and refund.token_units == row.received_units and refund.amount_minor == refund.payment.received_minor
