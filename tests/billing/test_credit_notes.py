"""Whatever goes back, in whatever order: the notes of an invoice are what went back, and never above it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from billing import sandbox_bank, services
from billing.ledger import balance
from billing.models import Document, Payment, Refund
from billing.proof import find_differences
from billing.queries import given_back
from billing.sandbox_outcomes import Decision, Outcome
from billing.services.document import correct_vat
from billing.states import DocumentKind, LedgerAccount, RefundState
from contracts import actors
from contracts import services as contracts
from contracts.states import FINAL
from core import clock
from core.errors import Refused
from providers.models import Offering
from providers.services import update_offering
from tests.walk import Walk, dispute, pay_order

pytestmark = pytest.mark.django_db

STEPS = ["goodwill", "goodwill", "confirm", "confirm", "vat", "dispute won", "dispute lost", "by hand", "wait"]


class Market:
    """One rental, and what people do about its money."""

    def __init__(self, customer: User, offering: Offering, staff: User, outcome: Outcome) -> None:
        self.staff = staff
        self.walk = Walk(customer, offering)
        self.walk._then(lambda: pay_order(self.walk.contract, outcome), minutes=2)
        payment = Payment.objects.get()
        if payment.state == "mismatched":
            self.walk._then(lambda: services.accept_mismatch(payment.pk, staff), minutes=1)
        self.walk._then(lambda: services.accept_contract(self.walk.contract.pk, self.walk.provider), minutes=5)
        self.walk._then(self.walk._deliver, minutes=9)
        self.payment = Payment.objects.select_related("charge__contract").get()

    def do(self, step: str, amount: int) -> None:
        """A refusal is an answer like others."""
        ways: dict[str, Callable[[], object]] = {
            "goodwill": lambda: services.request_goodwill_refund(self.payment.pk, amount, "Slow", self.staff, uuid4()),
            "confirm": self._confirm,
            "vat": self._correct,
            "dispute won": lambda: self._dispute(Decision.WON),
            "dispute lost": lambda: self._dispute(Decision.LOST),
            "by hand": self._by_hand,
            "wait": lambda: None,
            "leave": lambda: contracts.cancel(self.walk.contract.pk, actors.customer(self.walk.customer.pk)),
        }
        self.walk.now += timedelta(hours=7)
        with clock.at(self.walk.now):
            try:
                with transaction.atomic():
                    ways[step]()
            except Refused:
                return

    def _confirm(self) -> None:
        services.refund_settlement(self.walk.contract.pk)
        for refund in Refund.objects.filter(state=RefundState.REQUESTED):
            services.send_refund(refund.pk)
        sandbox_bank.tick()
        for refund in Refund.objects.exclude(external_id=""):
            services.apply_refund("sandbox", refund.external_id)

    def _correct(self) -> None:
        correct_vat(self.payment.charge)
        services.request_vat_refund(self.payment)

    def _dispute(self, decision: Decision) -> None:
        opened = dispute(self.walk.contract)
        sandbox_bank.decide(opened.external_id, decision)
        services.apply_dispute("sandbox", opened.external_id)

    def _by_hand(self) -> None:
        for refund in Refund.objects.filter(state=RefundState.FAILED):
            services.pay_refund_by_hand(refund.pk, self.staff, "SEPA 4711")

    def check(self) -> None:
        """What holds at every moment."""
        assert find_differences() == []
        for invoice in Document.objects.filter(kind=DocumentKind.INVOICE):
            notes = list(invoice.credit_notes.all())
            assert sum(note.net_minor for note in notes) == invoice.credited_net_minor <= invoice.net_minor
            assert sum(note.tax_minor for note in notes) == invoice.credited_tax_minor <= invoice.tax_minor
            assert all(note.issued_on >= invoice.issued_on for note in notes)

    def finish(self) -> None:
        """Everything that is owed is paid: then no VAT is left on no document, and the notes say what went back."""
        if self.walk.fresh().state not in FINAL:
            self.do("leave", 0)
        for _time in range(3):
            self.do("confirm", 0)
            self.do("by hand", 0)
        self.check()
        if not Refund.objects.exclude(state=RefundState.SUCCEEDED).exists():
            assert balance(LedgerAccount.TAX_PENDING, self.payment, self.payment.currency) == 0
            back = given_back(self.payment)
            invoices = Document.objects.filter(kind=DocumentKind.INVOICE)
            credited = sum(one.credited_tax_minor for one in invoices)
            assert credited >= back.tax.minor


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 5000)), max_size=7),
    outcome=st.sampled_from([Outcome.PAID, Outcome.PAID, Outcome.WRONG_AMOUNT, Outcome.REFUND_FAILS]),
    fee=st.sampled_from([0, 900]),
)
def test_no_walk_of_refunds_takes_back_more_than_was_invoiced(
    customer: User, offering: Offering, staff: User, steps: list[tuple[str, int]], outcome: Outcome, fee: int
) -> None:
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]  # Django's own mark has no type
    with around:
        if fee:
            update_offering(offering, setup_fee_minor=fee)
        market = Market(customer, Offering.objects.get(pk=offering.pk), staff, outcome)
        for step, amount in steps:
            market.do(step, amount)
            market.check()
        market.finish()
        transaction.set_rollback(True)


def test_a_refund_decided_with_vat_and_paid_after_its_correction_takes_back_only_net(
    customer: User, offering: Offering, staff: User
) -> None:
    market = Market(customer, offering, staff, Outcome.PAID)
    market.do("goodwill", 1190)
    market.do("vat", 0)
    market.do("confirm", 0)
    market.check()
    old, new = Document.objects.filter(kind=DocumentKind.INVOICE).order_by("id")
    assert (old.credited_net_minor, old.credited_tax_minor) == (old.net_minor, old.tax_minor)
    assert (new.tax_rate, new.credited_net_minor, new.credited_tax_minor) == (Decimal(0), 1000, 0)
    assert balance(LedgerAccount.TAX_PENDING, market.payment, "EUR") == 0
