"""Only refunds that gateways tell of: news of our own, and those that somebody made in a gateway's dashboard."""

from django.db import transaction
from django.utils.translation import gettext as _

from billing import balance_postings, postings
from billing.gateway_facts import GatewayError, GatewayRefund, RefundStatus
from billing.gateways import gateway
from billing.models import Payment, Refund, StaffTask
from billing.queries import given_back, is_allocated, left_gross, paid_of, payments_told_of
from billing.services.payment import apply_payment
from billing.services.refund import create_refund, locked_payment, tell_of_refund
from billing.services.refund_dropping import NOT_SENT, make_room
from billing.services.refund_news import apply_refund_facts, book_report, lock_refund
from billing.services.task import open_task
from billing.states import BOOKED, RefundKind, RefundState, TaskKind
from contracts.states import FINAL
from core import clock
from core.formats import minor, money
from core.money import Priced, split_gross


def apply_refund(gateway_name: str, external_id: str) -> None:
    """Read a refund at its gateway and book what it says; one that we did not decide gets its row first."""
    facts = gateway(gateway_name).read_refund(external_id)
    if not apply_refund_facts(gateway_name, facts):
        import_refund(gateway_name, facts)


def import_refund(gateway_name: str, facts: GatewayRefund) -> None:
    """Give a refund that was made in the gateway's dashboard its row, once, and book it as the gateway says.

    Where the same amount is owed and not sent, it is that refund. Else it is borne by the platform, for the rental goes on as
    before until staff says otherwise (a task asks); of money that pays for nothing it takes from there. Its money has left, so what
    we owe and have not sent gives way to it. Never more than was received: what exceeds it is a task, and a difference that the
    proof names until it is clear. Emits ``refund.imported``.
    Raises `GatewayError` while a refund of ours may be the one: asked again, it will be known.
    """
    payments = payments_told_of(gateway_name, facts)
    if facts.payment_external_id and not payments.filter(state__in=BOOKED).exists():
        apply_payment(gateway_name, facts.payment_external_id)
    with transaction.atomic():
        payment_id = payments.filter(state__in=BOOKED).values_list("pk", flat=True).first()
        if payment_id is None:
            _file_unknown(gateway_name, facts)
            return
        payment = locked_payment(payment_id)
        earlier = Refund.objects.filter(payment=payment, earlier_ids__contains=[facts.external_id])
        if (attempt := earlier.values_list("pk", flat=True).first()) is not None:
            # It failed, and what was owed by it has been sent again since: only its money may still come back.
            book_report(lock_refund(attempt), facts)
            return
        # Unless somebody was faster.
        if not StaffTask.objects.filter(key=_task_key(payment, facts)).exists():
            _place(payment, facts)
    apply_refund_facts(gateway_name, facts)


def _place(payment: Payment, facts: GatewayRefund) -> None:
    refunds = Refund.objects.select_for_update(of=("self",)).filter(payment=payment)
    owed = refunds.filter(state__in=NOT_SENT, amount_minor=facts.amount_minor).order_by("id").first()
    if owed is not None:
        owed.payment, owed.contract = payment, payment.charge.contract
        if owed.state != RefundState.MANUAL:
            owed.submit(clock.now())
        _file(owed, facts, _("%(amount)s was refunded in the gateway’s dashboard: taken for the refund of it that we owed."))
        return
    left = left_gross(payment)
    if facts.amount_minor > left and refunds.filter(state=RefundState.SUBMITTING).exists():
        raise GatewayError("a refund of ours is being sent, which may be this one")
    if facts.amount_minor > left and facts.status == RefundStatus.FAILED:
        _book_failed(payment, facts)
        return
    given_way = make_room(payment, facts.amount_minor - left)
    part = min(facts.amount_minor, left_gross(payment))
    if part:
        _import(payment, facts, part, given_way)
    _file_beyond(payment, facts, facts.amount_minor - part)


def _book_failed(payment: Payment, facts: GatewayRefund) -> None:
    """It failed before we heard of it, and what we owe leaves no room for it: nobody has lost anything, and nothing follows."""
    contract = payment.charge.contract
    if facts.reported is not None:
        balance_postings.failed_refund_moved(payment, contract, facts.reported, -facts.amount_minor)
    if facts.returned is not None:
        balance_postings.failed_refund_moved(payment, contract, facts.returned, facts.amount_minor)


def _import(payment: Payment, facts: GatewayRefund, gross: int, given_way: list[Refund]) -> None:
    key = f"import:{payment.gateway}:{facts.external_id}"
    if is_allocated(payment):
        charge = payment.charge
        priced = split_gross(gross, paid=paid_of(charge), given_back=given_back(payment), rate=charge.tax_rate)
        refund = create_refund(key, RefundKind.IMPORTED, payment, priced)
        postings.goodwill_decided(refund)
    else:
        refund = create_refund(key, RefundKind.IMPORTED, payment, Priced.of(gross, 0, payment.currency))
        postings.return_decided(refund)
    for gone in given_way:
        gone.gave_way_to = refund
        gone.save(update_fields=["gave_way_to"])
    refund.submit(clock.now())
    goes_on = is_allocated(payment) and payment.charge.contract.state not in FINAL
    text = _("%(amount)s was refunded in the gateway’s dashboard. Decide whether the rental is to be ended: it goes on as before.")
    _file(
        refund, facts, text if goes_on else _("%(amount)s was refunded in the gateway’s dashboard. Nothing else follows from it.")
    )


def _file(refund: Refund, facts: GatewayRefund, text: str) -> None:
    """Its row gets its id at the gateway; staff learns of it."""
    if refund.state == RefundState.MANUAL:
        refund.external_id = facts.external_id
    else:
        refund.acknowledge(facts.external_id)
    refund.save()
    open_task(
        _task_key(refund.payment, facts),
        TaskKind.GATEWAY_REFUND,
        text % {"amount": money(refund.amount)},
        contract=refund.contract,
        payment=refund.payment,
    )
    tell_of_refund("refund.imported", refund)


def _task_key(payment: Payment, facts: GatewayRefund) -> str:
    """Each refund of a dashboard has one task, for ever: by it one knows that its money has found its row."""
    return f"import:{payment.gateway}:{facts.external_id}"[:120]


def _file_beyond(payment: Payment, facts: GatewayRefund, beyond: int) -> None:
    if not beyond:
        return
    text = _(
        "%(amount)s more than was left of a payment was refunded in the gateway’s dashboard. See what is owed before you pay it."
    )
    open_task(
        f"beyond:{payment.gateway}:{facts.external_id}"[:120],
        TaskKind.GATEWAY_REFUND,
        text % {"amount": minor(beyond, payment.currency)},
        contract=payment.charge.contract,
        payment=payment,
    )


def _file_unknown(gateway_name: str, facts: GatewayRefund) -> None:
    open_task(
        f"refund:{gateway_name}:{facts.external_id}"[:120],
        TaskKind.UNKNOWN_PAYMENT,
        _("%(gateway)s reports a refund of a payment that we do not know: %(id)s.")
        % {"gateway": gateway_name, "id": facts.external_id},
    )
