"""Refunds that are taken back: what a dashboard's refund left no room for, and what staff says that nobody owes."""

from collections.abc import Callable
from functools import partial
from uuid import uuid4

import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.gateway_facts import GatewayRefund, RefundStatus
from billing.ledger import balance
from billing.models import Document, LedgerEntry, Payment, Refund, SandboxPayment, SandboxRefund, StaffTask
from billing.proof import find_differences
from billing.queries import given_back, left_gross, money_of, paid_of
from billing.sandbox_outcomes import Outcome
from billing.states import DocumentKind, RefundKind, RefundState, TaskKind
from billing.states import LedgerAccount as A
from contracts import actors
from contracts import services as contracts
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from core.tasks import drain
from tests.billing.conftest import post
from tests.walk import Walk, offered_by, pay_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(customer: User, provider_user: User) -> Walk:
    """A running rental of € 38.40 net, € 45.70 gross."""
    return Walk(customer, offered_by(provider_user)).running()


def paid(walk: Walk) -> Payment:
    return Payment.objects.get(charge__contract=walk.contract)


def refunded(walk: Walk, gross: int) -> SandboxRefund:
    row = sandbox_bank.refund_in_dashboard(paid(walk).external_id, gross)
    services.apply_refund("sandbox", row.external_id)
    return row


def confirmed(row: SandboxRefund) -> None:
    sandbox_bank.tick()
    services.apply_refund("sandbox", row.external_id)


def failed(walk: Walk, gross: int) -> Refund:
    """One that was made in the dashboard, and failed without ever having arrived."""
    facts = GatewayRefund("sbx_ref_x", paid(walk).external_id, None, RefundStatus.PENDING, gross, "EUR")
    services.import_refund("sandbox", facts)
    gone = GatewayRefund("sbx_ref_x", paid(walk).external_id, None, RefundStatus.FAILED, gross, "EUR")
    assert services.apply_refund_facts("sandbox", gone)
    return Refund.objects.get(kind=RefundKind.IMPORTED, state=RefundState.FAILED)


def waiting_goodwill(walk: Walk, staff: User, settings: Settings, gross: int) -> Refund:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 0}
    return services.request_goodwill_refund(paid(walk).pk, gross, "A slow week", staff, uuid4())


def refusal_of(act: Callable[[], object]) -> str:
    """The code of a refusal that changed nothing."""
    before = (LedgerEntry.objects.count(), DomainEvent.objects.count(), list(Refund.objects.order_by("pk").values()))
    with pytest.raises(Refused) as refused:
        act()
    assert before == (LedgerEntry.objects.count(), DomainEvent.objects.count(), list(Refund.objects.order_by("pk").values()))
    return refused.value.code


# No room left -------------------------------------------------------------------------------------------------------------------


def test_what_we_owe_gives_way_and_its_rest_waits_for_a_person(walk: Walk, staff: User, stranger: User, settings: Settings) -> None:
    with clock.at(walk.now):
        ours = waiting_goodwill(walk, staff, settings, 4000)
        confirmed(refunded(walk, 1000))
        ours.refresh_from_db()
        imported, rest = Refund.objects.get(kind=RefundKind.IMPORTED), Refund.objects.get(rest_of=ours)
        assert (imported.amount_minor, imported.state) == (1000, RefundState.SUCCEEDED)
        assert (ours.state, ours.gave_way_to, ours.amount_minor) == (RefundState.DROPPED, imported, 4000)
        assert (rest.state, rest.amount_minor, rest.kind, rest.reason) == ("awaiting_approval", 3570, "goodwill", "A slow week")
        assert (left_gross(paid(walk)), paid(walk).refunded_minor) == (0, 1000)
        assert given_back(paid(walk)) == paid_of(paid(walk).charge)
        task = StaffTask.objects.get(key=f"refund:{rest.pk}:gave-way")
        assert "€\u00a035.70 of it waits for approval" in task.text
        assert find_differences() == []
        services.approve_refund(rest.pk, stranger)
        sandbox_bank.tick()
        services.apply_refund("sandbox", Refund.objects.get(pk=rest.pk).external_id)
        assert not StaffTask.objects.filter(key=task.key, closed_at=None).exists()
        assert find_differences() == []
    assert (paid(walk).refunded_minor, balance(A.LOSSES, paid(walk), "EUR")) == (4570, 3840)
    assert money_of(walk.fresh()).refund_pending_gross == 0
    invoice = Document.objects.get(kind=DocumentKind.INVOICE)
    assert (invoice.credited_net_minor, invoice.credited_tax_minor) == (invoice.net_minor, invoice.tax_minor)


