"""Only which row of ours is about a payment that a gateway tells of: found by any of its ids and locked, or made."""

from billing.gateway_facts import GatewayPayment
from billing.models import Charge, Payment
from billing.states import BOOKED
from billing.untaxed import gross_by
from core import clock


def locked_row(gateway_name: str, facts: GatewayPayment) -> Payment | None:
    """The payment, its charge and itself locked in this order (as everywhere, so that nobody waits in a circle).

    One that only the gateway knows, but for our charge, gets its row here; of pages that anybody can make in our name, as of
    tokens, only once money has come. None for what is not ours.
    """
    known = Payment.objects.filter(gateway=gateway_name, external_id=facts.external_id)
    if facts.payment_id is not None:
        # The answer to `start` was lost, or the webhook overtook it.
        known |= Payment.objects.filter(gateway=gateway_name, public_id=facts.payment_id, external_id="")
    if facts.token is not None and facts.token.payment_id:
        known |= Payment.objects.filter(gateway=gateway_name, external_id=facts.token.payment_id)
        known |= Payment.objects.filter(gateway=gateway_name, external_charge_id=facts.token.payment_id)
    charge_id = known.values_list("charge_id", flat=True).first()
    if charge_id is None and facts.charge_id is not None:
        charge_id = Charge.objects.filter(public_id=facts.charge_id).values_list("pk", flat=True).first()
    if charge_id is None:
        return None
    charge = Charge.objects.select_for_update(of=("self",)).select_related("contract").get(pk=charge_id)
    rows = list(known.select_for_update(of=("self",)).order_by("-external_id"))
    payment = _row(rows, facts)
    if payment is None:
        if facts.token is not None and facts.token.received is None:
            return None
        payment = _new_row(charge, gateway_name)
    payment.charge = charge
    _name(payment, rows, facts)
    return payment


def brings_money(facts: GatewayPayment) -> bool:
    """Whether a payment that belongs to nothing of ours is worth a person's look: not a page for tokens that nobody paid on."""
    return facts.token is None or facts.token.received is not None


def _new_row(charge: Charge, gateway_name: str) -> Payment:
    now = clock.now()
    return Payment(
        charge=charge,
        gateway=gateway_name,
        amount_minor=gross_by(charge, gateway_name),
        currency=charge.currency,
        created_at=now,
        expires_at=now,
    )


def _row(rows: list[Payment], facts: GatewayPayment) -> Payment | None:
    """A page for tokens may be paid more than once: the row that this payment has, or the page's, unless another has paid it."""
    if facts.token is None or not facts.token.payment_id:
        return next(iter(rows), None)
    this = facts.token.payment_id
    own = [row for row in rows if this in {row.external_charge_id, row.external_id}]
    free = [row for row in rows if row.external_id in {facts.external_id, ""} and row.state not in BOOKED]
    return next(iter(own + free), None)


def _name(payment: Payment, rows: list[Payment], facts: GatewayPayment) -> None:
    """Keep the id that the gateway is asked by: the page's; where the page has another row, the payment's own."""
    is_besides = any(row.external_id == facts.external_id and row != payment for row in rows)
    name = facts.token.payment_id if facts.token is not None and is_besides else facts.external_id
    if payment.external_id != name:
        payment.external_id = name
        payment.save()
