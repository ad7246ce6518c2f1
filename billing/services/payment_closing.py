"""Only the end of waiting for money: pages closed at their gateways, orders let go, and what became quiet read again."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from billing.gateway_facts import GatewayError
from billing.gateways import gateway
from billing.models import Charge, Payment
from billing.services.order import close_charge
from billing.services.payment import OPEN_STATES, apply_payment, apply_payment_facts
from billing.silence import waiting_when_silent
from billing.states import ChargePurpose
from contracts.services import expire_unpaid
from core import clock
from core.errors import Refused
from core.sweeps import each

# No gateway's page lives longer. One that cannot be closed, since its gateway knows nothing of it any more, ends then.
LONGEST_PAGE = timedelta(days=1)


def close_payments(charge: Charge) -> None:
    """Close a charge's open payment pages at their gateways and book how they stand; one may turn out paid."""
    for payment in charge.payments.filter(state__in=OPEN_STATES):
        try:
            if payment.external_id:
                apply_payment_facts(payment.gateway, gateway(payment.gateway).expire(payment.external_id))
                continue
        except GatewayError as error:
            if not error.permanent or payment.expires_at > clock.now() - LONGEST_PAGE:
                raise
        _expire_here(payment)


def _expire_here(payment: Payment) -> None:
    """Its gateway has no page of it. Should money come all the same, it is booked as late."""
    with transaction.atomic():
        locked = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
        if locked.state in OPEN_STATES and locked.external_id == payment.external_id:
            locked.expire()
            locked.save()


def expire_unpaid_charges() -> int:
    """Give up charges whose time has passed: close the gateway's page, look once more, then let go.

    Runs every minute. An order's contract expires with its charge; an extension's charge just closes.
    Returns how many were given up. Each stands by itself: a gateway that is silent delays only its own.
    """
    due = Charge.objects.filter(paid_at=None, closed_at=None, expires_at__lte=clock.now(), contract__payment_processing=False)
    return each(list(due.select_related("contract").order_by("expires_at")[:200]), _look_once_more)


def _look_once_more(charge: Charge) -> None:
    with waiting_when_silent(charge):
        close_payments(charge)
    _give_up(charge)


def _give_up(charge: Charge) -> None:
    with transaction.atomic():
        charge = Charge.objects.select_for_update(of=("self",)).get(pk=charge.pk)
        if not charge.is_open or charge.expires_at > clock.now():
            raise Refused(_("It was paid, or has time left."), code="not_due")
        if charge.purpose == ChargePurpose.CONTRACT:
            expire_unpaid(charge.contract_id)
        close_charge(charge.pk)


def close_charges_of(contract_id: int) -> None:
    """When a contract has ended: nothing is asked for any more, and open payment pages are closed."""
    for charge in Charge.objects.filter(contract=contract_id, paid_at=None):
        close_charge(charge.pk)
        close_payments(charge)


def close_superseded_payments(contract_id: int) -> None:
    """When an extension is asked for anew: the pages of the charge that it replaces are closed."""
    for charge in Charge.objects.filter(contract=contract_id, paid_at=None, closed_at__isnull=False):
        close_payments(charge)


def close_other_payments_of(payment_id: int) -> None:
    """When a payment has settled its charge: the other pages opened for it are closed, so nobody pays twice."""
    charge = Charge.objects.get(payments=payment_id)
    if charge.paid_at is not None:
        close_payments(charge)


def reread_payments() -> int:
    """Read again what has been open for a while: webhooks get lost. Runs every few minutes; returns how many."""
    now = clock.now()
    stale = Payment.objects.filter(
        state__in=OPEN_STATES, created_at__lte=now - timedelta(minutes=5), created_at__gte=now - timedelta(days=15)
    ).exclude(external_id="")
    return each(list(stale.order_by("created_at")[:200]), _read_again)


def _read_again(payment: Payment) -> None:
    with waiting_when_silent(payment):
        apply_payment(payment.gateway, payment.external_id)
