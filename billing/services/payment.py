"""Only money coming in: start a payment, and book what the gateway says of it.

An event is a trigger. Whatever woke us, the object is read again from the gateway, outside of any
transaction, and then applied under the payment's row lock; applying the same facts twice changes nothing.
"""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from billing import balance_postings, postings
from billing.gateway_facts import GatewayPayment, PaymentGateway, PaymentStatus
from billing.gateways import gateway, offered_gateway
from billing.ledger import balance
from billing.models import Charge, Payment
from billing.services.document import issue_invoice, issue_receipt
from billing.services.payment_row import brings_money, locked_row
from billing.services.refund import request_return
from billing.services.task import close_task, open_task
from billing.services.token_payment import follow_untold, freeze_price, judge, note_tokens
from billing.states import BOOKED, Anomaly, ChargePurpose, LedgerAccount, PaymentState, TaskKind
from billing.token_words import asked_text, received_text
from billing.untaxed import ask_for, gross_by
from contracts.models import Segment
from contracts.services import (
    extend,
    postpone_payment_deadline,
    record_payment,
    set_payment_processing,
)
from core import clock
from core.errors import Refused
from core.formats import money
from core.money import Money
from core.outbox import emit

CHECKOUT_MINUTES = 35
# Opening checkout moves the payment deadline to the page's end, but not for ever: stock is waiting.
POSTPONEMENTS = 3
# A gateway that was silent for so long is asked for a new page: what would be repeated names a time that it no longer takes. Whose
# address nobody got to see, nobody can pay on.
UNANSWERED = timedelta(minutes=4)
OPEN_STATES = (PaymentState.PENDING, PaymentState.PROCESSING)


def start_payment(charge: Charge, gateway_name: str) -> Payment:
    """Open a payment page for a charge and say where it is (`checkout_url`).

    A page that is still open at the same gateway is used again, so a double click opens one. Row first,
    then the gateway, then its answer: a crash in between is repeated with the same key. Raises `Refused`, also
    when the order ended while the gateway made its page, and `GatewayError` when it does not answer.
    """
    chosen = offered_gateway(gateway_name)
    with transaction.atomic():
        charge = Charge.objects.select_for_update(of=("self",)).select_related("contract").get(pk=charge.pk)
        payment = _open_payment(charge, chosen)
    if payment.checkout_url:
        return payment
    started = chosen.start(payment)
    with transaction.atomic():
        payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
        if not payment.checkout_url:
            # Of two clicks at once, the page that stands here first is the only one that anybody is sent to.
            payment.external_id = started.external_id
            payment.checkout_url = started.url
            payment.expires_at = started.expires_at
            payment.save(update_fields=["external_id", "checkout_url", "expires_at"])
    if payment.state == PaymentState.EXPIRED:
        apply_payment_facts(gateway_name, chosen.expire(payment.external_id))
        raise Refused(_("The time to pay has passed; nothing was charged."), code="too_late")
    return payment


def _open_payment(charge: Charge, chosen: PaymentGateway) -> Payment:
    now = clock.now()
    if charge.paid_at is not None:
        raise Refused(_("This is paid already."), code="already_paid")
    if charge.closed_at is not None or charge.expires_at <= now:
        raise Refused(_("The time to pay has passed; nothing was charged."), code="too_late")
    if charge.payments.filter(state=PaymentState.PROCESSING).exists():
        raise Refused(_("A payment is on its way; wait for its result."), code="processing")
    until = now + timedelta(minutes=CHECKOUT_MINUTES)
    attempts = list(charge.payments.order_by("-id"))
    for attempt in attempts:
        answered = attempt.checkout_url or attempt.created_at > now - UNANSWERED
        still_open = attempt.state == PaymentState.PENDING and attempt.expires_at > now
        if attempt.gateway == chosen.name and still_open and answered:
            ask_for(charge, attempt.amount_minor)
            return attempt
    if charge.purpose == ChargePurpose.CONTRACT and len(attempts) < POSTPONEMENTS:
        postpone_payment_deadline(charge.contract_id, until)
        charge.expires_at = max(charge.expires_at, until)
        charge.save(update_fields=["expires_at"])
    ask_for(charge, gross_by(charge, chosen.name))
    payment = Payment.objects.create(
        charge=charge,
        gateway=chosen.name,
        amount_minor=charge.gross_minor,
        currency=charge.currency,
        created_at=now,
        expires_at=min(until, charge.expires_at),
    )
    if chosen.priced_in:
        freeze_price(payment, chosen.priced_in)
    return payment


def apply_payment(gateway_name: str, external_id: str) -> None:
    """Read a payment at its gateway and book what it says. Called by webhooks, sweeps and return pages."""
    apply_payment_facts(gateway_name, gateway(gateway_name).read(external_id))


