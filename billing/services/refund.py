"""Only what is to go back, decided once: the unused part, money that pays for nothing, goodwill, VAT that was not due.

How it is sent stands in refund_sending, what gateways say of it in refund_news.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.models import User
from billing import postings
from billing.ledger import balance
from billing.models import Charge, Payment, Refund
from billing.queries import given_back, is_allocated, left_gross, paid_of, unused_of
from billing.released import sources_of_unused
from billing.services.document import issue_credit_note_for_shortfall
from billing.states import Anomaly, LedgerAccount, PaymentState, RefundKind, RefundState
from billing.tokens_back import units_back
from contracts.models import Segment, Settlement
from contracts.services.move import lock as lock_contract
from core import clock
from core.errors import Refused
from core.formats import money
from core.money import Money, Priced, currency, split_gross
from core.outbox import Json, emit

REASON_LENGTH = 500


def refund_settlement(contract_id: int) -> list[Refund]:
    """Decide the refunds that a contract's settlement asks for, one per paid segment.

    Reads the settlement and computes only the tax. Waits while a dispute of the payment is open; called
    again when it closes. Safe to repeat: the segment is the key. Emits ``refund.requested`` for each.
    """
    decided = []
    settlements = Settlement.objects.filter(segment__contract=contract_id).select_related("segment")
    for settlement in settlements.order_by("segment__number"):
        with transaction.atomic():
            payment = _payment_for(settlement.segment_id)
            if payment is None or payment.disputed_minor:
                continue
            payment.charge.contract = lock_contract(contract_id)
            refund = _decide_unused(payment, settlement)
            if refund is not None:
                decided.append(refund)
    return decided


def _payment_for(segment_id: int) -> Payment | None:
    """The payment that has paid for a segment, with its charge, both locked."""
    paying = Payment.objects.filter(charge__segment=segment_id, state=PaymentState.SUCCEEDED, anomaly=Anomaly.NONE)
    payment_id = paying.values_list("pk", flat=True).first()
    return None if payment_id is None else locked_payment(payment_id)


def _decide_unused(payment: Payment, settlement: Settlement) -> Refund | None:
    key = f"settlement:{settlement.segment_id}"
    if Refund.objects.filter(key=key).exists():
        return None
    unused, segment = unused_of(payment, settlement), settlement.segment
    segment.contract = payment.charge.contract
    refund = _refund_unused(key, payment, segment, unused.priced) if unused.priced.gross else None
    if unused.regained.gross:
        # After the refund: escrow gives to the customer first.
        sources = sources_of_unused(segment.contract, segment, unused.regained.net.minor)
        postings.loss_regained(payment, segment, unused.regained, sources)
        issue_credit_note_for_shortfall(payment, segment, unused.regained)
    return refund


def _refund_unused(key: str, payment: Payment, segment: Segment, priced: Priced) -> Refund:
    reason = payment.charge.contract.end_reason
    refund = create_refund(key, RefundKind.UNUSED, payment, priced, segment=segment, reason=reason)
    postings.refund_decided(refund, sources_of_unused(segment.contract, segment, priced.net.minor))
    tell_of_refund("refund.requested", refund)
    return refund


def request_goodwill_refund(payment_id: int, gross_minor: int, reason: str, user: User, form_key: UUID) -> Refund:
    """Staff gives a part back, VAT included, and the platform bears it: the contract goes on as before.

    One row per decision: `form_key` comes from the form, so that one that is sent twice gives back once, while two equal
    decisions give back twice. Raises `Refused`: required (no reason), not_allocated, disputed, bad_amount, too_much (`data`
    has what is left), form_used (the form was sent before, with something else). Emits ``refund.requested``.
    """
    reason = required_reason(reason)
    key = f"goodwill:{form_key}"
    with transaction.atomic():
        payment = locked_payment(payment_id)
        known = Refund.objects.filter(key=key).first()
        if known is not None:
            return _the_same(known, payment, gross_minor)
        if not is_allocated(payment):
            raise Refused(_("This payment pays for nothing: accept it or send it back instead."), code="not_allocated")
        refuse_while_disputed(payment)
        refund = create_refund(key, RefundKind.GOODWILL, payment, _part_of(payment, gross_minor), reason=reason, decided_by=user)
        postings.goodwill_decided(refund)
        tell_of_refund("refund.requested", refund, actor_kind="staff", actor=user.pk, reason=reason)
    return refund


def _part_of(payment: Payment, gross_minor: int) -> Priced:
    """Net and VAT of an amount that staff typed. Raises `Refused` unless it is something, and not more than is left."""
    charge, code = payment.charge, payment.currency
    if gross_minor <= 0 or gross_minor % currency(code).step:
        raise Refused(
            _("Give an amount in steps of %(step)s.") % {"step": money(Money(currency(code).step, code))},
            code="bad_amount",
            field="amount",
        )
    left = left_gross(payment)
    if gross_minor > left:
        raise Refused(
            _("%(left)s is left of this payment; no more can be given back.") % {"left": money(Money(left, code))},
            code="too_much",
            field="amount",
            data={"left_minor": left},
        )
    return split_gross(gross_minor, paid=paid_of(charge), given_back=given_back(payment), rate=charge.tax_rate)


def _the_same(known: Refund, payment: Payment, gross_minor: int) -> Refund:
    """The refund that this form has made already. Raises `Refused` when it asks for something else now."""
    if (known.payment_id, known.amount_minor) != (payment.pk, gross_minor):
        raise Refused(
            _("This form has given back %(amount)s already. Open a new one for another refund.") % {"amount": money(known.amount)},
            code="form_used",
        )
    return known


def request_vat_refund(payment: Payment) -> Refund:
    """Give the VAT back that was not due: all that is left of it, and no net. Once per payment; a repeat finds the first.

    Raises `Refused`: not_allocated, disputed, nothing_left. Emits ``refund.requested``.
    """
    key = f"vat:{payment.pk}"
    with transaction.atomic():
        payment = locked_payment(payment.pk)
        known = Refund.objects.filter(key=key).first()
        if known is not None:
            return known
        if not is_allocated(payment):
            raise Refused(_("This payment pays for nothing."), code="not_allocated")
        refuse_while_disputed(payment)
        tax = min((paid_of(payment.charge) - given_back(payment)).tax.minor, left_gross(payment))
        if not tax:
            raise Refused(_("No VAT is left of this payment."), code="nothing_left")
        refund = create_refund(key, RefundKind.VAT, payment, Priced.of(0, tax, payment.currency))
        postings.vat_refund_decided(refund)
        tell_of_refund("refund.requested", refund)
    return refund


def locked_payment(payment_id: int) -> Payment:
    """The payment with its charge, both locked, the charge first, as a payment's own news does."""
    charge = Charge.objects.select_for_update(of=("self",)).select_related("contract").get(payments=payment_id)
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment_id)
    payment.charge = charge
    return payment


