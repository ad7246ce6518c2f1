"""Only thin wrappers: what the queue, the outbox and the inbox call."""

from contextlib import suppress

from billing import services
from billing.models import Charge
from billing.proof import record_proof
from billing.silence import waiting_when_silent
from core.errors import Refused
from core.jobs import enqueue
from core.models import DomainEvent, WebhookEvent

# A proof of millions of rows takes longer than the queue lets other jobs live.
PROOF_SECONDS = 3600
# A year of payments in tokens, a hundred of them an answer.
FAR_REPORTS_SECONDS = 3600


def _contract_id(event: DomainEvent) -> int:
    return int(event.subject.removeprefix("contract:"))


def refund_ended_contract(event: DomainEvent) -> None:
    """A contract ended, or a dispute of it closed: give back what its settlement says."""
    services.refund_settlement(_contract_id(event))


def close_charges_of_ended_contract(event: DomainEvent) -> None:
    """A contract ended: nothing is asked for any more."""
    services.close_charges_of(_contract_id(event))


def close_superseded_payments(event: DomainEvent) -> None:
    """A charge was opened: pages of one that it replaces are closed."""
    services.close_superseded_payments(_contract_id(event))


def close_other_payments(event: DomainEvent) -> None:
    """A charge is paid: its other payment pages are closed."""
    services.close_other_payments_of(event.data["payment"])


def send_refund(event: DomainEvent) -> None:
    """A refund was decided: send it."""
    services.send_refund(event.data["refund"])


def ask_again(charge_id: int) -> None:
    """A customer has come back from a payment page; a gateway that is silent is asked by the sweep, later."""
    charge = Charge.objects.get(pk=charge_id)
    with suppress(Refused), waiting_when_silent(charge):
        services.ask_again(charge)


def apply_payment(event: WebhookEvent) -> None:
    """A gateway says something of a payment: read it again and book it."""
    services.apply_payment(event.source, event.payload["object_id"])


def apply_refund(event: WebhookEvent) -> None:
    """A gateway says something of a refund: read it again and book it."""
    services.apply_refund(event.source, event.payload["object_id"])


def apply_refunds(event: WebhookEvent) -> None:
    """A gateway says that something of a payment was given back: read all its refunds."""
    services.apply_refunds(event.source, event.payload["object_id"])


def apply_payment_and_refunds(event: WebhookEvent) -> None:
    """A gateway says that a payment was given back, perhaps before it said that it came: read the payment, then its refunds."""
    apply_payment(event)
    apply_refunds(event)


def apply_dispute(event: WebhookEvent) -> None:
    """A gateway says something of a dispute: read it again and book it."""
    services.apply_dispute(event.source, event.payload["object_id"])


def send_waiting_refunds(event: DomainEvent) -> None:
    """A dispute closed: refunds that waited for the bank's word can go."""
    services.send_waiting_refunds(_contract_id(event))


def store_document(event: DomainEvent) -> None:
    """A document was issued: make its files."""
    services.store_document(event.data["document"])


def begin_far_reports() -> None:
    """Every night: the gateways' reports of long ago, as a job that may take its time."""
    enqueue("billing.tasks.read_far_reports", name="balance reports of long ago", seconds=FAR_REPORTS_SECONDS)


def read_far_reports() -> int:
    """Read them; returns how many lines were new."""
    return services.read_far_reports()


def begin_proof() -> None:
    """Every night, and when staff asks: a proof of the money, as a job that may take its time."""
    enqueue("billing.tasks.make_proof", name="proof of the money", seconds=PROOF_SECONDS)


def make_proof() -> bool:
    """Make a proof, unless one is being made."""
    try:
        record_proof()
    except Refused:
        return False
    return True


def ask_vies(event: DomainEvent) -> None:
    """VIES did not answer while somebody waited: ask it patiently."""
    services.ask_vies(int(event.subject.removeprefix("vatcheck:")))
