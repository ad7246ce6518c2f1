"""What comes back of what was released: at whose fault, from whose pocket, and that nobody gives a unit too much."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.services import create_user, make_staff
from billing import sandbox_bank
from billing import services as billing
from billing.models import LedgerEntry, Payment, Proof, SandboxDispute
from billing.sandbox_outcomes import Decision, Outcome
from contracts import actors, services
from contracts.states import State
from core import clock
from core.tasks import drain
from payouts.models import Release
from payouts.services.payout import approve_payout, mark_paid, propose_payout
from payouts.services.release import release_contract, release_due, release_ended
from providers.models import Offering, Provider
from tests.payouts.console.conftest import confirmed
from tests.payouts.ledger import differences, escrow_of, fees, losses_of, nights, owed_to, released_of
from tests.walk import Walk, dispute, offered_by

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NET, SETUP, A_DAY = 4339, 499, 128


@pytest.fixture
def offering(provider_user: User) -> Offering:
    """€ 38.40 a month and € 4.99 for setting it up."""
    return offered_by(provider_user, setup_fee_minor=SETUP)


@pytest.fixture
def walk(customer: User, offering: Offering) -> Walk:
    """A running rental of 30 days, released through its fifth day."""
    walk = Walk(customer, offering).running()
    walk.now = delivered_at(walk) + 5 * DAY
    with clock.at(walk.now):
        (first,) = release_contract(walk.contract.pk, walk.now)
    assert first.amount_minor == SETUP + 5 * A_DAY == 1139
    return walk


def delivered_at(walk: Walk) -> datetime:
    provisioned = walk.fresh().provisioned_at
    assert provisioned is not None
    return provisioned


def then(walk: Walk, step: Callable[[], object], **later: int) -> None:
    """A step, and all that follows from it."""
    walk._then(step, **later)
    with clock.at(walk.now):
        drain()
        assert differences() == []


def leave(walk: Walk) -> Callable[[], object]:
    return lambda: services.cancel(walk.contract.pk, actors.customer(walk.customer.pk))


def withdraw(walk: Walk) -> Callable[[], object]:
    return lambda: services.cancel(walk.contract.pk, walk.provider, "The rack burnt down")


def lost(opened: SandboxDispute) -> Callable[[], object]:
    def decide() -> None:
        sandbox_bank.decide(opened.external_id, Decision.LOST)
        billing.apply_dispute("sandbox", opened.external_id)

    return decide


# An early end -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("refund", "release"), ("release", "refund")])
def test_refund_and_last_release_leave_nothing_in_whatever_order(order: tuple[str, str], walk: Walk) -> None:
    walk._then(leave(walk), hours=36)
    verbs: dict[str, Callable[[int], object]] = {"refund": billing.refund_settlement, "release": release_ended}
    with clock.at(walk.now):
        for verb in order:
            verbs[verb](walk.contract.pk)
            verbs[verb](walk.contract.pk)
    earned = SETUP + 5 * A_DAY + A_DAY * 3 // 2
    assert (released_of(walk.contract), escrow_of(walk.contract)) == (earned, 0)
    assert walk.contract.refunds.get().net_minor == NET - earned
    assert (owed_to(walk.offering.provider), fees(), losses_of(walk.contract)) == (earned - earned // 10, earned // 10, 0)
    assert differences() == []


def test_at_the_customers_wish_nothing_is_taken_back(walk: Walk) -> None:
    then(walk, leave(walk))
    assert (released_of(walk.contract), escrow_of(walk.contract), losses_of(walk.contract)) == (1139, 0, 0)


def test_a_provider_that_leaves_gives_back_what_it_got_beyond_its_part(walk: Walk) -> None:
    then(walk, withdraw(walk))
    # A sixth of the term was served: a sixth of all, the set-up fee too. 416 of the 1139 go back, with the fee on them.
    assert NET * 5 // 30 == 723
    assert (owed_to(walk.offering.provider), fees()) == (723 - 72, 72)
    assert walk.contract.refunds.get().net_minor == NET - 723
    assert (escrow_of(walk.contract), losses_of(walk.contract)) == (0, 0)


def test_a_provider_that_leaves_after_hours_without_a_release_gets_the_rest_of_its_part(walk: Walk) -> None:
    then(walk, withdraw(walk), days=20)
    earned = NET * 25 // 30
    assert (owed_to(walk.offering.provider), fees()) == (earned - earned // 10, earned // 10)
    assert (escrow_of(walk.contract), losses_of(walk.contract)) == (0, 0)


def test_what_staff_gives_in_full_is_the_platforms(walk: Walk, staff: User) -> None:
    then(walk, lambda: services.cancel_in_full(walk.contract.pk, actors.staff(staff.pk), "A kindness"))
    assert walk.contract.refunds.get().net_minor == NET
    assert (owed_to(walk.offering.provider), fees()) == (1139 - 113, 113)
    assert (escrow_of(walk.contract), losses_of(walk.contract)) == (0, 1139)


def test_a_part_that_staff_gave_before_is_regained_from_a_provider_that_leaves(walk: Walk, staff: User) -> None:
    payment = Payment.objects.get()
    then(walk, lambda: billing.request_goodwill_refund(payment.pk, payment.amount_minor, "Slow", staff, uuid4()))
    assert losses_of(walk.contract) == NET
    then(walk, withdraw(walk))
    # Nothing more goes to the customer, and the provider keeps no more than its part: the loss is what it has earned.
    assert (owed_to(walk.offering.provider), fees()) == (723 - 72, 72)
    assert (escrow_of(walk.contract), losses_of(walk.contract)) == (0, 723)


def test_a_part_that_staff_gave_before_does_not_make_a_full_refund_larger(walk: Walk, staff: User) -> None:
    payment = Payment.objects.get()
    then(walk, lambda: billing.request_goodwill_refund(payment.pk, payment.amount_minor, "Slow", staff, uuid4()))
    then(walk, lambda: services.cancel_in_full(walk.contract.pk, actors.staff(staff.pk), "A kindness"))
    assert (owed_to(walk.offering.provider), fees()) == (1139 - 113, 113)
    assert (escrow_of(walk.contract), losses_of(walk.contract)) == (0, 1139)


def test_a_refund_in_a_dashboard_takes_nothing_from_the_provider(walk: Walk) -> None:
    payment = Payment.objects.get()
    row = sandbox_bank.refund_in_dashboard(payment.external_id, 1190)
    then(walk, lambda: billing.apply_refund("sandbox", row.external_id))
    assert owed_to(walk.offering.provider) == 1139 - 113
    assert losses_of(walk.contract) == 1000


def test_released_to_the_last_unit_and_nothing_is_left_to_take(walk: Walk) -> None:
    then(walk, services.work_deadlines, days=26)
    assert (walk.fresh().state, escrow_of(walk.contract)) == (State.COMPLETED, 0)
    assert (released_of(walk.contract), owed_to(walk.offering.provider), fees()) == (NET, NET - 433, 433)
    assert billing.refund_settlement(walk.contract.pk) == []


# Disputes -----------------------------------------------------------------------------------------------------------------------


def test_while_a_bank_decides_nothing_is_released_and_once_it_is_won_it_goes_on(walk: Walk) -> None:
    walk._then(lambda: dispute(walk.contract), days=1)
    opened = SandboxDispute.objects.get()
    nights(walk, 3)
    assert released_of(walk.contract) == 1139
    sandbox_bank.decide(opened.external_id, Decision.WON)
    then(walk, lambda: billing.apply_dispute("sandbox", opened.external_id))
    assert released_of(walk.contract) == 1139
    nights(walk, 2)
    used = walk.fresh().used_seconds(Release.objects.latest("pk").through)
    assert used is not None
    assert released_of(walk.contract) == SETUP + 3840 * used // (30 * 24 * 3600)


def test_after_an_end_the_last_release_waits_for_the_banks_word(walk: Walk) -> None:
    walk._then(services.work_deadlines, days=26)
    walk._then(lambda: dispute(walk.contract))
    then(walk, release_due, days=1)
    assert released_of(walk.contract) == 1139
    opened = SandboxDispute.objects.get()
    sandbox_bank.decide(opened.external_id, Decision.WON)
    then(walk, lambda: billing.apply_dispute("sandbox", opened.external_id))
    assert (released_of(walk.contract), escrow_of(walk.contract)) == (NET, 0)


@pytest.mark.parametrize("bearer", ["provider", "platform"])
def test_all_of_a_payment_that_a_bank_keeps_is_borne_as_the_setting_says(bearer: str, walk: Walk, settings: Settings) -> None:
    settings.DISPUTE_LOSS_BEARER = bearer
    walk._then(lambda: dispute(walk.contract), days=1)
    earned = SETUP + 6 * A_DAY
    then(walk, lost(SandboxDispute.objects.get()), days=9)
    assert walk.fresh().state == State.CANCELLED
    assert escrow_of(walk.contract) == 0
    if bearer == "provider":
        assert (owed_to(walk.offering.provider), fees(), losses_of(walk.contract)) == (0, 0, 0)
    else:
        # The day that was earned and not released yet is the provider's, too.
        assert (owed_to(walk.offering.provider), fees()) == (earned - earned // 10, earned // 10)
        assert losses_of(walk.contract) == earned


@pytest.mark.parametrize("bearer", ["provider", "platform"])
def test_a_part_that_a_bank_keeps_takes_what_is_not_earned_and_no_more(bearer: str, walk: Walk, settings: Settings) -> None:
    settings.DISPUTE_LOSS_BEARER = bearer
    walk._then(lambda: dispute(walk.contract, Outcome.DISPUTE_PART), days=1)
    then(walk, lost(SandboxDispute.objects.get()), days=2)
    earned = SETUP + 6 * A_DAY
    assert (owed_to(walk.offering.provider), fees(), losses_of(walk.contract)) == (earned - earned // 10, earned // 10, 0)
    assert escrow_of(walk.contract) == 0


@pytest.mark.parametrize("bearer", ["provider", "platform"])
@pytest.mark.parametrize("outcome", [Outcome.DISPUTE, Outcome.DISPUTE_PART])
def test_what_a_bank_keeps_long_after_the_end_is_taken_from_what_was_released(
    outcome: Outcome, bearer: str, walk: Walk, settings: Settings
) -> None:
    settings.DISPUTE_LOSS_BEARER = bearer
    then(walk, services.work_deadlines, days=26)
    walk._then(lambda: dispute(walk.contract, outcome), days=40)
    then(walk, lost(SandboxDispute.objects.get()), days=9)
    kept = LedgerEntry.objects.get(kind="dispute_lost").dispute
    assert kept is not None
    left = NET - kept.lost_net_minor if bearer == "provider" else NET
    assert (owed_to(walk.offering.provider), fees()) == (left - left // 10, left // 10)
    assert losses_of(walk.contract) == (0 if bearer == "provider" else kept.lost_net_minor)
    assert escrow_of(walk.contract) == 0
    assert walk.fresh().state == State.COMPLETED


@pytest.mark.parametrize("bearer", ["provider", "platform"])
@pytest.mark.parametrize("outcome", [Outcome.DISPUTE, Outcome.DISPUTE_PART])
def test_a_provider_that_left_answers_for_it_also_where_the_bank_is_faster_than_the_refund(
    outcome: Outcome, bearer: str, walk: Walk, settings: Settings
) -> None:
    settings.DISPUTE_LOSS_BEARER = bearer
    walk._then(withdraw(walk))
    walk._then(lambda: dispute(walk.contract, outcome))
    then(walk, lambda: None)
    assert not walk.contract.refunds.exists()
    then(walk, lost(SandboxDispute.objects.get()), days=9)
    earned = 0 if (outcome, bearer) == (Outcome.DISPUTE, "provider") else 723
    assert (owed_to(walk.offering.provider), fees()) == (earned - earned // 10, earned // 10)
    assert losses_of(walk.contract) == (723 if (outcome, bearer) == (Outcome.DISPUTE, "platform") else 0)
    assert escrow_of(walk.contract) == 0


def test_a_kindness_of_staff_is_not_undone_by_a_faster_bank(walk: Walk, staff: User) -> None:
    walk._then(lambda: services.cancel_in_full(walk.contract.pk, actors.staff(staff.pk), "A kindness"))
    walk._then(lambda: dispute(walk.contract))
    then(walk, lost(SandboxDispute.objects.get()), days=9)
    assert (owed_to(walk.offering.provider), losses_of(walk.contract)) == (1139 - 113, 1139)
    assert not walk.contract.refunds.exists()


# After a payout -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def colleague(db: None) -> User:
    return make_staff(create_user("colleague@example.com", verified=True), superuser=True)


def pay_out(provider: Provider, staff: User, colleague: User) -> None:
    """All that is pending is paid, by hand, after a proof that finds nothing."""
    assert differences() == []
    Proof.objects.create(started_at=clock.now(), finished_at=clock.now())
    payout = propose_payout(provider.pk, "EUR", staff)
    approve_payout(payout.pk, colleague)
    mark_paid(payout.pk, staff, reference=f"SEPA {payout.pk}", paid_at=clock.now())


def test_what_was_paid_out_already_is_owed_and_recovered_from_what_is_earned_later(
    walk: Walk, customer: User, offering: Offering, staff: User, colleague: User, settings: Settings
) -> None:
    settings.INVOICE_SELLER_NAME, settings.INVOICE_SELLER_IBAN = "Decent Cloud Market GmbH", "DE02120300000000202051"
    settings.PAYOUT_NEW_PROVIDER_DAYS = 0
    provider = offering.provider
    confirmed(provider)
    then(walk, lambda: pay_out(provider, staff, colleague))
    assert owed_to(provider) == 0
    then(walk, withdraw(walk))
    assert owed_to(provider) == (723 - 72) - (1139 - 113) == -375
    other = Walk(customer, offering, at=walk.now).running()
    nights(other, 10)
    walk.now = other.now
    share = sum(one.share_minor for one in Release.objects.filter(contract=other.contract))
    assert owed_to(provider) == share - 375
    then(walk, lambda: pay_out(provider, staff, colleague))
    latest = provider.payouts.latest("pk")
    assert (latest.released_minor, latest.recovered_minor, latest.amount_minor) == (share, 375, share - 375)
    assert owed_to(provider) == 0
