"""The only adapter of the sandbox: asks the pretend bank, answers in our words. Stands where Stripe and ICPay will."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

from django.urls import reverse
from django.utils.translation import gettext as _

from billing import sandbox_bank
from billing.gateway_facts import (
    BalanceLine,
    DisputeStatus,
    GatewayDispute,
    GatewayPayment,
    GatewayRefund,
    PaymentStatus,
    RefundStatus,
    Started,
)
from billing.models import Payment, Refund, SandboxDispute, SandboxPayment, SandboxRefund


class SandboxGateway:
    """Pays with play money: a person chooses what the bank says. Amounts show in its balance at once, without a fee."""

    name = "sandbox"
    brand = "Sandbox"
    priced_in = ""
    look_back = timedelta(0)

    @property
    def label(self) -> str:
        """What the customer reads beside the choice."""
        return _("Sandbox")

    @property
    def description(self) -> str:
        """One sentence under it."""
        return _("No real money. You choose what the bank says: paid, declined, wrong amount.")

    def is_configured(self) -> bool:
        """Only where settings allow play money and there is a secret to sign with."""
        return sandbox_bank.is_enabled()

    def start(self, payment: Payment) -> Started:
        """Open the bank's page for this payment, once."""
        charge = payment.charge
        page = sandbox_bank.open_page(
            key=payment.public_id,
            charge_id=charge.public_id,
            amount_minor=payment.amount_minor,
            currency_code=payment.currency,
            subject=charge.subject,
            deadline_at=charge.expires_at,
            expires_at=payment.expires_at,
        )
        return Started(external_id=page.external_id, url=reverse("sandbox", args=[payment.public_id]), expires_at=page.expires_at)

    def read(self, external_id: str) -> GatewayPayment:
        """What the bank says of a payment now."""
        return _payment(sandbox_bank.read_page(external_id))

    def expire(self, external_id: str) -> GatewayPayment:
        """Close the page, and say how the payment stands."""
        return _payment(sandbox_bank.close_page(external_id))

    def refunds_by_itself(self, refund: Refund) -> bool:
        """All of them, in full and in part."""
        return True

    def refund(self, refund: Refund) -> GatewayRefund:
        """Order a refund, once; it is pending at first."""
        row = sandbox_bank.give_back(
            refund.payment.external_id, key=refund.public_id, amount_minor=refund.amount_minor, attempt=refund.failures
        )
        return _refund(row)

    def read_refund(self, external_id: str) -> GatewayRefund:
        """What the bank says of a refund now."""
        return _refund(sandbox_bank.read_refund(external_id))

    def read_refunds(self, payment_id: str) -> list[GatewayRefund]:
        """Every refund that the bank has of a payment."""
        page = sandbox_bank.read_page(payment_id)
        return [_refund(row) for row in page.refunds.select_related("payment").order_by("pk")]

    def read_dispute(self, external_id: str) -> GatewayDispute:
        """What the bank says of a dispute now."""
        row = sandbox_bank.read_dispute(external_id)
        return GatewayDispute(
            external_id=row.external_id,
            payment_external_id=row.payment.external_id,
            status=DisputeStatus(row.status),
            amount_minor=row.amount_minor,
            currency=row.payment.currency,
            fee_minor=row.fee_minor,
            evidence_due_at=row.evidence_due_at,
            withdrawn=_withdrawn(row),
            reinstated=_reinstated(row),
        )

    def balance_lines(self, since: datetime, until: datetime) -> Iterator[BalanceLine]:
        """What came into the bank's balance and left it between the two, each at the moment that the bank booked it."""
        payments = SandboxPayment.objects.filter(received_at__gte=since, received_at__lt=until)
        refunds = SandboxRefund.objects.select_related("payment")
        disputes = SandboxDispute.objects.select_related("payment")
        lines = chain(
            map(_received, payments.iterator()),
            map(_sent, refunds.filter(created_at__gte=since, created_at__lt=until).iterator()),
            map(_returned, refunds.filter(returned_at__gte=since, returned_at__lt=until).iterator()),
            map(_withdrawn, disputes.filter(created_at__gte=since, created_at__lt=until).iterator()),
            map(_reinstated, disputes.filter(decided_at__gte=since, decided_at__lt=until).iterator()),
        )
        return (line for line in lines if line is not None)


def _payment(page: SandboxPayment) -> GatewayPayment:
    return GatewayPayment(
        external_id=page.external_id,
        charge_id=page.charge_public_id,
        payment_id=page.payment_public_id,
        status=PaymentStatus(page.status),
        amount_minor=page.received_minor,
        currency=page.currency,
        reported=_received(page),
    )


def _refund(row: SandboxRefund) -> GatewayRefund:
    return GatewayRefund(
        external_id=row.external_id,
        payment_external_id=row.payment.external_id,
        refund_id=row.idempotency_key,
        status=RefundStatus(row.status),
        amount_minor=row.amount_minor,
        currency=row.payment.currency,
        error="" if row.status != RefundStatus.FAILED else _("The customer’s bank has sent it back."),
        attempt=row.attempt,
        reported=_sent(row),
        returned=_returned(row),
    )


def _received(page: SandboxPayment) -> BalanceLine | None:
    if page.received_at is None:
        return None
    return BalanceLine(
        external_id=page.external_id,
        kind="payment",
        source_id=page.external_id,
        amount_minor=page.received_minor,
        fee_minor=0,
        currency=page.currency,
        created_at=page.received_at,
    )


def _sent(row: SandboxRefund) -> BalanceLine:
    return BalanceLine(
        external_id=row.external_id,
        kind="refund",
        source_id=row.external_id,
        amount_minor=-row.amount_minor,
        fee_minor=0,
        currency=row.payment.currency,
        created_at=row.created_at,
    )


def _returned(row: SandboxRefund) -> BalanceLine | None:
    if row.returned_at is None:
        return None
    return BalanceLine(
        external_id=f"{row.external_id}:back",
        kind="refund_failure",
        source_id=row.external_id,
        amount_minor=row.amount_minor,
        fee_minor=0,
        currency=row.payment.currency,
        created_at=row.returned_at,
    )


def _withdrawn(row: SandboxDispute) -> BalanceLine | None:
    if row.status in {DisputeStatus.INQUIRY, DisputeStatus.INQUIRY_CLOSED}:
        return None
    return BalanceLine(
        external_id=row.external_id,
        kind="dispute",
        source_id=row.external_id,
        amount_minor=-row.amount_minor,
        fee_minor=row.fee_minor,
        currency=row.payment.currency,
        created_at=row.created_at,
    )


def _reinstated(row: SandboxDispute) -> BalanceLine | None:
    if row.status != DisputeStatus.WON or row.decided_at is None:
        return None
    return BalanceLine(
        external_id=f"{row.external_id}:back",
        kind="dispute_reversal",
        source_id=row.external_id,
        amount_minor=row.amount_minor,
        fee_minor=-row.fee_returned_minor,
        currency=row.payment.currency,
        created_at=row.decided_at,
    )
