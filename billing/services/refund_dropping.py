"""Only decisions to give back that are taken back: by staff, or because a dashboard's refund has left no room for them."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from billing import postings
from billing.models import Document, LedgerEntry, Payment, Refund
from billing.queries import OF_ALLOCATED, given_back, is_allocated, paid_of
from billing.services.refund import create_refund, refuse_while_disputed, required_reason, tell_of_refund
from billing.services.refund_news import lock_refund
from billing.services.task import close_task, open_task
from billing.states import DocumentKind, PaymentState, RefundKind, RefundState, TaskKind
from core.errors import Refused
from core.formats import money
from core.money import Priced, split_gross

# Owed, and not at the gateway: what appears there over the same amount is this one, sent by hand.
NOT_SENT = (RefundState.FAILED, RefundState.AWAITING_APPROVAL, RefundState.REQUESTED, RefundState.MANUAL)
# What gives way first: what nobody had a right to.
_FIRST = (RefundKind.IMPORTED, RefundKind.GOODWILL, RefundKind.UNUSED, RefundKind.VAT, RefundKind.RETURN)
# What the rental's terms, the law or the payment itself ask for, whatever staff thinks of it.
_DUE = (RefundKind.UNUSED, RefundKind.VAT, RefundKind.RETURN)
_DROPPABLE = (
    (RefundKind.IMPORTED, RefundState.FAILED),
    (RefundKind.IMPORTED, RefundState.AWAITING_APPROVAL),
    (RefundKind.GOODWILL, RefundState.AWAITING_APPROVAL),
)


def is_droppable(refund: Refund) -> bool:
    """Whether staff may say that it is not owed: made in a dashboard and failed, or goodwill that nobody has let go yet."""
    return (refund.kind, refund.state) in _DROPPABLE


def drop_refund(refund_id: int, user: User, reason: str) -> None:
    """Staff takes back a refund that nobody owes: one that was made in a dashboard and failed, or goodwill that was not approved.

    Raises `Refused`: required and too_long (field reason), decided, disputed, counted (a document, an end, or another refund counts
    it as given back: then it is owed). Emits ``refund.dropped`` with who, why, and the state in which it `was`.
    """
    reason = required_reason(reason)
    with transaction.atomic():
        refund = lock_refund(refund_id)
        if not is_droppable(refund):
            raise Refused(_("This refund is owed, or somebody has decided it already."), code="decided")
        refuse_while_disputed(refund.payment)
        _refuse_where_it_counts(refund)
        was = str(refund.state)
        _take_back(refund, reason)
        tell_of_refund("refund.dropped", refund, actor_kind="staff", actor=user.pk, reason=reason, was=was)
        close_task(f"refund:{refund.pk}", user)
        close_task(gave_way_key(refund), user)


def make_room(payment: Payment, missing: int) -> list[Refund]:
    """Take back refunds of a locked payment that are not sent, until `missing` minor units more of it can be given back.

    Of the last one what is left becomes a row of its own, which waits for a person. Returns those taken back; what they were
    worth may be less than `missing`. Emits ``refund.dropped``, and ``refund.requested`` for what is left.
    """
    # Tokens that somebody has begun to send may have left.
    waiting = Refund.objects.select_for_update(of=("self",)).filter(payment=payment, state__in=NOT_SENT, sent_to=None)
    if is_allocated(payment):
        # A surplus is none of what the payment pays for.
        waiting = waiting.filter(kind__in=OF_ALLOCATED)
    given_way: list[Refund] = []
    for refund in sorted(waiting, key=lambda one: (_FIRST.index(RefundKind(one.kind)), -one.pk)):
        if missing <= 0:
            break
        refund.payment, refund.contract = payment, payment.charge.contract
        _give_way(refund, refund.amount_minor - missing)
        given_way.append(refund)
        missing -= refund.amount_minor
    return given_way


def _give_way(refund: Refund, left: int) -> None:
    reason = _("More was refunded in the gateway’s dashboard than was left beside it.")
    _take_back(refund, reason)
    tell_of_refund("refund.dropped", refund, reason=reason)
    close_task(f"refund:{refund.pk}", None)
    words = {"owed": money(refund.amount)}
    if left > 0:
        rest = _create_rest(refund, left)
        text = _("A refund in the gateway’s dashboard left no room for %(owed)s that we owed. %(rest)s of it waits for approval.")
        words["rest"] = money(rest.amount)
    else:
        rest = refund
        text = _("A refund in the gateway’s dashboard took the place of %(owed)s that we owed. Nothing of it is sent.")
    open_task(gave_way_key(rest), TaskKind.GATEWAY_REFUND, text % words, contract=refund.contract, payment=refund.payment)


def _create_rest(old: Refund, gross: int) -> Refund:
    """What is left of a decision. Not sent before a person has looked: perhaps the dashboard's was meant to be all of it."""
    payment = old.payment
    rest = create_refund(
        f"rest:{old.pk}",
        RefundKind(old.kind),
        payment,
        _priced_rest(old, gross),
        segment=old.segment,
        reason=old.reason,
        decided_by=old.decided_by,
    )
    if rest.state == RefundState.REQUESTED:
        rest.await_approval()
    rest.rest_of = old
    rest.save()
    if _is_return(old):
        postings.return_decided(rest)
    else:
        # What the old one took from escrow has stayed with the platform, which gives this now.
        postings.goodwill_decided(rest)
    tell_of_refund("refund.requested", rest)
    return rest


