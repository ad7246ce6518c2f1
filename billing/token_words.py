"""Only how the amounts of a payment are told: in the tokens that came and were asked for, where it was in tokens, else as money."""

from decimal import Decimal

from billing.models import Payment, TokenPayment
from core.formats import money
from core.money import Money
from core.tokens import TokenAmount


def token_of(payment: Payment) -> TokenPayment | None:
    """What is known of its tokens; None for a payment in money."""
    return getattr(payment, "token", None)


def received_text(payment: Payment) -> str:
    """ "12.5 ICP", or "€ 45.70": what came."""
    row = token_of(payment)
    if row is None or not row.received_units:
        return money(Money(payment.received_minor, payment.currency))
    return tokens_text(row, row.received_units)


def worth_text(payment: Payment) -> str:
    """ "12.5 ICP (€ 45.10)", or "€ 45.70": what came, with what it counts for."""
    counts_for = money(Money(payment.received_minor, payment.currency))
    row = token_of(payment)
    return counts_for if row is None or not row.received_units else f"{received_text(payment)} ({counts_for})"


def asked_text(payment: Payment) -> str:
    """ "12.6 ICP (€ 45.70)", or "€ 45.70": what was asked for; in money where it was another token than the one that came."""
    row = token_of(payment)
    asked = money(payment.amount if row is not None else payment.charge.gross)
    return asked if row is None or row.due_units is None else f"{tokens_text(row, row.due_units)} ({asked})"


def tokens_text(row: TokenPayment, units: Decimal) -> str:
    """ "12.5 ICP": so many units of the payment's token."""
    return TokenAmount(int(units), row.asset, row.network, row.decimals).text
