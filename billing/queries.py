"""Only reads of billing: what was paid, given back, is held; previews."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.gateway_facts import GatewayDispute, GatewayRefund
from billing.ledger import balance
from billing.models import Charge, Dispute, LedgerLine, Payment, Refund
from billing.states import Anomaly, ChargePurpose, DisputeState, LedgerAccount, PaymentState, RefundKind, RefundState
from contracts.models import Contract, Settlement
from contracts.queries import Preview, cancel_preview
from contracts.states import Fault
from core.money import Money, Priced, split_gross, split_net


def paid_of(charge: Charge) -> Priced:
    """Net, tax and gross of a charge."""
    return Priced.of(charge.net_minor, charge.tax_minor, charge.currency)


def received_of(payment: Payment) -> Priced:
    """What came in of a charge that a payment settles: all of it, or less that staff took for it. A surplus is sent back."""
    paid = paid_of(payment.charge)
    if payment.received_minor >= paid.gross.minor:
        return paid
    return split_gross(payment.received_minor, paid=paid, given_back=Priced.zero(paid.currency), rate=payment.charge.tax_rate)


# What is taken from a payment that pays for a contract; a return is of money that pays for nothing.
OF_ALLOCATED = (RefundKind.UNUSED, RefundKind.GOODWILL, RefundKind.VAT, RefundKind.IMPORTED)


def given_back(payment: Payment) -> Priced:
    """What of an allocated payment is no longer ours to give: refunds decided, and lost disputes, with their tax."""
    decided = Refund.objects.filter(payment=payment, kind__in=OF_ALLOCATED).exclude(state=RefundState.DROPPED)
    refunds = decided.aggregate(net=Coalesce(Sum("net_minor"), 0), tax=Coalesce(Sum("tax_minor"), 0))
    lost = Dispute.objects.filter(payment=payment, state=DisputeState.LOST).aggregate(
        net=Coalesce(Sum("lost_net_minor"), 0), tax=Coalesce(Sum("lost_tax_minor"), 0)
    )
    return Priced.of(int(refunds["net"] + lost["net"]), int(refunds["tax"] + lost["tax"]), payment.currency)


def left_gross(payment: Payment) -> int:
    """How much of a payment can still be given back, in minor units: received, less what was decided to go back or was lost."""
    if not is_allocated(payment):
        return -balance(LedgerAccount.UNALLOCATED, payment, payment.currency)
    back = given_back(payment)
    paid = paid_of(payment.charge)
    return max(0, min(int(payment.received_minor), paid.gross.minor) - back.gross.minor)


def payments_told_of(gateway_name: str, facts: GatewayRefund | GatewayDispute) -> QuerySet[Payment]:
    """The payment that a refund or dispute belongs to, by whichever of its ids the gateway knows; none for an unknown one."""
    payments = Payment.objects.filter(gateway=gateway_name)
    if facts.payment_external_id:
        return payments.filter(external_id=facts.payment_external_id)
    if facts.intent_id:
        return payments.filter(external_intent_id=facts.intent_id)
    return payments.filter(external_charge_id=facts.card_charge_id) if facts.card_charge_id else payments.none()


def is_allocated(payment: Payment) -> bool:
    """Whether it pays for its contract."""
    return payment.state == PaymentState.SUCCEEDED and not payment.anomaly


@dataclass(frozen=True)
class Unused:
    """What an end gives back of one payment (`priced`), and what it would have given, had that not come back before or never
    come in (`regained`): that part goes from escrow and pending VAT to the losses which had stood in for it.
    """

    priced: Priced
    regained: Priced


def unused_of(payment: Payment, settlement: Settlement) -> Unused:
    """What a settlement gives back of this payment, tax counted on totals.

    Net that a bank took after the settlement was made is not given back a second time.
    """
    lost_later = max(0, _lost_net(payment) - settlement.lost_minor)
    return _coming_back(payment, payment.charge, max(0, settlement.refund_minor - lost_later))


def _coming_back(payment: Payment, charge: Charge, net: int) -> Unused:
    """Of a net that is not earned: no more than is left after what came back already, and than what came in.

    Where less came in than was asked for, the tax comes first: none is due on what is undone.
    """
    back, paid = given_back(payment), paid_of(charge)
    unused = split_net(min(net, (paid - back).net.minor), paid=paid, given_back=back, rate=charge.tax_rate)
    gross = min(unused.gross.minor, max(0, payment.received_minor - back.gross.minor))
    tax = min(unused.tax.minor, gross)
    priced = Priced.of(gross - tax, tax, payment.currency)
    return Unused(priced, Priced.of(net - priced.net.minor, unused.tax.minor - tax, payment.currency))


def _lost_net(payment: Payment) -> int:
    lost = Dispute.objects.filter(payment=payment, state=DisputeState.LOST)
    return int(lost.aggregate(net=Coalesce(Sum("lost_net_minor"), 0))["net"])


@dataclass(frozen=True)
class RefundPreview:
    """What ending a contract now gives back, tax included; the refund that follows is exactly this."""

    contract: Preview
    priced: Priced


def refund_preview(contract: Contract, moment: datetime, fault: Fault = Fault.NOBODY) -> RefundPreview:
    """The refund if the contract ended at `moment` (UTC): the same arithmetic as the settlement and the refund."""
    segments = [segment for segment in contract.segments.all() if segment.paid_at]
    preview = cancel_preview(contract, moment, fault, segments)
    total = Priced.zero(contract.currency)
    charges = {charge.segment_id: charge for charge in Charge.objects.filter(segment__in=segments)}
    payments = {
        payment.charge_id: payment
        for payment in Payment.objects.filter(charge__in=charges.values(), state=PaymentState.SUCCEEDED, anomaly=Anomaly.NONE)
    }
    for segment, share in zip(sorted(segments, key=lambda s: s.number), preview.shares, strict=True):
        charge = charges[segment.pk]
        total += _coming_back(payments[charge.pk], charge, share.refund_minor).priced
    return RefundPreview(preview, total)


@dataclass(frozen=True)
class MoneySoFar:
    """One contract's money by the ledger, in minor units of its currency; net unless it says gross."""

    currency: str
    paid_net: int
    paid_gross: int
    escrow: int
    released: int
    refunded_net: int
    refunded_gross: int
    refund_pending_gross: int
    lost_gross: int

    @property
    def paid_tax(self) -> int:
        """VAT paid."""
        return self.paid_gross - self.paid_net

    def of(self, minor: int) -> Money:
        """One of the figures with its currency."""
        return Money(minor, self.currency)