def apply_payment_facts(gateway_name: str, facts: GatewayPayment) -> None:
    """Book freshly read facts of one payment, once. Money that pays for nothing is never "paid".

    Emits ``payment.succeeded``, ``payment.failed``, ``payment.mismatched`` or ``payment.unallocated``.
    """
    with transaction.atomic():
        payment = locked_row(gateway_name, facts)
        if facts.token is not None:
            follow_untold(gateway_name, facts, payment)
        if payment is None:
            if not brings_money(facts):
                return
            open_task(
                f"unknown:{gateway_name}:{facts.external_id}",
                TaskKind.UNKNOWN_PAYMENT,
                _("%(gateway)s reports a payment that belongs to no charge: %(id)s.")
                % {"gateway": gateway(gateway_name).brand, "id": facts.external_id},
            )
            return
        _note(payment, facts)
        if payment.state in BOOKED:
            _book_report(payment, facts)
            return
        if facts.status == PaymentStatus.SUCCEEDED:
            _book(payment, facts)
        elif facts.status == PaymentStatus.PROCESSING and payment.state == PaymentState.PENDING:
            payment.process()
            payment.save()
            if payment.charge.purpose == ChargePurpose.CONTRACT:
                set_payment_processing(payment.charge.contract_id, processing=True)
        elif facts.status in {PaymentStatus.FAILED, PaymentStatus.EXPIRED} and payment.state in OPEN_STATES:
            _close(payment, facts.status)


def _note(payment: Payment, facts: GatewayPayment) -> None:
    """The ids by which the gateway will tell of refunds and disputes, and where the card is from: evidence for the VAT."""
    told = {
        "external_intent_id": facts.intent_id,
        "external_charge_id": facts.card_charge_id,
        "card_country": facts.card_country[:2].upper(),
    }
    new = [name for name, value in told.items() if value and getattr(payment, name) != value]
    for name in new:
        setattr(payment, name, told[name])
    if new:
        payment.save(update_fields=new)
    if facts.token is not None:
        note_tokens(payment, facts)


def _close(payment: Payment, status: PaymentStatus) -> None:
    if status == PaymentStatus.FAILED:
        payment.fail()
    else:
        payment.expire()
    payment.save()
    charge = payment.charge
    if charge.purpose == ChargePurpose.CONTRACT:
        processing = charge.payments.filter(state=PaymentState.PROCESSING).exists()
        set_payment_processing(charge.contract_id, processing=processing)
    if status == PaymentStatus.FAILED:
        emit("payment.failed", charge.contract, payment=payment.pk, amount_minor=payment.amount_minor)


def _book(payment: Payment, facts: GatewayPayment) -> None:
    charge = payment.charge
    received, wrong = _judge(payment, facts) if facts.token is None else judge(payment, facts)
    if wrong:
        payment.mismatch(received, wrong)
        if facts.currency:
            payment.currency = facts.currency
        payment.save()
        postings.payment_unallocated(payment, charge.contract)
        _task(payment)
        emit("payment.mismatched", charge.contract, payment=payment.pk, received_minor=payment.received_minor)
    else:
        segment = _allocate(payment)
        anomaly = segment if isinstance(segment, Anomaly) else Anomaly.NONE
        payment.succeed(clock.now(), received, anomaly)
        payment.save(update_fields=["state", "succeeded_at", "received_minor", "anomaly"])
        contract = charge.contract
        if isinstance(segment, Segment):
            postings.payment_confirmed(payment, segment, charge.net_minor, charge.tax_minor)
            emit(
                "payment.succeeded",
                contract,
                payment=payment.pk,
                amount_minor=payment.amount_minor,
                currency=payment.currency,
                gateway=payment.gateway,
            )
            _compare_tax(payment, facts)
            issue_receipt(payment)
            if contract.accepted_at is not None:
                # Else the provider's yes brings it.
                issue_invoice(charge)
        else:
            postings.payment_unallocated(payment, contract)
            _task(payment)
            # Told in the order of a life: money came, then it goes back.
            emit("payment.unallocated", contract, payment=payment.pk, anomaly=anomaly.value)
            request_return(payment)
    _book_report(payment, facts)


def _judge(payment: Payment, facts: GatewayPayment) -> tuple[int, Anomaly]:
    """What came, in minor units of the currency that it came in, and what is odd about it."""
    if facts.currency != payment.currency:
        return facts.amount_minor, Anomaly.WRONG_ASSET
    return facts.amount_minor, Anomaly.NONE if facts.amount_minor == payment.amount_minor else Anomaly.WRONG_AMOUNT


