"""Several workers hear of the same money in the same moment, on a real database: it is booked once, and each has one row."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Account, User
from billing import services
from billing.address_queries import confirmed_address
from billing.models import LedgerEntry, Payment, Refund, RefundAddress, StaffTask
from billing.proof import find_differences
from billing.states import RefundState
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from tests.billing.test_refund_addresses import OTHER, PRINCIPAL, confirmed, given
from tests.billing.tokens.conftest import begin, bring, end, fresh, read
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


@pytest.fixture
def owed(icpay: Standin, payment: Payment, customer_account: Account, customer: User) -> Refund:
    """All of a payment in tokens is to be sent back by a person, to a confirmed address."""
    confirmed(customer_account, customer)
    icpay.account.pay(payment.external_id)
    bring(icpay)
    services.read_reports()
    return end(fresh(payment))


def outcome_of(act: Callable[[], object]) -> str:
    """ "done", or the code of the refusal."""
    try:
        act()
    except Refused as refused:
        return refused.code
    return "done"


def test_two_of_staff_who_begin_at_once_are_not_both_told_to_send(owed: Refund, staff: User, stranger: User) -> None:
    came: list[str] = []
    at_once(*[lambda user=user: came.append(outcome_of(lambda: begin(owed, user))) for user in (staff, stranger) * 2])
    assert sorted(came) == ["begun", "begun", "begun", "done"]
    assert DomainEvent.objects.filter(name="refund.begun").count() == 1


def test_two_of_staff_who_write_down_one_refund_at_once_have_one_effect(owed: Refund, staff: User, stranger: User) -> None:
    begin(owed, staff)
    came: list[tuple[str, int]] = []

    def write_down(user: User, number: int) -> None:
        said = outcome_of(lambda: services.pay_refund_in_tokens(owed.pk, user, f"block-{number}", "0.0001"))
        came.append((said, user.pk))

    at_once(*[lambda user=user, number=number: write_down(user, number) for number, user in enumerate((staff, stranger) * 2)])
    assert sorted(said for said, _user in came) == ["decided", "decided", "decided", "done"]
    done = read(owed)
    assert (done.state, done.confirmations, done.payment.refunded_minor) == (RefundState.SUCCEEDED, 1, 4570)
    assert [user for said, user in came if said == "done"] == [done.paid_by_id]
    assert LedgerEntry.objects.filter(key__startswith=f"refunded:{owed.pk}").count() == 1
    assert DomainEvent.objects.filter(name="refund.succeeded").count() == 1
    assert StaffTask.objects.filter(payment=owed.payment, closed_at=None).count() == 0
    assert find_differences() == []


def test_a_change_of_the_address_in_the_moment_of_beginning_comes_before_or_after(
    owed: Refund, customer_account: Account, customer: User, staff: User
) -> None:
    secret = given(customer_account, customer, OTHER).rpartition("/")[2]
    came: list[str] = []
    at_once(
        lambda: came.append(outcome_of(lambda: begin(owed, staff))),
        lambda: services.confirm_refund_address(secret, customer),
    )
    frozen = read(owed).sent_to
    assert came in (["done"], ["address_held"], ["no_address"])
    assert (frozen is not None and frozen.address == PRINCIPAL) == (came == ["done"])
    assert confirmed_address(customer_account.pk, "ic", "ICP") == RefundAddress.objects.get(address=OTHER)