def test_what_has_no_room_at_all_is_not_sent(walk: Walk, staff: User, settings: Settings) -> None:
    with clock.at(walk.now):
        small = waiting_goodwill(walk, staff, settings, 500)
        large = waiting_goodwill(walk, staff, settings, 3000)
        confirmed(refunded(walk, 4570))
    assert set(Refund.objects.values_list("kind", "state")) == {("goodwill", "dropped"), ("imported", "succeeded")}
    texts = StaffTask.objects.filter(key__in=[f"refund:{one.pk}:gave-way" for one in (small, large)]).values_list("text", flat=True)
    assert len(texts) == 2
    assert all("Nothing of it is sent" in text for text in texts)
    assert not StaffTask.objects.filter(key__startswith="beyond:").exists()
    assert (paid(walk).refunded_minor, balance(A.REFUND_PAYABLE, paid(walk), "EUR")) == (4570, 0)
    assert find_differences() == []


@pytest.mark.parametrize("gross", [1, 570, 1000, 4569, 4570])
def test_the_unused_part_gives_way_too_and_escrow_stays_empty(gross: int, walk: Walk, stranger: User, settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 0}
    walk._then(lambda: contracts.cancel(walk.contract.pk, actors.customer(walk.contract.ordered_by_id)), hours=5)
    with clock.at(walk.now):
        (unused,) = services.refund_settlement(walk.contract.pk)
        drain()
        confirmed(refunded(walk, gross))
        rest = Refund.objects.filter(rest_of=unused).first()
        if rest is not None:
            services.approve_refund(rest.pk, stranger)
            post()
            sandbox_bank.tick()
            post()
        elif gross != 4570:
            services.approve_refund(unused.pk, stranger)
            post()
            sandbox_bank.tick()
            post()
        assert find_differences() == []
    assert balance(A.REFUND_PAYABLE, paid(walk), "EUR") == balance(A.TAX_PENDING, paid(walk), "EUR") == 0
    assert paid(walk).refunded_minor == min(4570, gross + unused.amount_minor)
    assert not services.refund_settlement(walk.contract.pk)


def test_money_that_pays_for_nothing_gives_way_within_itself(customer: User, provider_user: User, staff: User) -> None:
    walk = Walk(customer, offered_by(provider_user))
    walk._then(lambda: pay_order(walk.contract, Outcome.WRONG_AMOUNT), minutes=1)
    with clock.at(walk.now):
        services.return_mismatch(paid(walk).pk, staff)
        confirmed(refunded(walk, 1000))
        back, rest = Refund.objects.filter(kind=RefundKind.RETURN).order_by("pk")
        assert (back.state, rest.state, rest.amount_minor, rest.tax_minor) == ("dropped", "awaiting_approval", 3569, 0)
        assert find_differences() == []
    assert balance(A.UNALLOCATED, paid(walk), "EUR") == 0
    assert balance(A.REFUND_PAYABLE, paid(walk), "EUR") == -3569


def test_one_that_had_failed_already_takes_nobodys_place(walk: Walk, staff: User, settings: Settings) -> None:
    with clock.at(walk.now):
        ours = waiting_goodwill(walk, staff, settings, 4000)
        facts = GatewayRefund("sbx_ref_x", paid(walk).external_id, None, RefundStatus.FAILED, 1000, "EUR")
        services.import_refund("sandbox", facts)
        assert find_differences() == []
    assert Refund.objects.get() == ours
    assert Refund.objects.get().state == RefundState.AWAITING_APPROVAL


# By staff's word ----------------------------------------------------------------------------------------------------------------


def test_one_that_failed_is_dropped_by_staff_and_the_ledger_is_as_if_it_had_never_been(walk: Walk, staff: User) -> None:
    with clock.at(walk.now):
        refund = failed(walk, 1190)
        drain()
        assert balance(A.REFUND_PAYABLE, paid(walk), "EUR") == -1190
        mail.outbox.clear()
        services.drop_refund(refund.pk, staff, "A colleague mistook the payment")
        drain()
        assert find_differences() == []
    refund.refresh_from_db()
    assert (refund.state, left_gross(paid(walk)), paid(walk).refunded_minor) == (RefundState.DROPPED, 4570, 0)
    for account in (A.REFUND_PAYABLE, A.LOSSES):
        assert balance(account, paid(walk), "EUR") == 0
    assert not StaffTask.objects.filter(kind=TaskKind.REFUND_FAILED, closed_at=None).exists()
    event = DomainEvent.objects.get(name="refund.dropped")
    assert (event.data["actor"], event.data["reason"], event.data["was"]) == (staff.pk, "A colleague mistook the payment", "failed")
    assert [one.subject for one in mail.outbox] == ["A refund of € 11.90 is withdrawn: VPS 8 NVMe"]
    walk._then(lambda: contracts.cancel(walk.contract.pk, actors.customer(walk.contract.ordered_by_id)), hours=1)
    with clock.at(walk.now):
        (unused,) = services.refund_settlement(walk.contract.pk)
        assert unused.net_minor == walk.fresh().segments.get().settlement.refund_minor
        assert find_differences() == []


