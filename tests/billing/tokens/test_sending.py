"""Tokens that a person sends: to an address that stands still, by whom, and a part of a unit that asks nobody."""

import re
from collections.abc import Iterator

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account, User
from billing import icpay_gateway, services
from billing.models import Payment, Refund, StaffTask
from billing.proof import find_differences
from billing.states import RefundState, TaskKind
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from core.tasks import drain
from dashboard.presenters.tokens import token_refunds
from tests.billing.test_refund_addresses import OTHER, PRINCIPAL, confirmed
from tests.billing.tokens.conftest import begin, booked, bring, end, fresh, goodwill, read, sent
from tests.icpay_standin import Standin
from tests.icpay_standin.account import LEDGERS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def agrees() -> Iterator[None]:
    """Whatever a test did, the whole ledger agrees at its end."""
    yield
    assert [found for found in find_differences() if found.check != "bytes"] == []


def page(refund: Refund, action: str) -> str:
    return reverse(f"admin:billing_refund_{action}-in-tokens", args=[refund.pk])


def changed_a_day_ago(account: Account, customer: User) -> None:
    """The customer has confirmed another address, and its day is over."""
    other = confirmed(account, customer, OTHER)
    other.confirmed_at = other.usable_at = clock.now()
    other.save()


def refused(refund: Refund, staff: User, address_id: int | None) -> str:
    """The code of a beginning that is refused, and has changed nothing."""
    before = (read(refund).state, read(refund).sent_to_id, booked(refund.payment))
    with pytest.raises(Refused) as said:
        services.begin_refund_in_tokens(refund.pk, staff, address_id)
    assert (read(refund).state, read(refund).sent_to_id, booked(refund.payment)) == before
    return said.value.code


def test_what_was_shown_is_what_is_written_down_whatever_the_customer_changes(
    paid: Payment, address: str, customer_account: Account, customer: User, staff: User, staff_client: Client
) -> None:
    refund = end(paid)
    begin(refund, staff)
    changed_a_day_ago(customer_account, customer)
    assert PRINCIPAL in staff_client.get(page(refund, "pay")).content.decode()
    services.pay_refund_in_tokens(refund.pk, staff, "block-1")
    drain()
    assert str(read(refund).sent_to) == PRINCIPAL
    told = DomainEvent.objects.filter(name__in=["refund.begun", "refund.succeeded"]).order_by("id")
    assert [(event.name, event.data["address"], event.data["actor"]) for event in told] == [
        ("refund.begun", PRINCIPAL, staff.pk),
        ("refund.succeeded", PRINCIPAL, staff.pk),
    ]
    assert OTHER not in staff_client.get(reverse("admin:billing_refund_change", args=[refund.pk])).content.decode()


def test_a_change_between_the_page_and_the_beginning_is_refused(
    paid: Payment, address: str, customer_account: Account, customer: User, staff: User, staff_client: Client
) -> None:
    refund = end(paid)
    shown = re.search(r'name="address" value="(\d+)"', staff_client.get(page(refund, "begin")).content.decode())
    assert shown is not None
    changed_a_day_ago(customer_account, customer)
    answer = staff_client.post(page(refund, "begin"), {"address": shown[1]}, follow=True)
    assert "another address since this page was opened" in answer.content.decode()
    assert refused(refund, staff, int(shown[1])) == "address_changed"
    assert refused(refund, staff, None) == "address_changed"
    begin(refund, staff)
    assert str(read(refund).sent_to) == OTHER


def test_what_nobody_has_begun_is_not_written_down_as_sent(paid: Payment, address: str, staff: User) -> None:
    refund = end(paid)
    before = booked(paid)
    with pytest.raises(Refused) as said:
        services.pay_refund_in_tokens(refund.pk, staff, "block-1")
    assert said.value.code == "not_begun"
    assert (read(refund).state, read(refund).reference, booked(paid)) == (RefundState.MANUAL, "", before)


def test_one_person_begins_and_another_does_not(paid: Payment, address: str, staff: User, stranger: User) -> None:
    refund = end(paid)
    begin(refund, staff)
    assert refused(refund, stranger, read(refund).sent_to_id) == "begun"
    assert DomainEvent.objects.filter(name="refund.begun").count() == 1


def test_what_was_begun_and_not_sent_may_begin_anew_at_the_address_of_then(
    paid: Payment, address: str, customer_account: Account, customer: User, staff: User
) -> None:
    refund = end(paid)
    with pytest.raises(Refused) as said:
        services.stop_refund_in_tokens(refund.pk, staff, "A typo")
    assert said.value.code == "not_begun"
    begin(refund, staff)
    with pytest.raises(Refused) as said:
        services.stop_refund_in_tokens(refund.pk, staff, " ")
    assert (said.value.code, str(read(refund).sent_to)) == ("required", PRINCIPAL)
    services.stop_refund_in_tokens(refund.pk, staff, "The wallet was empty")
    changed_a_day_ago(customer_account, customer)
    sent(refund, staff, "block-1")
    assert (read(refund).state, str(read(refund).sent_to)) == (RefundState.SUCCEEDED, OTHER)
    assert DomainEvent.objects.get(name="refund.stopped").data["reason"] == "The wallet was empty"
    with pytest.raises(Refused) as said:
        services.stop_refund_in_tokens(refund.pk, staff, "Too late")
    assert (said.value.code, read(refund).state) == ("decided", RefundState.SUCCEEDED)


def test_one_that_a_person_has_begun_is_not_sent_by_icpay_as_well(
    icpay: Standin, by_itself: None, paid: Payment, address: str, staff: User
) -> None:
    icpay.account.broke = True
    refund = end(paid)
    begin(refund, staff)
    icpay.account.broke = False
    with pytest.raises(Refused) as said:
        services.retry_refund(refund.pk, staff)
    assert (said.value.code, read(refund).state, icpay.account.refunding) == ("decided", RefundState.FAILED, [])


