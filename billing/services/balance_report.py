"""Only the reading of gateways' balance reports: rows of ours whose money is in none yet, and lines that we know nothing of."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Max, Sum

from billing import balance_postings
from billing.gateway_facts import BalanceLine, GatewayError, LineSubject, PaymentGateway
from billing.gateways import gateway, offered_gateways
from billing.models import Dispute, LedgerEntry, LedgerLine, Payment, Refund
from billing.services.dispute import apply_dispute
from billing.services.payment import apply_payment
from billing.services.refund_import import apply_refund, import_refund
from billing.services.refund_news import apply_refund_facts
from billing.silence import waiting_when_silent
from billing.states import BOOKED, LedgerAccount
from core import clock
from core.sweeps import each

log = logging.getLogger(__name__)

# Gateways show money within two days or so; what is not there after a month is a matter for the proof, which names it.
LOOK_BACK = timedelta(days=30)
# A webhook is repeated for three days; a report that is read for longer finds what got lost.
REPORT_DAYS = timedelta(days=8)
BATCH = 500


def apply_refunds(gateway_name: str, payment_id: str) -> None:
    """Read all refunds of a payment at its gateway and book what it says, of those too that were made in its dashboard."""
    for facts in gateway(gateway_name).read_refunds(payment_id):
        if not apply_refund_facts(gateway_name, facts):
            import_refund(gateway_name, facts)


def reread_uncleared() -> int:
    """Read again what the ledger has on gateway_clearing, until the balance report shows it. Runs every hour; returns how many."""
    waiting = (
        LedgerLine.objects.filter(account=LedgerAccount.GATEWAY_CLEARING, entry__payment__isnull=False)
        .values_list("entry__payment", "entry__refund", "entry__dispute", "currency")
        .annotate(total=Sum("amount"), last=Max("entry__at"))
        .exclude(total=0)
        .filter(last__gte=clock.now() - LOOK_BACK)
        .order_by("last")
    )
    rows = [_row(payment, refund, dispute) for payment, refund, dispute, *_sums in waiting[:BATCH]]
    return each(rows, _read_again)


def _row(payment_id: int, refund_id: int | None, dispute_id: int | None) -> Payment | Refund | Dispute:
    if dispute_id is not None:
        return Dispute.objects.select_related("payment").get(pk=dispute_id)
    if refund_id is not None:
        return Refund.objects.select_related("payment").get(pk=refund_id)
    return Payment.objects.get(pk=payment_id)


def _read_again(row: Payment | Refund | Dispute) -> None:
    with waiting_when_silent(row):
        if isinstance(row, Payment):
            apply_payment(row.gateway, row.external_id)
        elif isinstance(row, Dispute):
            apply_dispute(row.payment.gateway, row.external_id)
        elif row.external_id:
            apply_refund(row.payment.gateway, row.external_id)


def read_reports() -> int:
    """Read the gateways' balance reports of the last days for what nobody has told us of: refunds and disputes whose messages got
    lost, transfers to our bank, fees. Runs every hour; returns how many lines were new. `read_far_reports` looks further back.
    """
    now = clock.now()
    return sum(_read_report(offered, now - REPORT_DAYS, now) for offered in offered_gateways())


def read_far_reports() -> int:
    """The same where a report goes by when a payment was begun, as far back as one may have begun whose money moves now: it was
    paid or given back late, and nobody has told us. Runs every night; returns how many lines were new.
    """
    now = clock.now()
    far = [offered for offered in offered_gateways() if offered.look_back]
    return sum(_read_report(offered, now - REPORT_DAYS - offered.look_back, now) for offered in far)


def _read_report(offered: PaymentGateway, since: datetime, until: datetime) -> int:
    return each(_unbooked(offered, since, until), lambda line: _take_in(offered.name, line))


def _unbooked(offered: PaymentGateway, since: datetime, until: datetime) -> Iterator[BalanceLine]:
    """Its lines that the ledger has not yet; where it falls silent they end."""
    lines = offered.balance_lines(since, until)
    try:
        while batch := list(islice(lines, BATCH)):
            keys = [balance_postings.report_key(offered.name, line) for line in batch]
            booked = set(LedgerEntry.objects.filter(key__in=keys).values_list("key", flat=True))
            yield from (line for key, line in zip(keys, batch, strict=True) if key not in booked)
    except GatewayError as error:
        log.warning("the balance report of %s waits: %s", offered.name, error)


def _take_in_transfer(gateway_name: str, line: BalanceLine) -> None:
    """Only the report's line clears such a payment, so that the ledger has what the report says. None for what is not ours."""
    apply_payment(gateway_name, line.source_id)
    with transaction.atomic():
        ours = Payment.objects.filter(gateway=gateway_name, external_charge_id=line.source_id, state__in=BOOKED)
        payment = ours.select_for_update(of=("self",)).select_related("charge__contract").first()
        if payment is not None:
            balance_postings.payment_reported(payment, payment.charge.contract, line)


def _take_in(gateway_name: str, line: BalanceLine) -> None:
    """Payments are not looked for here: each of ours is read until it is booked, and others are not ours. But one on a page that
    cannot be closed may come when nobody reads it any more.
    """
    if line.subject == LineSubject.TRANSFER:
        _take_in_transfer(gateway_name, line)
    elif line.subject == LineSubject.REFUND:
        apply_refund(gateway_name, line.source_id)
    elif line.subject == LineSubject.DISPUTE:
        apply_dispute(gateway_name, line.source_id)
    elif line.subject == LineSubject.SHARE:
        with transaction.atomic():
            balance_postings.share_moved(gateway_name, line)
    elif line.subject == LineSubject.PAYOUT:
        with transaction.atomic():
            balance_postings.paid_out(gateway_name, line)
    elif line.subject == LineSubject.FEE:
        with transaction.atomic():
            balance_postings.fee_taken(gateway_name, line)
