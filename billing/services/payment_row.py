"""Only which row of ours is about a payment that a gateway tells of: found by any of its ids and locked, or made."""

from billing.gateway_facts import GatewayPayment
from billing.models import Charge, Payment
from billing.states import BOOKED
from billing.untaxed import gross_by
from core import clock
from core.written import all_locked, found_locked


def locked_row(gateway_name: str, facts: GatewayPayment) -> Payment | None:
    """The payment, its charge and itself locked in this order (as everywhere, so that nobody waits in a circle).

    One that only the gateway knows, but for our charge, gets its row here; of pages that anybody can make in our name, as of
    tokens, only once money has come. None for what is not ours.
    """
    known, ids = _known(gateway_name, facts)
    # One statement for both questions: whose payment it is, and that charge's row.
    of_payment = f"id = (SELECT charge_id FROM billing_payment WHERE {known} ORDER BY id LIMIT 1)"  # noqa: S608 (conditions of our own)
    charge = found_locked(Charge, of_payment, ids)
    if charge is None and facts.charge_id is not None:
        charge = found_locked(Charge, "public_id = %s", [facts.charge_id])
    if charge is None:
        return None
    rows = all_locked(Payment, f"{known} ORDER BY external_id DESC", ids)
    payment = _row(rows, facts)
    if payment is None:
        if facts.token is not None and facts.token.received is None:
            return None
        payment = _new_row(charge, gateway_name)
    payment.charge = charge
    _name(payment, rows, facts)
    return payment


def _known(gateway_name: str, facts: GatewayPayment) -> tuple[str, list[object]]:
    """What its rows are known by: an SQL condition, and the values in it."""
    either = ["external_id = %s"]
    ids: list[object] = [gateway_name, facts.external_id]
    if facts.payment_id is not None:
        # The answer to `start` was lost, or the webhook overtook it.
        either.append("external_id = '' AND public_id = %s")
        ids.append(facts.payment_id)
    if facts.token is not None and facts.token.payment_id:
        either.append("external_id = %s OR external_charge_id = %s")
        ids += [facts.token.payment_id, facts.token.payment_id]
    return f"gateway = %s AND ({' OR '.join(either)})", ids


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
