"""Several workers hear of the same money in the same moment, on a real database: it is booked once, and each has one row."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from billing import services
from billing.models import LedgerEntry, Payment
from billing.proof import find_differences
from core import clock
from tests.billing.tokens.conftest import fresh
from tests.icpay_standin import Standin

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], object]) -> None:
    def run(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(run, work) for work in works]:
            done.result()


def test_one_payment_that_many_hear_of_is_booked_once(icpay: Standin, payment: Payment) -> None:
    paid = icpay.account.pay(payment.external_id)
    at_once(
        lambda: services.apply_payment("icpay", paid["id"]),
        lambda: services.apply_payment("icpay", payment.external_id),
        lambda: services.ask_again(payment.charge),
        services.read_reports,
        services.read_reports,
    )
    assert (fresh(payment).state, fresh(payment).anomaly, Payment.objects.count()) == ("succeeded", "", 1)
    assert LedgerEntry.objects.filter(payment=payment, key__in=[f"pay:{payment.pk}", f"bt:icpay:{paid['id']}"]).count() == 2
    assert find_differences() == []


def test_two_payments_on_one_page_heard_of_at_once_have_a_row_each_and_one_goes_back(icpay: Standin, payment: Payment) -> None:
    first, second = (icpay.account.pay(payment.external_id)["id"] for _time in range(2))
    at_once(*[lambda id_=id_: services.apply_payment("icpay", id_) for id_ in (first, second, first, second)])
    assert sorted(Payment.objects.values_list("anomaly", flat=True)) == ["", "paid_twice"]
    services.read_reports()
    assert find_differences() == []


def test_money_that_meets_the_end_of_the_order_either_pays_or_goes_back(icpay: Standin, payment: Payment) -> None:
    icpay.account.pay(payment.external_id)
    with clock.at(clock.now() + timedelta(hours=2)):
        moment = clock.now()

    def expire() -> None:
        with clock.at(moment):
            services.expire_unpaid_charges()

    at_once(expire, lambda: services.apply_payment("icpay", payment.external_id))
    now = fresh(payment)
    assert now.state == "succeeded"
    assert (now.anomaly == "") == (now.charge.contract.paid_at is not None)
    services.read_reports()
    assert find_differences() == []
