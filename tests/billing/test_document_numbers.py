"""Numbers without gaps: under eight threads, when transactions roll back, and over New Year in the seller's zone."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Barrier

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from accounts.models import User
from billing import services
from billing.models import Charge, Document, DocumentCounter, Payment
from billing.proof import find_differences
from billing.services.document import issue_invoice, issue_receipt
from core import clock
from core.errors import Refused
from providers.models import Offering
from providers.services import update_offering
from tests.races import at_once
from tests.walk import Walk, ordered, pay_order

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


def paid_without_documents(customer: User, offering: Offering, count: int) -> list[Payment]:
    """Payments of as many orders, whose documents were taken away before anybody saw them: to be issued anew in the test."""
    for _number in range(count):
        pay_order(ordered(customer, offering))
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE billing_document, billing_documentcounter CASCADE")
    return list(Payment.objects.select_related("charge__contract").order_by("id"))


def assert_gapless(kind: str, year: int, count: int) -> None:
    sequences = sorted(Document.objects.filter(kind=kind, year=year).values_list("sequence", flat=True))
    assert sequences == list(range(1, count + 1))
    counted = DocumentCounter.objects.filter(kind=kind, year=year).values_list("last", flat=True).first() or 0
    assert counted == count


def test_eight_threads_and_what_is_rolled_back_leave_no_gap(customer: User, offering: Offering) -> None:
    update_offering(offering, stock=100)
    payments = paid_without_documents(customer, offering, 40)

    def work(number: int) -> None:
        random = Random(number)
        for payment in payments[number::THREADS]:
            undone = True
            while undone:
                with transaction.atomic():
                    issue_receipt(payment)
                    undone = random.random() < 0.4
                    transaction.set_rollback(undone)

    at_once(THREADS, work)
    assert_gapless("receipt", clock.now().year, 40)
    numbers = Document.objects.values_list("number", flat=True)
    assert len(set(numbers)) == 40


def test_eight_threads_with_one_payment_issue_one_receipt(customer: User, offering: Offering) -> None:
    (payment,) = paid_without_documents(customer, offering, 1)

    def work(_number: int) -> str:
        with transaction.atomic():
            Charge.objects.select_for_update(of=("self",)).get(pk=payment.charge_id)
            return issue_receipt(payment).number

    assert len(set(at_once(THREADS, work))) == 1
    assert_gapless("receipt", clock.now().year, 1)


def test_eight_providers_say_yes_at_once(customer: User, offering: Offering) -> None:
    walks = [Walk(customer, offering).paid() for _number in range(5)]
    start = Barrier(THREADS)

    def work(number: int) -> str:
        walk = walks[number % 5]
        start.wait()
        with clock.at(walk.now + timedelta(minutes=1)):
            try:
                services.accept_contract(walk.contract.pk, walk.provider)
            except Refused:
                return "too late"
        return "yes"

    assert Counter(at_once(THREADS, work)) == {"yes": 5, "too late": 3}
    assert_gapless("invoice", 2026, 5)
    assert find_differences() == []


def test_the_first_of_a_year_may_be_wanted_by_eight_at_once(customer: User, offering: Offering) -> None:
    update_offering(offering, stock=100)
    payments = paid_without_documents(customer, offering, THREADS)
    start = Barrier(THREADS)

    def work(number: int) -> None:
        start.wait()
        with transaction.atomic():
            issue_receipt(payments[number])

    at_once(THREADS, work)
    assert_gapless("receipt", clock.now().year, THREADS)


def test_over_new_year_each_year_counts_from_one_in_the_sellers_zone(
    customer: User, offering: Offering, settings: Settings
) -> None:
    settings.INVOICE_SELLER_TIMEZONE = "America/New_York"
    update_offering(offering, stock=100)
    payments = paid_without_documents(customer, offering, 32)
    midnight = datetime(2027, 1, 1, 5, 0, tzinfo=UTC)

    def work(number: int) -> None:
        for step, payment in enumerate(payments[number::THREADS]):
            # Two each in the old year, two in the new one; the last second of the old is still the old.
            with clock.at(midnight + timedelta(seconds=step - 2)), transaction.atomic():
                issue_receipt(payment)

    at_once(THREADS, work)
    assert_gapless("receipt", 2026, 16)
    assert_gapless("receipt", 2027, 16)
    for document in Document.objects.all():
        assert document.issued_on.year == document.year
        assert document.number == f"RCP-{document.year}-{document.sequence:06d}"
        assert document.content["issued_on"] == document.issued_on.isoformat()


def test_who_waits_for_the_counter_over_midnight_gets_a_number_of_the_new_year(
    customer: User, offering: Offering, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INVOICE_SELLER_TIMEZONE = "UTC"
    (payment,) = paid_without_documents(customer, offering, 1)
    moments = iter([datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)] + [datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC)] * 20)
    monkeypatch.setattr(clock, "now", lambda: next(moments))
    with transaction.atomic():
        receipt = issue_receipt(payment)
    assert (receipt.number, receipt.issued_on.isoformat()) == ("RCP-2027-000001", "2027-01-01")
    monkeypatch.undo()
    assert_gapless("receipt", 2026, 0)
    assert_gapless("receipt", 2027, 1)


def test_an_invoice_is_not_issued_twice_by_whatever_repeats_it(customer: User, offering: Offering) -> None:
    walk = Walk(customer, offering).accepted()
    charge = Charge.objects.select_related("contract").get()

    def work(_number: int) -> str:
        with transaction.atomic():
            Charge.objects.select_for_update(of=("self",)).get(pk=charge.pk)
            invoice = issue_invoice(charge)
            assert invoice is not None
            return invoice.number

    assert set(at_once(THREADS, work)) == {"INV-2026-000001"}
    assert walk.contract.documents.count() == 2