def _book_report(payment: Payment, facts: GatewayPayment) -> None:
    """What the gateway's balance report shows of it, as soon as it does: often later than the payment itself."""
    if facts.reported is not None:
        balance_postings.payment_reported(payment, payment.charge.contract, facts.reported)


def _compare_tax(payment: Payment, facts: GatewayPayment) -> None:
    """The gateway's opinion of the VAT is a second one: ours stands, and a person looks at the difference."""
    charge = payment.charge
    if facts.tax_minor is None or facts.tax_minor == charge.tax_minor:
        return
    open_task(
        f"tax:{payment.pk}",
        TaskKind.TAX_OPINION,
        _("%(gateway)s computes %(theirs)s of VAT in this payment, our table says %(ours)s. Nothing waits; find out who errs.")
        % {
            "gateway": payment.gateway,
            "theirs": money(Money(facts.tax_minor, payment.currency)),
            "ours": money(Money(charge.tax_minor, charge.currency)),
        },
        contract=charge.contract,
        payment=payment,
    )


def _allocate(payment: Payment) -> Segment | Anomaly:
    """Tell the contract that it is paid; the answer is the paid segment, or why the money pays for nothing."""
    charge = payment.charge
    if charge.paid_at is not None:
        return Anomaly.PAID_TWICE
    if charge.closed_at is not None:
        return Anomaly.LATE
    ask_for(charge, payment.amount_minor)
    try:
        # A refusal leaves nothing behind, while the payment itself is still recorded.
        if charge.purpose == ChargePurpose.CONTRACT:
            segment = record_payment(charge.contract_id, charge.gross_minor)
        else:
            segment = extend(charge.contract_id, hours=charge.hours, price=charge.price, gross_minor=charge.gross_minor)
    except Refused as refused:
        return Anomaly.PAID_TWICE if refused.code == "already_paid" else Anomaly.PAID_AFTER_EXPIRY
    charge.paid_at = clock.now()
    charge.segment = segment
    # As it is now, under its lock.
    charge.contract = segment.contract
    charge.save(update_fields=["paid_at", "segment"])
    return segment


def _task(payment: Payment) -> None:
    open_task(
        f"payment:{payment.pk}",
        TaskKind.PAYMENT_ANOMALY,
        _("%(anomaly)s: %(received)s received, %(asked)s asked for.")
        % {"anomaly": Anomaly(payment.anomaly).label, "received": received_text(payment), "asked": asked_text(payment)},
        contract=payment.charge.contract,
        payment=payment,
    )


def accept_mismatch(payment_id: int, user: User) -> None:
    """Staff takes a wrong amount in the right currency as payment; a surplus goes back, a shortfall is our loss.

    Raises `Refused` when it was decided already, came in another currency, or its charge pays for nothing now.
    """
    with transaction.atomic():
        payment = _lock_mismatched(payment_id)
        charge = payment.charge
        if payment.anomaly == Anomaly.WRONG_ASSET:
            raise Refused(_("Another currency or token cannot be taken as payment; send it back."), code="wrong_asset")
        if -balance(LedgerAccount.UNALLOCATED, payment, payment.currency) != payment.received_minor:
            raise Refused(_("A bank has taken some of it back; send the rest back."), code="not_payable")
        segment = _allocate(payment)
        if isinstance(segment, Anomaly):
            raise Refused(_("Its order cannot be paid any more; send the money back."), code="not_payable")
        payment.accept_mismatch(clock.now())
        payment.save()
        postings.mismatch_accepted(payment, segment, charge.net_minor, charge.tax_minor)
        close_task(f"payment:{payment.pk}", user)
        surplus = payment.received_minor - charge.gross_minor
        if surplus > 0:
            request_return(payment, surplus)
        emit(
            "payment.succeeded",
            charge.contract,
            payment=payment.pk,
            amount_minor=payment.received_minor,
            currency=payment.currency,
            gateway=payment.gateway,
            actor_kind="staff",
            actor=user.pk,
        )
        issue_receipt(payment)
        issue_invoice(charge)


def return_mismatch(payment_id: int, user: User) -> None:
    """Staff sends a wrong amount back, all that is left of it. Raises `Refused` when it was decided already."""
    with transaction.atomic():
        payment = _lock_mismatched(payment_id)
        payment.send_back()
        payment.save()
        request_return(payment)
        close_task(f"payment:{payment.pk}", user)


def _lock_mismatched(payment_id: int) -> Payment:
    charge = Charge.objects.select_for_update(of=("self",)).select_related("contract").get(payments=payment_id)
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment_id)
    payment.charge = charge
    if payment.state != PaymentState.MISMATCHED:
        raise Refused(_("Somebody has decided this already."), code="decided")
    if payment.disputed_minor:
        raise Refused(_("The customer’s bank has not decided about this payment."), code="disputed")
    return payment
