"""Who let a refund go and who paid it by hand stand apart, in the rows of now and in those of before."""

from importlib import import_module
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.models import Payment, Refund, SandboxPayment
from billing.states import RefundState
from core import clock
from tests.walk import Walk, offered_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(customer: User, provider_user: User, staff: User, stranger: User, settings: Settings) -> Refund:
    """A refund above the limit that `stranger`, of staff as well, let go, and that did not arrive."""
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 0}
    walk = Walk(customer, offered_by(provider_user)).running()
    with clock.at(walk.now):
        key = "6b0a3f52-7c6e-4f4e-9d57-0d1d3c1e5a01"
        refund = services.request_goodwill_refund(Payment.objects.get().pk, 1000, "A slow week", staff, UUID(key))
        SandboxPayment.objects.update(refunds_fail=True)
        services.approve_refund(refund.pk, stranger)
    for _time in range(2):
        walk.now += 2 * sandbox_bank.SOON
        with clock.at(walk.now):
            sandbox_bank.tick()
            services.apply_refund("sandbox", Refund.objects.get().external_id)
    return Refund.objects.get(state=RefundState.FAILED)


def test_who_pays_from_the_bank_is_not_who_let_it_go(failed: Refund, staff: User, stranger: User) -> None:
    services.pay_refund_by_hand(failed.pk, staff, "SEPA 4711")
    done = Refund.objects.get()
    assert (done.state, done.approved_by, done.paid_by) == (RefundState.SUCCEEDED, stranger, staff)


def test_rows_of_before_that_knew_only_who_paid_are_told_apart_by_the_events(failed: Refund, staff: User, stranger: User) -> None:
    services.pay_refund_by_hand(failed.pk, staff, "SEPA 4711")
    Refund.objects.update(approved_by=staff, paid_by=None)
    told_apart = import_module("billing.migrations.0014_who_paid_a_refund_and_where_to")
    for _time in range(2):
        with connection.cursor() as cursor:
            cursor.execute(told_apart._APART)
        done = Refund.objects.get()
        assert (done.approved_by, done.paid_by) == (stranger, staff)


def test_rows_of_before_that_a_gateway_paid_keep_who_let_them_go(failed: Refund, stranger: User) -> None:
    told_apart = import_module("billing.migrations.0014_who_paid_a_refund_and_where_to")
    with connection.cursor() as cursor:
        cursor.execute(told_apart._APART)
    now = Refund.objects.get()
    assert (now.approved_by, now.paid_by) == (stranger, None)
