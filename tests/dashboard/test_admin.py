"""Staff's pages of contracts and money: who enters, what each action does, and what the second of two is told."""

import re
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import Settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services import create_user, make_staff
from billing.models import Payment, Refund, StaffTask
from billing.proof import find_differences
from billing.sandbox_outcomes import Outcome
from billing.states import PaymentState, RefundState
from contracts.models import Contract, Move
from contracts.states import Fault, State
from core import clock
from tests import walk
from tests.cast import browser_of, proved_browser_of

Rented = Callable[..., Contract]
LISTS = [
    "contracts_contract",
    "billing_quote",
    "billing_charge",
    "billing_payment",
    "billing_refund",
    "billing_dispute",
    "billing_stafftask",
    "billing_ledgerentry",
]


def act_url(row: Contract | Payment | Refund | StaffTask, action: str) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{action}", args=[row.pk])


def page_url(row: Contract | Payment | Refund | StaffTask) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def told(client: Client, row: Contract | Payment | Refund | StaffTask) -> str:
    """The last message on the object's page."""
    found = re.findall(r'<li class="(?:success|error)">(.*?)</li>', client.get(page_url(row)).content.decode())
    return found[-1] if found else ""


def fresh(contract: Contract) -> Contract:
    return Contract.objects.get(pk=contract.pk)


def colleague(email: str, *, superuser: bool) -> User:
    """One more of staff, with an authenticator app."""
    user = make_staff(create_user(email, verified=True), superuser=superuser)
    TOTP.activate(user, generate_totp_secret())
    return user


def in_euro(minor: int) -> str:
    return f"€\u00a0{minor // 100}.{minor % 100:02d}"


@pytest.fixture
def mismatched(rented: Rented) -> Payment:
    """One cent too little came."""
    return walk.pay_order(rented("unpaid"), Outcome.WRONG_AMOUNT)


@pytest.fixture
def failed(rented: Rented) -> Refund:
    """A refund that a bank returned after it had been confirmed."""
    contract = rented("unpaid")
    walk.pay_order(contract, Outcome.REFUND_FAILS)
    walk.services.cancel(contract.pk, walk.actors.customer(contract.ordered_by_id))
    walk.give_back(contract)
    with clock.at(clock.now() + walk.timedelta(minutes=5)):
        walk.sandbox_bank.tick()
    refund = contract.refunds.get()
    walk.billing.apply_refund("sandbox", refund.external_id)
    return Refund.objects.get(pk=refund.pk)


# Who ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", LISTS)
def test_only_staff_with_a_second_factor_looks_things_up(
    page: str,
    rented: Rented,
    client: Client,
    customer_client: Client,
    provider_client: Client,
    stranger_client: Client,
    staff: User,
    staff_client: Client,
) -> None:
    rented("suspended")
    address = reverse(f"admin:{page}_changelist")
    assert staff_client.get(address).status_code == 200
    for browser in (customer_client, provider_client, stranger_client):
        assert browser.get(address).status_code == 404
    assert client.get(address).status_code == 302
    assert browser_of(staff).get(address).status_code == 302


@pytest.mark.parametrize("action", ["cancel", "cancel-in-full", "suspend", "resume"])
def test_nobody_else_presses_staffs_buttons(
    action: str, rented: Rented, client: Client, customer_client: Client, provider_client: Client, stranger_client: Client
) -> None:
    contract = rented("active")
    for browser in (customer_client, provider_client, stranger_client):
        assert browser.post(act_url(contract, action), {"reason": "no"}).status_code == 404
    assert client.post(act_url(contract, action), {"reason": "no"}).status_code == 302
    assert fresh(contract).state == State.ACTIVE


def test_staff_that_may_only_look_has_no_buttons(rented: Rented) -> None:
    onlooker = colleague("look@example.com", superuser=False)
    onlooker.user_permissions.add(Permission.objects.get(codename="view_contract"))
    browser = proved_browser_of(onlooker)
    contract = rented("active")
    page = browser.get(page_url(contract))
    assert page.status_code == 200
    assert act_url(contract, "cancel") not in page.content.decode()
    assert browser.post(act_url(contract, "cancel"), {"reason": "no"}).status_code == 404
    assert fresh(contract).state == State.ACTIVE


