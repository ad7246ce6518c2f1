"""Only events worked on to their end: a stored message says paid, the payment is read again and booked, its receipt issued.

Each needs an order that waits for its money, so a pool of those is copied from one that our services have made. As in `bench.pool`
ids begin high up and apart from each other, so that a number tells what it is, in statements too.
"""

from collections.abc import Iterator

from accounts.models import Account, User
from bench.beside import Call, Step, beside
from bench.pool import copied, run
from bench.table import Row, say
from billing import sandbox_bank, services
from billing.buyers import Buyer
from billing.models import Charge, Document, DocumentCounter, Payment, SandboxPayment
from billing.sandbox_outcomes import Outcome
from billing.states import DocumentKind, PaymentState
from billing.tax import TaxFacts
from contracts.models import Contract, Segment
from core import clock, inbox
from core.models import WebhookEvent
from decentcloud.load.people import load_people
from providers.models import Offering, StockHold
from providers.states import OfferingStatus, Visibility

POOL, REPLAYED = 24_000, 8_000
EVENTS, HOLDS, CONTRACTS, SEGMENTS = 610_000_000, 620_000_000, 630_000_000, 640_000_000
CHARGES, PAYMENTS, PAGES, RECEIPTS = 650_000_000, 660_000_000, 670_000_000, 680_000_000
DOCUMENTS = 690_000_000
BUYER = Buyer("Bench", "bench@load.invalid", "Lindenweg 12", "Leipzig", "DE", "04109")


def measure() -> list[Row]:
    """One row."""
    say("events worked on")
    fill_pool()
    counted = {
        "event": EVENTS,
        "contract": CONTRACTS,
        "segment": SEGMENTS,
        "charge": CHARGES,
        "payment": PAYMENTS,
        "page": PAGES,
        # The counter stands so high that the number of a receipt is found in every text that names it.
        "receipt": RECEIPTS + 1,
    }
    given = {"document": "billing_document"}
    worked_on, _recording = beside(Step("events worked on: paid, booked, receipt", _events, counted, given, REPLAYED, POOL))
    done = Payment.objects.filter(pk__gte=PAYMENTS, pk__lt=PAYMENTS + POOL, state=PaymentState.SUCCEEDED).count()
    assert done >= REPLAYED // 100, "nothing was booked"
    return [worked_on]


def _events(numbers: range) -> Iterator[Call]:
    # What the replay has used up between two rounds has moved the counter.
    DocumentCounter.objects.filter(kind=DocumentKind.RECEIPT).update(last=RECEIPTS + numbers[0])
    for number in numbers:
        yield _working_on(EVENTS + number)


def _working_on(event: int) -> Call:
    return lambda: inbox.process(event)


def fill_pool() -> None:
    """POOL orders that are paid at the bank and not here; the n-th has the ids EVENTS + n, CONTRACTS + n and so on."""
    run(f"ALTER SEQUENCE {Document._meta.db_table}_id_seq RESTART WITH {DOCUMENTS}")
    people = load_people("payer", 1, clock.now())
    user, account = User.objects.get(pk=people.users[0]), Account.objects.get(pk=people.accounts[0])
    offered = Offering.objects.filter(
        status=OfferingStatus.PUBLISHED, visibility=Visibility.PUBLIC, currency="EUR", auto_accept=False
    )
    offering = offered.select_related("provider").filter(min_hours__lte=720, max_hours__gte=720, stock__gt=0).order_by("pk")[0]
    quote = services.create_quote(account, user, offering, 720, TaxFacts("DE"))
    charge = services.order(quote, user=user, buyer=BUYER)
    payment = services.start_payment(charge, "sandbox")
    page = sandbox_bank.choose(payment.external_id, Outcome.PAID)
    message = {"id": "sbx_msg_bench", "kind": "payment.succeeded", "object_id": page.external_id}
    event = inbox.receive("sandbox", "sbx_msg_bench", "payment.succeeded", message)
    name = f"'sbx_pay_bench' || ({PAGES} + n)"
    reference = f"right(reverse(({CONTRACTS} + n)::text), 9)"
    said = f"jsonb_build_object('object_id', {name})"
    copied(StockHold, charge.contract.hold_id, POOL, {"id": HOLDS})
    copied(Contract, charge.contract_id, POOL, {"id": CONTRACTS, "hold_id": HOLDS}, reference=reference)
    copied(Segment, charge.contract.segments.get().pk, POOL, {"id": SEGMENTS, "contract_id": CONTRACTS})
    copied(Charge, charge.pk, POOL, {"id": CHARGES, "contract_id": CONTRACTS, "segment_id": SEGMENTS})
    copied(Payment, payment.pk, POOL, {"id": PAYMENTS, "charge_id": CHARGES}, external_id=name)
    copied(SandboxPayment, page.pk, POOL, {"id": PAGES}, external_id=name, payment_public_id="gen_random_uuid()")
    copied(WebhookEvent, event.pk, POOL, {"id": EVENTS}, external_id=f"'sbx_msg_bench' || ({EVENTS} + n)", payload=said)
    # The pattern's own, which makes this year's counter of receipts.
    inbox.process(event.pk)
    # It lets nobody but a counter count, and the replay counts where ours has not been.
    run("ALTER TABLE billing_documentcounter DISABLE TRIGGER USER")
    run("ANALYZE")