def test_who_let_it_go_and_who_sent_it_stand_apart(
    settings: Settings, paid: Payment, address: str, staff: User, stranger: User
) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 100}
    refund = end(paid)
    services.approve_refund(refund.pk, stranger)
    sent(refund, staff, "block-1")
    assert (read(refund).approved_by, read(refund).paid_by) == (stranger, staff)


def test_staff_does_it_on_the_console(paid: Payment, address: str, staff: User, staff_client: Client) -> None:
    refund = end(paid)
    units = int(paid.token.received_units)
    shown = staff_client.get(page(refund, "begin")).content.decode()
    for text in (PRINCIPAL, "Internet Computer", f"({units} smallest units)"):
        assert text in shown
    # Nothing is written down before somebody has begun.
    assert staff_client.get(page(refund, "pay")).status_code == 302
    staff_client.post(page(refund, "begin"), {"address": str(confirmed_id(refund))})
    assert staff_client.get(page(refund, "begin")).status_code == 302
    shown = staff_client.get(page(refund, "pay")).content.decode()
    for text in (PRINCIPAL, f"({units} smallest units)", "0.00000001 is its smallest unit"):
        assert text in shown
    wrong = staff_client.post(page(refund, "pay"), {"reference": "block-1", "network_fee": "much"})
    assert wrong.status_code == 200
    assert read(refund).state == RefundState.MANUAL
    staff_client.post(page(refund, "pay"), {"reference": "block-1", "network_fee": "0.0001"})
    assert (read(refund).state, read(refund).paid_by) == (RefundState.SUCCEEDED, staff)
    assert booked(paid)["gateway_fees", "ICP"] == units * 50 // 10_000 + 10_000
    assert staff_client.get(reverse("admin:billing_refund_changelist")).status_code == 200
    shown = staff_client.get(reverse("admin:billing_refund_change", args=[refund.pk])).content.decode()
    steps = ["decided", "given to a person", f"begun to be sent in tokens ({staff})", f"arrived ({staff})"]
    assert "block-1" in shown
    assert sorted(steps, key=shown.index) == steps


def confirmed_id(refund: Refund) -> int:
    return int(refund.contract.customer.refund_addresses.get(removed_at=None).pk)


def test_staff_says_on_the_console_that_nothing_was_sent(paid: Payment, address: str, staff: User, staff_client: Client) -> None:
    refund = end(paid)
    begin(refund, staff)
    staff_client.post(page(refund, "stop"), {"reason": "The wallet was empty"})
    assert read(refund).sent_to is None
    assert staff_client.get(page(refund, "begin")).status_code == 200


def test_what_is_less_than_a_unit_ends_by_itself_and_comes_with_the_unit_that_it_fills(
    icpay: Standin, payment: Payment, customer_account: Account, customer: User, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(icpay_gateway, "_known_ledgers", {})
    monkeypatch.setitem(LEDGERS["ic_icp"], "decimals", 2)
    icpay.account.pay(payment.external_id, "ic_icp")
    bring(icpay)
    services.read_reports()
    paid = fresh(payment)
    units = int(paid.token.received_units)
    assert units * 4 < 4570 < units * 5
    start = booked(paid)
    for so_far in (1, 2, 3, 4):
        small = goodwill(paid, 1, staff)
        assert (small.state, int(small.token_units or 0), small.reference) == (RefundState.SUCCEEDED, 0, "")
        assert small.paid_by is None
        assert fresh(paid).refunded_minor == so_far
    assert not StaffTask.objects.filter(kind=TaskKind.REFUND_IN_TOKENS).exists()
    assert not [letter for letter in mail.outbox if "Where is" in letter.subject]
    assert any("less than the smallest unit" in str(letter.body) for letter in mail.outbox)
    shown = token_refunds(Refund.objects.filter(payment=paid).select_related("payment__token"))
    assert all("less than the smallest unit" in one.note and "Sent on" not in one.note for one in shown)
    assert booked(paid)["gateway_balance", "ICP"] == start["gateway_balance", "ICP"]
    assert booked(paid)["fx", "EUR"] == start["fx", "EUR"] - 4
    assert ("refund_payable", "EUR") not in booked(paid)
    confirmed(customer_account, customer)
    filling = goodwill(paid, 1, staff)
    assert (filling.state, int(filling.token_units or 0)) == (RefundState.MANUAL, 1)
    sent(filling, staff, "block-1")
    rest = goodwill(paid, 4565, staff)
    sent(rest, staff, "block-2")
    assert int(rest.token_units or 0) == units - 1
    assert fresh(paid).refunded_minor == 4570
    assert ("fx", "EUR") not in booked(paid)
    assert ("fx", "ICP") not in booked(paid)


def test_after_one_was_dropped_nothing_less_than_nothing_is_sent(
    icpay: Standin, payment: Payment, staff: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(icpay_gateway, "_known_ledgers", {})
    monkeypatch.setitem(LEDGERS["ic_icp"], "decimals", 2)
    icpay.account.pay(payment.external_id, "ic_icp")
    bring(icpay)
    services.read_reports()
    paid = fresh(payment)
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 0}
    first, filling = goodwill(paid, 4, staff), goodwill(paid, 1, staff)
    assert (int(first.token_units or 0), int(filling.token_units or 0)) == (0, 1)
    services.drop_refund(first.pk, staff, "The week was not slow")
    assert int(goodwill(paid, 1, staff).token_units or 0) == 0
