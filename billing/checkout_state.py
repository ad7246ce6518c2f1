"""Only where a charge stands for the one who pays it, told from our own rows at this moment."""

from dataclasses import dataclass
from enum import StrEnum

from billing.models import Charge, Payment
from billing.queries import is_allocated, received_of
from billing.states import PaymentState
from core import clock
from core.money import Money


class CheckoutState(StrEnum):
    """What the checkout and the return page have to say."""

    OPEN = "open"
    WAITING = "waiting"
    PROCESSING = "processing"
    DECLINED = "declined"
    MISMATCHED = "mismatched"
    CLOSING = "closing"
    ENDED = "ended"
    PAID = "paid"

    @property
    def may_change_by_itself(self) -> bool:
        """Whether looking again in a few seconds may show something else."""
        return self in {CheckoutState.WAITING, CheckoutState.PROCESSING, CheckoutState.CLOSING}


@dataclass(frozen=True)
class CheckoutStanding:
    """The state, what came for it once it is paid (gross), the payment that was not as asked for, and those that go back."""

    state: CheckoutState
    paid: Money | None
    wrong: Payment | None
    returning: tuple[Payment, ...]
    latest: Payment | None

    @property
    def may_pay(self) -> bool:
        """Whether a payment can be started now."""
        return self.state in {
            CheckoutState.OPEN,
            CheckoutState.WAITING,
            CheckoutState.DECLINED,
            CheckoutState.MISMATCHED,
        }


def checkout_standing(charge: Charge) -> CheckoutStanding:
    """Where the charge stands now; one query for its payments."""
    payments = list(charge.payments.select_related("token").order_by("id"))
    wrong = [payment for payment in payments if payment.state == PaymentState.MISMATCHED]
    besides = [payment for payment in payments if payment.state == PaymentState.SUCCEEDED and payment.anomaly]
    settling = [payment for payment in payments if is_allocated(payment)]
    return CheckoutStanding(
        state=_state(charge, payments),
        paid=received_of(settling[0]).gross if settling else None,
        wrong=wrong[-1] if wrong else None,
        returning=tuple(besides),
        latest=payments[-1] if payments else None,
    )


def _state(charge: Charge, payments: list[Payment]) -> CheckoutState:
    states = {payment.state for payment in payments}
    if charge.paid_at is not None:
        return CheckoutState.PAID
    if PaymentState.PROCESSING in states:
        return CheckoutState.PROCESSING
    is_over = charge.expires_at <= clock.now()
    if charge.closed_at is not None or is_over:
        # The gateway is asked a last time before the order is let go.
        still_open = charge.closed_at is None and PaymentState.PENDING in states
        return CheckoutState.CLOSING if still_open else CheckoutState.ENDED
    if PaymentState.MISMATCHED in states:
        return CheckoutState.MISMATCHED
    if PaymentState.PENDING in states:
        return CheckoutState.WAITING
    if payments and payments[-1].state == PaymentState.FAILED:
        return CheckoutState.DECLINED
    return CheckoutState.OPEN
