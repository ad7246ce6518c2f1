"""What staff gives back by goodwill: once per decision, never more than is left, borne by the platform, and escrow ends at 0."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.ledger import balance
from billing.models import Document, LedgerEntry, Payment, Refund
from billing.proof import find_differences
from billing.queries import left_gross, money_of, refund_preview
from billing.sandbox_outcomes import Decision, Outcome
from billing.states import DocumentKind, RefundKind, RefundState
from billing.states import LedgerAccount as A
from contracts import actors
from contracts import services as contracts
from contracts.models import Contract
from contracts.states import State
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from core.money import currency
from providers.models import Offering
from tests.walk import Walk, dispute, give_back, offered_by, pay_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(customer: User, provider_user: User) -> Walk:
    """A running rental of € 38.40 net, € 45.70 gross."""
    return Walk(customer, offered_by(provider_user)).running()


@pytest.fixture
def payment(walk: Walk) -> Payment:
    return Payment.objects.get(charge__contract=walk.contract)


def give(payment: Payment, gross: int, staff: User, key: UUID | None = None) -> Refund:
    return services.request_goodwill_refund(payment.pk, gross, "A slow week", staff, key or uuid4())


def refusal_of(call: Callable[[], object]) -> str:
    """The code of a refusal that changed nothing."""
    before = (Refund.objects.count(), LedgerEntry.objects.count(), DomainEvent.objects.count())
    with pytest.raises(Refused) as refused:
        call()
    assert (Refund.objects.count(), LedgerEntry.objects.count(), DomainEvent.objects.count()) == before
    return refused.value.code


def carried_out(contract: Contract) -> None:
    """Sent, confirmed by the bank, and heard of."""
    for refund in contract.refunds.filter(state=RefundState.REQUESTED):
        services.send_refund(refund.pk)
    sandbox_bank.tick()
    for refund in contract.refunds.exclude(external_id=""):
        services.apply_refund("sandbox", refund.external_id)


def held(account: A, payment: Payment) -> int:
    owner = payment.charge.segment if account == A.ESCROW else payment
    assert owner is not None
    return -balance(account, owner, payment.currency)


# One decision -------------------------------------------------------------------------------------------------------------------


def test_a_part_goes_back_and_the_rental_goes_on_as_before(walk: Walk, payment: Payment, staff: User) -> None:
    refund = give(payment, 1000, staff)
    assert (refund.kind, refund.net_minor, refund.tax_minor) == (RefundKind.GOODWILL, 840, 160)
    assert (refund.decided_by, refund.reason) == (staff, "A slow week")
    assert (held(A.ESCROW, payment), held(A.LOSSES, payment)) == (3840, -840)
    with clock.at(walk.now):
        carried_out(walk.contract)
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    assert Payment.objects.get().refunded_minor == 1000
    assert walk.fresh().state == State.ACTIVE
    event = DomainEvent.objects.get(name="refund.requested")
    assert (event.data["actor"], event.data["reason"]) == (staff.pk, "A slow week")
    assert find_differences() == []


def test_money_counts_as_given_back_only_when_it_is_confirmed(walk: Walk, payment: Payment, staff: User) -> None:
    refund = give(payment, 1000, staff)
    services.send_refund(refund.pk)
    assert Refund.objects.get().state == RefundState.SUBMITTED
    assert Payment.objects.get().refunded_minor == 0
    assert (money_of(walk.fresh()).refund_pending_gross, money_of(walk.fresh()).refunded_gross) == (1000, 0)


def test_a_form_that_is_sent_twice_gives_back_once(payment: Payment, staff: User) -> None:
    key = uuid4()
    assert give(payment, 1000, staff, key) == give(payment, 1000, staff, key)
    assert Refund.objects.count() == 1


def test_a_form_that_asks_for_something_else_the_second_time_is_refused(payment: Payment, staff: User) -> None:
    key = uuid4()
    give(payment, 1000, staff, key)
    assert refusal_of(lambda: give(payment, 1001, staff, key)) == "form_used"


def test_two_equal_decisions_are_both_paid(walk: Walk, payment: Payment, staff: User) -> None:
    give(payment, 500, staff)
    give(payment, 500, staff)
    with clock.at(walk.now):
        carried_out(walk.contract)
    assert Payment.objects.get().refunded_minor == 1000
    assert sorted(Refund.objects.values_list("state", flat=True)) == [RefundState.SUCCEEDED] * 2


@pytest.mark.parametrize(("gross", "code"), [(4571, "too_much"), (10**10, "too_much"), (0, "bad_amount"), (-1, "bad_amount")])
def test_no_more_goes_back_than_is_left_and_no_less_than_something(gross: int, code: str, payment: Payment, staff: User) -> None:
    assert refusal_of(lambda: give(payment, gross, staff)) == code


def test_what_is_decided_is_not_left_though_it_is_not_sent(payment: Payment, staff: User) -> None:
    give(payment, 4000, staff)
    with pytest.raises(Refused) as refused:
        give(payment, 571, staff)
    assert refused.value.data == {"left_minor": 570}
    assert give(payment, 570, staff).tax_minor + Refund.objects.earliest("id").tax_minor == 730


@pytest.mark.parametrize(("reason", "code"), [("", "required"), ("  \n", "required"), ("x" * 501, "too_long")])
def test_staff_says_why(reason: str, code: str, payment: Payment, staff: User) -> None:
    assert refusal_of(lambda: services.request_goodwill_refund(payment.pk, 100, reason, staff, uuid4())) == code


def test_nothing_goes_back_while_a_bank_decides(walk: Walk, payment: Payment, staff: User) -> None:
    with clock.at(walk.now):
        dispute(walk.contract, Outcome.DISPUTE_PART)
    assert refusal_of(lambda: give(payment, 100, staff)) == "disputed"
    assert refusal_of(lambda: services.request_vat_refund(payment)) == "disputed"


def test_money_that_pays_for_nothing_is_sent_back_and_not_given(customer: User, provider_user: User, staff: User) -> None:
    walk = Walk(customer, offered_by(provider_user))
    with clock.at(walk.now + timedelta(minutes=1)):
        odd = pay_order(walk.contract, Outcome.WRONG_AMOUNT)
        assert refusal_of(lambda: give(odd, 100, staff)) == "not_allocated"


def test_amounts_go_in_the_steps_of_their_currency(customer: User, provider_user: User, staff: User) -> None:
    dinars = Walk(customer, offered_by(provider_user, currency="KWD", monthly_minor=12_350)).running()
    payment = Payment.objects.get(charge__contract=dinars.contract)
    assert refusal_of(lambda: give(payment, 1005, staff)) == "bad_amount"
    refund = give(payment, 1010, staff)
    assert refund.tax_minor % currency("KWD").step == 0


# Above the limit ----------------------------------------------------------------------------------------------------------------


def test_each_currency_has_its_own_limit(payment: Payment, staff: User, settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"USD": 0, "EUR": 999}
    assert give(payment, 999, staff).state == RefundState.REQUESTED
    assert give(payment, 1000, staff).state == RefundState.AWAITING_APPROVAL
    settings.REFUND_APPROVAL_LIMITS = {"USD": 0}
    assert give(payment, 2000, staff).state == RefundState.REQUESTED


def test_many_small_parts_of_one_payment_are_a_large_one(payment: Payment, staff: User, stranger: User, settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 1000}
    assert [give(payment, 400, staff).state for _part in range(2)] == [RefundState.REQUESTED] * 2
    third = give(payment, 400, stranger)
    assert third.state == RefundState.AWAITING_APPROVAL
    # What waits for a second person is not counted against what needs none.
    assert give(payment, 200, staff).state == RefundState.REQUESTED
    assert give(payment, 1, staff).state == RefundState.AWAITING_APPROVAL


def test_who_decided_it_does_not_let_it_go(walk: Walk, payment: Payment, staff: User, stranger: User, settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 0}
    refund = give(payment, 1000, staff)
    services.send_refund(refund.pk)
    assert refusal_of(lambda: services.approve_refund(refund.pk, staff)) == "second_person"
    assert Refund.objects.get().state == RefundState.AWAITING_APPROVAL
    with clock.at(walk.now):
        services.approve_refund(refund.pk, stranger)
    assert Refund.objects.get().state == RefundState.SUBMITTED
    assert DomainEvent.objects.get(name="refund.approved").data["actor"] == stranger.pk


# And then it ends ---------------------------------------------------------------------------------------------------------------


def test_what_came_back_before_is_not_given_back_again_at_the_end(walk: Walk, payment: Payment, staff: User) -> None:
    with clock.at(walk.now):
        give(payment, 2285, staff)
        carried_out(walk.contract)
        shown = refund_preview(walk.fresh(), walk.now).priced
    walk.end(lambda: contracts.cancel(walk.contract.pk, actors.customer(walk.contract.ordered_by_id)), seconds=0)
    unused = Refund.objects.get(kind=RefundKind.UNUSED)
    assert unused.amount_minor == shown.gross.minor == 4570 - 2285
    assert Payment.objects.get().refunded_minor == 4570
    settlement = payment.charge.segment.settlement if payment.charge.segment else None
    assert settlement is not None
    # What is earned stands in escrow for the provider; the rest of the goodwill is regained.
    assert held(A.ESCROW, payment) == settlement.earned_minor
    assert held(A.LOSSES, payment) == -settlement.earned_minor
    assert find_differences() == []


def test_a_rental_that_is_served_in_full_costs_the_platform_its_goodwill(walk: Walk, payment: Payment, staff: User) -> None:
    with clock.at(walk.now):
        give(payment, 1190, staff)
        carried_out(walk.contract)
    walk.end(contracts.work_deadlines, hours=720)
    assert walk.fresh().state == State.COMPLETED
    assert (held(A.ESCROW, payment), held(A.LOSSES, payment)) == (3840, -1000)
    assert find_differences() == []


def test_a_bank_that_takes_the_rest_is_not_paid_the_goodwill_twice(walk: Walk, payment: Payment, staff: User) -> None:
    with clock.at(walk.now):
        give(payment, 2285, staff)
        carried_out(walk.contract)
        opened = dispute(walk.contract)
        assert opened.amount_minor == 2285
        sandbox_bank.decide(opened.external_id, Decision.LOST)
        services.apply_dispute("sandbox", opened.external_id)
        services.refund_settlement(walk.contract.pk)
    assert left_gross(Payment.objects.get()) == 0
    assert not Refund.objects.filter(kind=RefundKind.UNUSED).exists()
    settlement = walk.fresh().segments.get().settlement
    assert held(A.ESCROW, payment) == settlement.earned_minor
    assert find_differences() == []


def test_a_credit_note_says_goodwill_once_its_money_is_there(walk: Walk, payment: Payment, staff: User) -> None:
    give(payment, 1000, staff)
    notes = Document.objects.filter(kind=DocumentKind.CREDIT_NOTE)
    assert not notes.exists()
    with clock.at(walk.now):
        carried_out(walk.contract)
        carried_out(walk.contract)
    assert (notes.get().gross_minor, notes.get().content["reason"]) == (1000, "goodwill")


# VAT only -----------------------------------------------------------------------------------------------------------------------


def test_vat_that_was_not_due_goes_back_once_and_whole(walk: Walk, payment: Payment) -> None:
    with clock.at(walk.now):
        refund = services.request_vat_refund(payment)
        assert services.request_vat_refund(payment) == refund
        assert (refund.net_minor, refund.tax_minor) == (0, 730)
        carried_out(walk.contract)
    assert Payment.objects.get().refunded_minor == 730
    assert held(A.ESCROW, payment) == 3840


def test_vat_that_went_back_with_a_part_is_not_given_back_again(payment: Payment, staff: User) -> None:
    give(payment, 1000, staff)
    assert services.request_vat_refund(payment).tax_minor == 730 - 160


def test_a_refund_after_the_vat_is_net(walk: Walk, payment: Payment, staff: User) -> None:
    with clock.at(walk.now):
        services.request_vat_refund(payment)
        refund = give(payment, 1000, staff)
        assert (refund.net_minor, refund.tax_minor) == (1000, 0)
        assert left_gross(payment) == 2840
    walk.end(lambda: contracts.cancel_in_full(walk.contract.pk, actors.staff(staff.pk), "Enough"), seconds=1)
    assert Refund.objects.get(kind=RefundKind.UNUSED).amount_minor == 2840


def test_no_vat_no_refund_of_it(payment: Payment, staff: User) -> None:
    give(payment, 4570, staff)
    assert refusal_of(lambda: services.request_vat_refund(payment)) == "nothing_left"


# Any amounts, any moment --------------------------------------------------------------------------------------------------------


@pytest.fixture
def rentals(customer: User, provider_user: User) -> dict[str, Offering]:
    """An offering of each kind of currency, with a set-up fee."""
    prices = {"EUR": (3841, 999), "JPY": (4801, 300), "KWD": (12_350, 1_110)}
    return {
        code: offered_by(provider_user, name=f"in {code}", currency=code, monthly_minor=monthly, setup_fee_minor=fee)
        for code, (monthly, fee) in prices.items()
    }


@example_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    code=st.sampled_from(["EUR", "JPY", "KWD"]),
    parts=st.lists(st.integers(1, 1000), min_size=1, max_size=4),
    hours=st.integers(0, 719),
    lost=st.booleans(),
)
def test_whatever_was_given_an_end_divides_all_that_came_in(
    code: str, parts: list[int], hours: int, lost: bool, rentals: dict[str, Offering], customer: User, staff: User
) -> None:
    walk = Walk(customer, rentals[code]).running()
    payment = Payment.objects.get(charge__contract=walk.contract)
    step = currency(code).step
    with clock.at(walk.now):
        for part in parts:
            gross = left_gross(payment) * part // (1000 * step) * step
            if gross:
                give(payment, gross, staff)
    with clock.at(walk.now + timedelta(hours=hours)):
        carried_out(walk.contract)
        if lost and left_gross(payment):
            opened = dispute(walk.contract, Outcome.DISPUTE_PART)
            sandbox_bank.decide(opened.external_id, Decision.LOST)
            services.apply_dispute("sandbox", opened.external_id)
        else:
            contracts.cancel(walk.contract.pk, actors.customer(customer.pk))
        give_back(walk.contract)
    ended = walk.fresh().segments.get().settlement
    paid = Payment.objects.get(pk=payment.pk)
    assert held(A.ESCROW, payment) == ended.earned_minor
    assert held(A.LOSSES, payment) <= 0
    assert held(A.REFUND_PAYABLE, payment) == 0
    assert paid.refunded_minor <= paid.received_minor
    tax_given = sum(refund.tax_minor for refund in Refund.objects.filter(payment=payment))
    assert 0 <= tax_given <= payment.charge.tax_minor
    assert find_differences() == []