def _priced_rest(old: Refund, gross: int) -> Priced:
    payment, charge = old.payment, old.payment.charge
    if old.kind == RefundKind.VAT:
        return Priced.of(0, gross, payment.currency)
    if _is_return(old):
        return Priced.of(gross, 0, payment.currency)
    return split_gross(gross, paid=paid_of(charge), given_back=given_back(payment), rate=charge.tax_rate)


def _take_back(refund: Refund, reason: str) -> None:
    refund.drop(reason)
    refund.save()
    if _is_return(refund):
        postings.return_dropped(refund)
    else:
        postings.refund_dropped(refund)


def _is_return(refund: Refund) -> bool:
    """Whether it was decided of money that pays for nothing, as the ledger has it."""
    return LedgerEntry.objects.filter(key=f"refund:{refund.pk}", kind="return_decided").exists()


def _refuse_where_it_counts(refund: Refund) -> None:
    payment, meant = refund.payment, _stands_for(refund)
    if Document.objects.filter(refund__in=meant, kind=DocumentKind.CREDIT_NOTE).exists():
        raise Refused(_("The customer has a credit note for it, so it is owed: send it again, or pay it by hand."), code="counted")
    if not is_allocated(payment) and payment.state != PaymentState.MISMATCHED:
        raise Refused(_("This money pays for nothing, so it is owed: send it again, or pay it by hand."), code="counted")
    if any(one.kind in _DUE for one in meant):
        raise Refused(_("It took the place of a refund that is owed: send it again, or pay it by hand."), code="counted")
    later = Refund.objects.filter(payment=payment, pk__gt=refund.pk, kind=RefundKind.VAT).exclude(state=RefundState.DROPPED)
    if later.exists() or LedgerEntry.objects.filter(payment=payment, kind="loss_regained").exists():
        raise Refused(_("What was given back since counts it in, so it is owed: send it again, or pay it by hand."), code="counted")


def _stands_for(refund: Refund) -> list[Refund]:
    """It, and whatever it took the place of or is the rest of, back to the first decisions."""
    earlier = [*Refund.objects.filter(gave_way_to=refund), *([refund.rest_of] if refund.rest_of else [])]
    return [refund, *(found for one in earlier for found in _stands_for(one))]


def gave_way_key(refund: Refund) -> str:
    """The key of the task that says what left no room for a refund."""
    return f"refund:{refund.pk}:gave-way"