@pytest.mark.parametrize("page", LISTS)
def test_nothing_is_added_changed_or_removed_past_the_services(page: str, rented: Rented, staff_client: Client) -> None:
    contract = rented("cancelled")
    assert staff_client.get(reverse(f"admin:{page}_add")).status_code == 403
    if page == "contracts_contract":
        assert staff_client.post(page_url(contract), {"net_minor": "1"}).status_code == 403
        assert staff_client.post(reverse(f"admin:{page}_delete", args=[contract.pk])).status_code == 403
    assert "delete_selected" not in staff_client.get(reverse(f"admin:{page}_changelist")).content.decode()


@pytest.mark.parametrize("page", LISTS)
def test_every_list_finds_by_reference_and_counts_no_further_than_ten_thousand(
    page: str, rented: Rented, staff_client: Client, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    contract = rented("suspended")
    rented("cancelled")
    address = reverse(f"admin:{page}_changelist")
    staff_client.get(address)
    with django_assert_max_num_queries(12):
        answer = staff_client.get(address, {"q": contract.reference})
    assert answer.status_code == 200
    listing = answer.context["cl"]
    assert listing.show_full_result_count is False
    assert listing.result_count <= 10


def test_every_objects_page_opens(rented: Rented, staff_client: Client) -> None:
    contract = rented("cancelled")
    rows = [contract, contract.quote, contract.charges.get(), contract.refunds.get()]
    rows += [Payment.objects.get(), contract.ledger_entries.first()]
    for row in rows:
        assert staff_client.get(page_url(row)).status_code == 200
    page = staff_client.get(page_url(contract)).content.decode()
    assert "203.0.113.48" not in page


# Contracts ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "fault"), [("cancel", Fault.NOBODY), ("cancel-in-full", Fault.GOODWILL)])
def test_staff_cancels_with_a_reason_and_the_money_that_was_said(
    action: str, fault: Fault, rented: Rented, staff: User, staff_client: Client
) -> None:
    contract = rented("active")
    found = re.search(r"(€\s[\d.]+) before VAT", staff_client.get(act_url(contract, action)).content.decode())
    assert found
    answer = staff_client.post(act_url(contract, action), {"reason": "Abuse reported twice"})
    assert answer["Location"] == page_url(contract)
    ended = fresh(contract)
    assert (ended.state, ended.ended_by, ended.fault, ended.end_reason) == ("cancelled", "staff", fault, "Abuse reported twice")
    last = Move.objects.filter(contract=contract).latest("id")
    assert (last.actor, last.reason) == (staff, "Abuse reported twice")
    walk.give_back(ended)
    refund = ended.refunds.get()
    assert in_euro(refund.net_minor) == found.group(1)
    assert find_differences() == []


def test_staff_pauses_and_resumes(rented: Rented, staff_client: Client) -> None:
    contract = rented("active")
    staff_client.post(act_url(contract, "suspend"), {"reason": "Looking into a complaint"})
    assert fresh(contract).state == State.SUSPENDED
    staff_client.post(act_url(contract, "resume"), {"reason": "All is well"})
    assert fresh(contract).state == State.ACTIVE


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_without_a_fit_reason_nothing_happens(reason: str, rented: Rented, staff_client: Client) -> None:
    contract = rented("active")
    answer = staff_client.post(act_url(contract, "cancel"), {"reason": reason})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert fresh(contract).state == State.ACTIVE


@pytest.mark.parametrize(
    ("way", "offered"),
    [
        ("active", {"cancel", "cancel-in-full", "suspend"}),
        ("requested", {"cancel", "cancel-in-full"}),
        ("suspended", set()),
        ("cancelled", set()),
    ],
)
def test_only_buttons_that_work_are_shown(way: str, offered: set[str], rented: Rented, staff_client: Client) -> None:
    contract = rented(way)
    page = staff_client.get(page_url(contract)).content.decode()
    shown = {name for name in ("cancel", "cancel-in-full", "suspend", "resume") if f'"{act_url(contract, name)}"' in page}
    assert shown == offered


def test_the_second_of_two_is_told_that_somebody_was_faster(rented: Rented, staff_client: Client) -> None:
    contract = rented("active")
    second = proved_browser_of(colleague("other@example.com", superuser=True))
    assert second.get(act_url(contract, "cancel")).status_code == 200
    staff_client.post(act_url(contract, "cancel"), {"reason": "Mine"})
    second.post(act_url(contract, "cancel"), {"reason": "No, mine"})
    assert "somebody may have been faster" in told(second, contract)
    assert fresh(contract).end_reason == "Mine"


# Payments, refunds, tasks -------------------------------------------------------------------------------------------------------


def test_a_wrong_amount_is_taken_as_payment_once(mismatched: Payment, staff_client: Client) -> None:
    page = staff_client.get(act_url(mismatched, "accept")).content.decode().replace("\u00a0", " ")
    assert "€ 57.59 came, € 57.60 was asked for." in page
    for _staff in range(2):
        staff_client.post(act_url(mismatched, "accept"))
    assert Payment.objects.get(pk=mismatched.pk).state == PaymentState.SUCCEEDED
    assert mismatched.charge.contract.moves.count() == 1
    assert Contract.objects.get().paid_at is not None
    assert "faster" in told(staff_client, mismatched)
    assert not StaffTask.objects.filter(closed_at=None).exists()
    assert find_differences() == []


def test_a_wrong_amount_is_sent_back(mismatched: Payment, staff_client: Client) -> None:
    staff_client.post(act_url(mismatched, "return"))
    assert Payment.objects.get(pk=mismatched.pk).state == PaymentState.RETURNED
    assert Refund.objects.get().amount_minor == 5759
    assert Contract.objects.get().paid_at is None


def test_a_failed_refund_is_paid_by_hand_with_a_reference(failed: Refund, staff_client: Client) -> None:
    assert failed.state == RefundState.FAILED
    assert staff_client.post(act_url(failed, "pay-by-hand"), {"reference": " "}).status_code == 200
    staff_client.post(act_url(failed, "pay-by-hand"), {"reference": "SEPA 4711"})
    paid = Refund.objects.get(pk=failed.pk)
    assert (paid.state, paid.reference) == (RefundState.SUCCEEDED, "SEPA 4711")
    staff_client.post(act_url(failed, "pay-by-hand"), {"reference": "SEPA 4712"})
    assert Refund.objects.get(pk=failed.pk).reference == "SEPA 4711"
    assert find_differences() == []


def test_a_failed_refund_is_sent_again(failed: Refund, staff_client: Client) -> None:
    staff_client.post(act_url(failed, "retry"))
    assert Refund.objects.get(pk=failed.pk).state in {RefundState.SUBMITTED, RefundState.SUCCEEDED}
    assert find_differences() == []


def test_a_large_refund_waits_for_a_second_look(rented: Rented, settings: Settings, staff: User, staff_client: Client) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 1000}
    refund = rented("rejected").refunds.get()
    assert refund.state == RefundState.AWAITING_APPROVAL
    staff_client.post(act_url(refund, "approve"))
    let_go = Refund.objects.get(pk=refund.pk)
    assert (let_go.approved_by, let_go.state) == (staff, RefundState.SUBMITTED)


def test_a_task_is_closed_by_one_and_refused_to_the_next(mismatched: Payment, staff: User, staff_client: Client) -> None:
    task = StaffTask.objects.get()
    staff_client.post(act_url(task, "close"))
    closed = StaffTask.objects.get()
    assert closed.closed_by == staff
    staff_client.post(act_url(task, "close"))
    assert "faster" in told(staff_client, task)
    assert StaffTask.objects.get().closed_at == closed.closed_at


def test_staff_reads_amounts_as_money_and_finds_the_rental(rented: Rented, staff_client: Client) -> None:
    contract = rented("active")
    payment = Payment.objects.get(charge__contract=contract)
    page = staff_client.get(page_url(payment)).content.decode().replace("\u00a0", " ")
    assert "€ 57.60" in page
    assert "5760" not in page
    assert f'{reverse("admin:contracts_contract_change", args=[contract.pk])}">{contract.reference}</a>' in page
    charge = reverse("admin:billing_charge_change", args=[payment.charge_id])
    assert "€ 9.20" in staff_client.get(charge).content.decode().replace("\u00a0", " ")
