"""Only what follows when VIES was silent at an order: it is asked again for thirty days, and a late yes corrects the VAT."""

from datetime import datetime, timedelta

from django.db import transaction

from billing.buyers import Buyer
from billing.documents.freezing import reverse_charged
from billing.models import Charge, Payment
from billing.queries import is_allocated
from billing.services.document import correct_vat, issue_invoice
from billing.services.order import FIRST_RECHECK
from billing.services.refund import locked_payment, request_vat_refund
from billing.services.vat import recheck
from billing.states import PaymentState, VatCheckState
from billing.tax_evidence import answer_as_json
from billing.untaxed import LEFT_OUT, is_left_out
from billing.vat_ids import split_vat_id
from billing.vat_queries import fresh_answer
from contracts.services.move import lock as lock_contract
from core import clock
from core.errors import Refused
from core.outbox import emit
from core.sweeps import each

ASKED_FOR = timedelta(days=30)
SELDOM = timedelta(days=1)
# How many charges one run looks at: VIES may take twenty seconds for each, and a job has sixty.
BATCH = 2
# In a charge's evidence: VIES's yes, when it came after the order.
CONFIRMED_LATER = "vat_confirmed_later"


def recheck_vat_ids() -> int:
    """Ask VIES again about the ids of charges whose buyers paid VAT because it was silent. Returns how many were looked at."""
    due = Charge.objects.filter(vat_recheck_at__lte=clock.now()).order_by("vat_recheck_at")
    return each(list(due[:BATCH]), _look_again)


def _look_again(charge: Charge) -> None:
    # To the end of the line first: two that break must not stand at its head for ever.
    _put_off(charge.pk, _next_time(charge, clock.now()))
    recheck_charge(charge.pk)


def recheck_charge(charge_id: int) -> None:
    """One of them, outside of a transaction: confirmed corrects it, invalid ends it, silence puts it off.

    A charge that was given up unpaid needs no correction; one whose money is still on its way does, however late that comes. One
    that is paid and not accepted yet waits for its invoice, one whose money is disputed for the bank; VIES's yes is kept meanwhile.
    Emits ``vat.confirmed``, ``vat.refuted``.
    """
    charge = Charge.objects.get(pk=charge_id)
    now = clock.now()
    if charge.paid_at is None and charge.closed_at is not None:
        _put_off(charge_id, None)
        return
    vat_id = split_vat_id(Buyer.from_json(charge.buyer).vat_id)
    if CONFIRMED_LATER not in charge.tax_evidence:
        said = recheck(vat_id)
        if said == VatCheckState.INVALID:
            _refute(charge_id)
            return
        if said != VatCheckState.VALID:
            next_at = _next_time(charge, now)
            _put_off(charge_id, next_at if next_at <= charge.created_at + ASKED_FOR else None)
            return
        answer = fresh_answer(vat_id, clock.now())
        assert answer is not None
        _keep(charge_id, answer_as_json(answer))
    if not _correct(charge_id):
        _put_off(charge_id, _next_time(charge, now))


def _correct(charge_id: int) -> bool:
    """Credit note, new invoice and refund of the VAT in one transaction; False while something has to come first."""
    paying = Payment.objects.filter(charge=charge_id, state=PaymentState.SUCCEEDED).order_by("pk")
    payment_id = next((payment.pk for payment in paying if is_allocated(payment)), None)
    if payment_id is None:
        return False
    try:
        with transaction.atomic():
            payment = locked_payment(payment_id)
            charge = payment.charge
            if charge.vat_recheck_at is None:
                return True
            charge.contract = lock_contract(charge.contract_id)
            if is_left_out(charge):
                _invoice_without_vat(charge)
                return True
            refund = request_vat_refund(payment)
            correct_vat(charge)
            Charge.objects.filter(pk=charge_id).update(vat_recheck_at=None)
            emit(
                "vat.confirmed",
                charge.contract,
                charge=charge.pk,
                payment=payment.pk,
                refund=refund.pk,
                amount_minor=refund.amount_minor,
                currency=refund.currency,
                vat_id=charge.buyer["vat_id"],
            )
    except Refused as refused:
        if refused.code != "nothing_left":
            return False
        # All of it, or all of its VAT, went back in another way.
        _put_off(charge_id, None)
    return True


def _invoice_without_vat(charge: Charge) -> None:
    """No VAT was due by the table either, and none was charged: nothing is given back, and the invoice is issued as for anybody."""
    decision = reverse_charged(charge)
    charge.tax_evidence = {name: value for name, value in charge.tax_evidence.items() if name != LEFT_OUT}
    charge.tax_decision = {
        "rate": decision.rate_text,
        "country": decision.country,
        "category": decision.category.value,
        "scheme": decision.scheme.value,
        "reason": "VAT id that VIES confirmed after the order: reverse charge (Articles 44 and 196 of Directive 2006/112/EC)",
    }
    charge.vat_recheck_at = None
    charge.save(update_fields=["tax_evidence", "tax_decision", "vat_recheck_at"])
    issue_invoice(charge)


def _next_time(charge: Charge, now: datetime) -> datetime:
    """After as long as it has taken so far once more, but at least a quarter of an hour and at most a day."""
    return now + min(max(now - charge.created_at, FIRST_RECHECK), SELDOM)


def _put_off(charge_id: int, until: datetime | None) -> None:
    Charge.objects.filter(pk=charge_id, vat_recheck_at__isnull=False).update(vat_recheck_at=until)


def _keep(charge_id: int, answer: dict[str, object]) -> None:
    with transaction.atomic():
        charge = Charge.objects.select_for_update().get(pk=charge_id)
        charge.tax_evidence = {**charge.tax_evidence, CONFIRMED_LATER: answer}
        charge.save(update_fields=["tax_evidence"])


def _refute(charge_id: int) -> None:
    """VIES says no: the VAT was right."""
    with transaction.atomic():
        charge = Charge.objects.select_for_update(of=("self",)).select_related("contract").get(pk=charge_id)
        if charge.vat_recheck_at is None:
            return
        charge.vat_recheck_at = None
        charge.save(update_fields=["vat_recheck_at"])
        emit("vat.refuted", charge.contract, charge=charge.pk, vat_id=charge.buyer["vat_id"])