def test_goodwill_that_nobody_lets_go_is_turned_down_without_a_mail(
    walk: Walk, staff: User, stranger: User, settings: Settings
) -> None:
    with clock.at(walk.now):
        refund = waiting_goodwill(walk, staff, settings, 1000)
        drain()
        mail.outbox.clear()
        services.drop_refund(refund.pk, stranger, "The week was not slow")
        drain()
        assert find_differences() == []
    assert (Refund.objects.get().state, mail.outbox) == (RefundState.DROPPED, [])


@pytest.mark.parametrize(("reason", "code"), [("", "required"), (" \n", "required"), ("x" * 501, "too_long")])
def test_staff_says_why_it_is_dropped(reason: str, code: str, walk: Walk, staff: User) -> None:
    refund = failed(walk, 1190)
    assert refusal_of(lambda: services.drop_refund(refund.pk, staff, reason)) == code


def test_what_is_owed_is_not_dropped(walk: Walk, staff: User, settings: Settings) -> None:
    with clock.at(walk.now):
        goodwill = services.request_goodwill_refund(paid(walk).pk, 100, "A slow week", staff, uuid4())
        assert refusal_of(lambda: services.drop_refund(goodwill.pk, staff, "No")) == "decided"
        refund = failed(walk, 1190)
        services.drop_refund(refund.pk, staff, "A mistake")
        assert refusal_of(lambda: services.drop_refund(refund.pk, staff, "Twice")) == "decided"


def test_one_with_a_credit_note_is_owed(walk: Walk, staff: User) -> None:
    SandboxPayment.objects.update(refunds_fail=True)
    with clock.at(walk.now):
        row = refunded(walk, 1190)
        confirmed(row)
    with clock.at(walk.now + sandbox_bank.SOON * 5):
        confirmed(row)
        refund = Refund.objects.get(state=RefundState.FAILED)
        assert refusal_of(lambda: services.drop_refund(refund.pk, staff, "A mistake")) == "counted"


def test_one_that_an_end_counts_as_given_back_is_owed(walk: Walk, staff: User) -> None:
    refund = failed(walk, 2000)
    walk._then(lambda: contracts.cancel(walk.contract.pk, actors.customer(walk.contract.ordered_by_id)), hours=1)
    services.refund_settlement(walk.contract.pk)
    assert refusal_of(lambda: services.drop_refund(refund.pk, staff, "A mistake")) == "counted"


def test_one_that_took_the_place_of_what_is_owed_is_owed(walk: Walk, staff: User, settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 0}
    walk._then(lambda: contracts.cancel(walk.contract.pk, actors.customer(walk.contract.ordered_by_id)), hours=1)
    with clock.at(walk.now):
        services.refund_settlement(walk.contract.pk)
        refund = failed(walk, 1190)
        assert refusal_of(lambda: services.drop_refund(refund.pk, staff, "A mistake")) == "counted"


def test_one_that_took_the_place_of_another_that_did_is_owed_and_so_is_what_is_left_of_that(
    walk: Walk, staff: User, settings: Settings
) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 0}
    walk._then(lambda: contracts.cancel(walk.contract.pk, actors.customer(walk.contract.ordered_by_id)), hours=1)
    with clock.at(walk.now):
        (unused,) = services.refund_settlement(walk.contract.pk)
        first = failed(walk, 4570)
        for status in (RefundStatus.PENDING, RefundStatus.FAILED):
            facts = GatewayRefund("sbx_ref_y", paid(walk).external_id, None, status, 4000, "EUR")
            if not services.apply_refund_facts("sandbox", facts):
                services.import_refund("sandbox", facts)
        unused.refresh_from_db()
        first.refresh_from_db()
        second, rest = first.gave_way_to, Refund.objects.get(rest_of=first)
        assert second is not None
        assert (unused.gave_way_to, first.state, second.state, rest.state) == (first, "dropped", "failed", "awaiting_approval")
        for refund in (second, rest):
            assert refusal_of(partial(services.drop_refund, refund.pk, staff, "A mistake")) == "counted"
        assert find_differences() == []


def test_one_that_took_the_place_of_goodwill_with_a_credit_note_is_owed(walk: Walk, staff: User) -> None:
    SandboxPayment.objects.update(refunds_fail=True)
    with clock.at(walk.now):
        goodwill = services.request_goodwill_refund(paid(walk).pk, 4000, "A slow week", staff, uuid4())
        services.send_refund(goodwill.pk)
        goodwill.refresh_from_db()
        sandbox_bank.tick()
        services.apply_refund("sandbox", goodwill.external_id)
    with clock.at(walk.now + sandbox_bank.SOON * 5):
        sandbox_bank.tick()
        services.apply_refund("sandbox", goodwill.external_id)
        taken = failed(walk, 4570)
        goodwill.refresh_from_db()
        assert (goodwill.state, goodwill.gave_way_to) == ("dropped", taken)
        assert Document.objects.filter(refund=goodwill, kind=DocumentKind.CREDIT_NOTE).exists()
        assert refusal_of(partial(services.drop_refund, taken.pk, staff, "A mistake")) == "counted"