def required_reason(reason: str) -> str:
    """What staff gave as its reason. Raises `Refused`: required, too_long."""
    reason = reason.strip()
    if not reason:
        raise Refused(_("Give a reason."), code="required", field="reason")
    if len(reason) > REASON_LENGTH:
        raise Refused(_("Keep the reason under 500 characters."), code="too_long", field="reason")
    return reason


def refuse_while_disputed(payment: Payment) -> None:
    """Should the bank keep the money, the customer has it from there: whoever pays now pays twice."""
    if payment.disputed_minor:
        raise Refused(_("The customer’s bank has not decided about this payment."), code="disputed")


def request_return(payment: Payment, amount_minor: int | None = None) -> None:
    """Send back money that pays for nothing: what is left of an unallocated payment, or a surplus of `amount_minor`.

    The payment's row must be locked by the caller.
    """
    if amount_minor is None:
        left = -balance(LedgerAccount.UNALLOCATED, payment, payment.currency)
        if not left:
            # A lost dispute has given it back already.
            return
        priced = Priced.of(left, 0, payment.currency)
        refund = create_refund(f"return:{payment.pk}", RefundKind.RETURN, payment, priced)
        postings.return_decided(refund)
    else:
        # A surplus was posted as owed when staff accepted the payment.
        surplus = Priced.of(amount_minor, 0, payment.currency)
        refund = create_refund(f"surplus:{payment.pk}", RefundKind.RETURN, payment, surplus)
    tell_of_refund("refund.requested", refund)


def create_refund(
    key: str,
    kind: RefundKind,
    payment: Payment,
    priced: Priced,
    *,
    segment: Segment | None = None,
    reason: str = "",
    decided_by: User | None = None,
) -> Refund:
    """The row of a decision; above the limit it waits for a second person."""
    refund = Refund(
        key=key,
        kind=kind,
        payment=payment,
        contract=payment.charge.contract,
        segment=segment,
        net_minor=priced.net.minor,
        tax_minor=priced.tax.minor,
        amount_minor=priced.gross.minor,
        currency=payment.currency,
        token_units=units_back(payment, priced.gross.minor),
        reason=reason,
        decided_by=decided_by,
        created_at=clock.now(),
    )
    limit = settings.REFUND_APPROVAL_LIMITS.get(payment.currency)
    if limit is not None and refund.amount_minor + _given_alone(refund) > limit:
        refund.await_approval()
    refund.save()
    return refund


def _given_alone(refund: Refund) -> int:
    """What staff gave of the same payment before that no second person has looked at: many small parts are a large one."""
    if refund.kind != RefundKind.GOODWILL:
        return 0
    unseen = [RefundState.AWAITING_APPROVAL, RefundState.DROPPED]
    given = Refund.objects.filter(payment=refund.payment, kind=RefundKind.GOODWILL).exclude(state__in=unseen)
    alone = given.filter(Q(approved_by=None) | Q(approved_by=F("decided_by")))
    return int(alone.aggregate(total=Coalesce(Sum("amount_minor"), 0))["total"])


def tell_of_refund(name: str, refund: Refund, **who: Json) -> None:
    """Emit an event about a refund, with what everybody wants to know of it; `who` did it, where that was a person."""
    emit(
        name,
        refund.contract,
        refund=refund.pk,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        kind=refund.kind,
        **who,
    )
