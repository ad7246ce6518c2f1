"""Only reads of one contract's pages: its papers, what its provider usually does, what an extension would cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, OuterRef, Subquery, Sum

from billing.document_list import papers_of_contracts
from billing.models import Charge, Dispute, Document, Payment, Refund
from billing.queries import OF_ALLOCATED
from billing.services import expected_rate, price_extension
from billing.states import ChargePurpose, DisputeState, PaymentState, RefundKind, RefundState
from contracts.models import Contract
from contracts.states import ExtensionPrice
from core.models import DomainEvent
from core.money import Money, minimum_minor
from core.queries import timeline
from providers.models import Offering, Standing
from providers.states import TERMS, OfferingStatus, Visibility

# Below this a usual time is a guess, and pages say nothing.
LEAST_SAMPLES = 10


def usual_answers(contracts: Iterable[Contract]) -> dict[int, int]:
    """In how many minutes each provider usually answers, by provider id, where enough was measured. One query."""
    providers = {contract.provider_id for contract in contracts}
    measured = Standing.objects.filter(
        provider__in=providers, offering=None, response_minutes__isnull=False, response_samples__gte=LEAST_SAMPLES
    )
    return dict(measured.annotate(minutes=F("response_minutes")).values_list("provider_id", "minutes"))


def still_offered(contracts: Iterable[Contract]) -> dict[int, str]:
    """The addresses of the offerings of ended rentals that anybody can rent again, by offering id. One query."""
    ended = {contract.offering_id for contract in contracts if contract.is_final}
    offered = Offering.objects.filter(pk__in=ended, status=OfferingStatus.PUBLISHED, visibility=Visibility.PUBLIC)
    return dict(offered.values_list("pk", "slug"))


# One rental ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moved:
    """What really moved of a paid charge, gross in minor units: what came in, and what the customer's bank took back for good."""

    charge: Charge
    received_minor: int
    taken_back_minor: int


@dataclass(frozen=True)
class Papers:
    """What stands beside one contract: its charges in order, what goes back, what happened, what was issued."""

    charges: list[Charge]
    moved: list[Moved]
    given_back: list[Refund]
    in_tokens: list[Refund]
    events: list[DomainEvent]
    documents: list[Document]

    @property
    def refunds(self) -> list[Refund]:
        """What the end gave back; goodwill is none of it."""
        return [refund for refund in self.given_back if refund.kind == RefundKind.UNUSED]

    @property
    def order(self) -> Charge:
        """The charge of the order itself."""
        return next(charge for charge in self.charges if charge.purpose == ChargePurpose.CONTRACT)

    def open_charge(self, moment: datetime) -> Charge | None:
        """What waits for the customer's money at `moment` (UTC); None when nothing does."""
        waiting = (charge for charge in self.charges if charge.is_open and charge.expires_at > moment)
        return next(waiting, None)


def papers_of(contract: Contract) -> Papers:
    """Four queries, whatever happened."""
    settling = Payment.objects.filter(charge=OuterRef("pk"), state=PaymentState.SUCCEEDED, anomaly="")
    lost = Dispute.objects.filter(payment__charge=OuterRef("pk"), payment__anomaly="", state=DisputeState.LOST)
    charges = Charge.objects.filter(contract=contract).annotate(
        received=Subquery(settling.values("received_minor")),
        taken_back=Subquery(lost.order_by().values("payment__charge").annotate(all=Sum("amount_minor")).values("all")),
    )
    found = list(charges.order_by("id"))
    owed = Refund.objects.filter(contract=contract).exclude(state=RefundState.DROPPED)
    refunds = list(owed.select_related("payment__token").order_by("id"))
    for refund in refunds:
        refund.contract = contract
    return Papers(
        [*found],
        [Moved(charge, charge.received, int(charge.taken_back or 0)) for charge in found if charge.received is not None],
        [refund for refund in refunds if refund.kind in OF_ALLOCATED],
        [refund for refund in refunds if refund.token_units is not None],
        timeline(contract),
        papers_of_contracts([contract]),
    )


def extension_offers(contract: Contract, order_charge: Charge) -> list[tuple[int, Money]]:
    """The terms that can be added now, with their price, VAT included; the same arithmetic as the charge. One query at most."""
    offers: list[tuple[int, Money]] = []
    rate = expected_rate(order_charge)
    if rate is None:
        return offers
    rule_has_currency = contract.extension_price == ExtensionPrice.FROZEN or contract.currency == contract.offering.currency
    for hours in TERMS if rule_has_currency else ():
        if hours <= contract.terms["max_hours"]:
            _price, priced = price_extension(contract, rate, hours)
            if priced.gross.minor >= minimum_minor(contract.currency):
                offers.append((hours, priced.gross))
    return offers