def money_of(contract: Contract) -> MoneySoFar:
    """The money of one contract."""
    return money_of_contracts([contract])[contract.pk]


def money_of_contracts(contracts: Iterable[Contract]) -> dict[int, MoneySoFar]:
    """The money of each contract, by its id; three statements, however many there are."""
    listed = {contract.pk: contract for contract in contracts}
    by_account: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    lines = LedgerLine.objects.filter(entry__contract__in=listed).values_list("entry__contract", "entry__kind", "account")
    for contract_id, kind, account, amount in lines.annotate(total=Sum("amount")).values_list(
        "entry__contract", "entry__kind", "account", "total"
    ):
        by_account[contract_id][account] += int(amount)
        by_account[contract_id][f"{kind}/{account}"] += int(amount)
    refunds: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in (
        Refund.objects.filter(contract__in=listed)
        .exclude(state=RefundState.DROPPED)
        .values("contract", "kind", "state")
        .annotate(net=Sum("net_minor"), gross=Sum("amount_minor"))
    ):
        done = "done" if row["state"] == RefundState.SUCCEEDED else "pending"
        refunds[row["contract"]][f"{done}_gross"] += row["gross"]
        if row["kind"] in OF_ALLOCATED:
            refunds[row["contract"]][f"{done}_net"] += row["net"]
    paid: dict[int, tuple[int, int]] = {
        row["contract"]: (row["net"], row["with_tax"])
        for row in Charge.objects.filter(contract__in=listed, paid_at__isnull=False)
        .values("contract")
        .annotate(net=Sum("net_minor"), with_tax=Sum("gross_minor"))
    }
    return {
        contract_id: MoneySoFar(
            currency=contract.currency,
            paid_net=paid.get(contract_id, (0, 0))[0],
            paid_gross=paid.get(contract_id, (0, 0))[1],
            escrow=-by_account[contract_id][LedgerAccount.ESCROW],
            released=-(
                by_account[contract_id][LedgerAccount.PROVIDER_PAYABLE] + by_account[contract_id][LedgerAccount.PLATFORM_FEE]
            ),
            refunded_net=refunds[contract_id]["done_net"],
            refunded_gross=refunds[contract_id]["done_gross"],
            refund_pending_gross=refunds[contract_id]["pending_gross"],
            lost_gross=-by_account[contract_id][f"dispute_lost/{LedgerAccount.DISPUTE_HOLD}"],
        )
        for contract_id, contract in listed.items()
    }


def order_charge(contract: Contract) -> Charge:
    """The charge of the order itself."""
    return contract.charges.get(purpose=ChargePurpose.CONTRACT)


def open_charge(contract: Contract) -> Charge | None:
    """The charge that waits for money, if one does."""
    return contract.charges.filter(paid_at=None, closed_at=None).order_by("id").first()
