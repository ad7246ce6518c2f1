"""The way of a payout: proposed, approved, sent, paid; dropped, failed, come back. What is refused changes nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank
from billing.ledger import balance
from billing.proof import record_proof
from billing.sandbox_outcomes import Decision
from billing.services import apply_dispute
from billing.states import LedgerAccount as A
from contracts import actors
from contracts import services as contracts
from core import clock
from core.models import DomainEvent
from payouts.models import Payout, PayoutItem, PayoutMethod, Release
from payouts.services.payout import (
    approve_payout,
    export_payouts,
    fail_payout,
    mark_paid,
    propose_payout,
    propose_payouts,
    return_payout,
    send_payout,
    settle_payout,
)
from payouts.services.release import release_contract
from payouts.settling import Paid
from payouts.states import ExportFormat, Hold, PayoutState
from providers.models import Provider
from tests.payouts.console.conftest import EVM, LATER, OTHER_BANK, check_truths, confirmed, payable, refusal_of, released
from tests.walk import Walk, dispute

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposed(ready: Provider, staff: User) -> Payout:
    with clock.at(LATER):
        return propose_payout(ready.pk, "EUR", staff)


@pytest.fixture
def approved(proposed: Payout, colleague: User) -> Payout:
    with clock.at(LATER):
        return approve_payout(proposed.pk, colleague)


@pytest.fixture
def sent(approved: Payout, staff: User) -> Payout:
    with clock.at(LATER):
        return send_payout(approved.pk, staff)


@pytest.fixture
def paid(sent: Payout, staff: User) -> Payout:
    with clock.at(LATER):
        return mark_paid(sent.pk, staff, reference="NBK-1", paid_at=LATER)


def later(call: Callable[..., object], *given: object, **more: object) -> str:
    """The code of a refusal at LATER."""
    with clock.at(LATER):
        return refusal_of(call, *given, **more)


def lost(walk: Walk, at: datetime) -> None:
    """The customer's bank takes the payment back and keeps it."""
    with clock.at(at):
        opened = dispute(walk.contract)
        sandbox_bank.decide(opened.external_id, Decision.LOST)
        apply_dispute("sandbox", opened.external_id)


def events(payout: Payout) -> list[str]:
    return list(DomainEvent.objects.filter(subject=f"payout:{payout.pk}").order_by("pk").values_list("name", flat=True))


# The whole way ------------------------------------------------------------------------------------------------------------------


def test_all_pending_releases_are_proposed_approved_sent_and_paid(ready: Provider, staff: User, colleague: User) -> None:
    owed = payable(ready)
    with clock.at(LATER):
        payout = propose_payout(ready.pk, "EUR", staff)
        assert (payout.amount_minor, payout.released_minor, payout.recovered_minor) == (owed, owed, 0)
        assert payout.destination["iban"] == payout.method.iban
        check_truths(LATER)
        approve_payout(payout.pk, colleague)
        export_payouts([payout.pk], ExportFormat.PAIN001, staff)
        check_truths(LATER)
        assert (payable(ready), balance(A.PAYOUT_TRANSIT, f"payout:{payout.pk}", "EUR")) == (0, -owed)
        settled = mark_paid(payout.pk, staff, reference=" NBK  4711 ", paid_at=LATER, fee_minor=20)
    check_truths(LATER)
    assert (settled.state, settled.reference, settled.fee_minor) == (PayoutState.SETTLED, "NBK 4711", 20)
    assert (balance(A.BANK, "bank", "EUR"), balance(A.GATEWAY_FEES, "bank", "EUR")) == (-owed - 20, 20)
    assert events(payout) == ["payout.proposed", "payout.approved", "payout.sent", "payout.settled"]
    told = DomainEvent.objects.get(name="payout.settled").data
    assert (told["amount_minor"], told["currency"], told["provider"], told["actor"]) == (owed, "EUR", ready.pk, staff.pk)
    assert (told["place"], told["reference"], told["actor_kind"]) == ("3000", "NBK 4711", "staff")


def test_what_is_approved_is_marked_as_paid_in_one_step(approved: Payout, staff: User) -> None:
    with clock.at(LATER + timedelta(hours=1)):
        mark_paid(approved.pk, staff, reference="NBK-1", paid_at=LATER)
    assert events(approved)[-2:] == ["payout.sent", "payout.settled"]
    check_truths(LATER)


def test_a_token_is_counted_in_its_own_units(ready: Provider, method: PayoutMethod, staff: User, colleague: User) -> None:
    confirmed(ready, EVM, at=LATER)
    now = LATER + timedelta(hours=25)
    with clock.at(now):
        payout = propose_payout(ready.pk, "EUR", staff)
        approve_payout(payout.pk, colleague)
        for wrong, field in (
            ({}, "paid_currency"),
            ({"paid_currency": "EUR", "paid_units": 5}, "paid_currency"),
            ({"paid_currency": "=1+1", "paid_units": 5}, "paid_currency"),
            ({"paid_currency": "USDC"}, "paid_units"),
            ({"paid_currency": "USDC", "paid_units": 0}, "paid_units"),
            ({"paid_currency": "USDC", "paid_units": 10**38}, "paid_units"),
            ({"paid_currency": "USDC", "paid_units": 5, "fee_minor": 1}, "fee_minor"),
            ({"paid_currency": "USDC", "paid_units": 5, "network_fee": 5}, "network_fee"),
            ({"paid_currency": "USDC.polygon", "paid_units": 5}, "paid_currency"),
        ):
            code = refusal_of(mark_paid, payout.pk, staff, reference="0xabc", paid_at=now, **wrong)
            assert code in {"bad_token", "bad_units", "bad_fee"}, field
        mark_paid(payout.pk, staff, reference="0xabc", paid_at=now, paid_currency="USDC", paid_units=23_500_000)
    check_truths(now)
    # On its own network it is another token than elsewhere.
    assert Payout.objects.get(pk=payout.pk).paid_currency == "USDC.base"
    assert balance(A.GATEWAY_BALANCE, "icpay", "USDC.base") == -23_500_000
    assert (balance(A.FX, "USDC.base", "USDC.base"), balance(A.FX, "EUR", "EUR")) == (23_500_000, -payout.amount_minor)
    with clock.at(now):
        return_payout(payout.pk, staff, "Sent to a chain that the provider does not use")
    check_truths(now)
    assert balance(A.GATEWAY_BALANCE, "icpay", "USDC.base") == 0


@pytest.fixture
def paid_in_tokens(ready: Provider, staff: User, colleague: User) -> Payout:
    """23.5 USDC have left, 0.5 of them for the network."""
    confirmed(ready, EVM, at=LATER - timedelta(hours=25))
    said = {"reference": "0xabc", "paid_at": LATER, "paid_currency": "USDC", "paid_units": 23_500_000, "network_fee": 500_000}
    with clock.at(LATER):
        payout = approve_payout(propose_payout(ready.pk, "EUR", staff).pk, colleague)
        return mark_paid(payout.pk, staff, **said)  # type: ignore[arg-type]  # of several kinds


@pytest.mark.parametrize(("said", "back"), [(None, 23_000_000), (22_999_999, 22_999_999), (23_500_000, 23_500_000)])
def test_of_a_token_that_came_back_only_what_came_is_booked_and_all_is_owed_again(
    paid_in_tokens: Payout, staff: User, said: int | None, back: int
) -> None:
    assert balance(A.GATEWAY_FEES, "icpay", "USDC.base") == 500_000
    with clock.at(LATER):
        return_payout(paid_in_tokens.pk, staff, "Sent back", units=said)
    check_truths(LATER)
    assert payable(paid_in_tokens.provider) == paid_in_tokens.amount_minor
    assert balance(A.GATEWAY_BALANCE, "icpay", "USDC.base") == back - 23_500_000
    # What the network took, or took once more, is ours to bear: neither of it is owed back by anybody.
    assert balance(A.GATEWAY_FEES, "icpay", "USDC.base") == 500_000
    assert (balance(A.FX, "USDC.base", "USDC.base"), balance(A.FX, "EUR", "EUR")) == (23_000_000 - back, 0)
    assert DomainEvent.objects.get(name="payout.returned").data["units"] == str(back)


@pytest.mark.parametrize("units", [0, -1, 23_500_001, 10**38])
def test_no_more_comes_back_than_had_left(paid_in_tokens: Payout, staff: User, units: int) -> None:
    assert later(return_payout, paid_in_tokens.pk, staff, "Sent back", units=units) == "bad_units"


def test_of_money_no_units_come_back(paid: Payout, staff: User) -> None:
    assert later(return_payout, paid.pk, staff, "Closed", units=5) == "no_token"


def test_a_rail_settles_what_it_sent_in_nobodys_name(approved: Payout) -> None:
    with clock.at(LATER):
        send_payout(approved.pk)
        settle_payout(approved.pk, Paid("tr_1", LATER))
    assert DomainEvent.objects.get(name="payout.settled").data["actor_kind"] == "system"
    check_truths(LATER)


# Proposed -----------------------------------------------------------------------------------------------------------------------


def test_a_second_proposal_is_refused_and_takes_no_release_twice(proposed: Payout, staff: User) -> None:
    assert later(propose_payout, proposed.provider_id, "EUR", staff) == Hold.OPEN_PAYOUT
    with clock.at(LATER):
        assert propose_payouts(staff) == []
    assert PayoutItem.objects.count() == Release.objects.count()


def test_another_amount_than_was_seen_is_refused_with_the_new_one(ready: Provider, staff: User) -> None:
    for seen in (payable(ready) - 1, -5, 0, 10**15):
        assert later(propose_payout, ready.pk, "EUR", staff, expected_minor=seen) == "amount_changed"
    with clock.at(LATER):
        propose_payout(ready.pk, "EUR", staff, expected_minor=payable(ready))


def test_nobody_and_nothing_is_not_paid(ready: Provider, staff: User) -> None:
    assert later(propose_payout, 999_999, "EUR", staff) == "no_provider"
    assert later(propose_payout, ready.pk, "USD", staff) == "nothing_pending"


def test_releases_that_arrive_wait_for_the_next_payout(proposed: Payout, walk: Walk, staff: User) -> None:
    released(walk, 20)
    check_truths(LATER)
    assert later(propose_payout, proposed.provider_id, "EUR", staff) == Hold.OPEN_PAYOUT
    with clock.at(LATER):
        fail_payout(proposed.pk, staff, "Wait for the rest")
        again = propose_payout(proposed.provider_id, "EUR", staff)
    assert again.amount_minor == payable(proposed.provider) > proposed.amount_minor
    check_truths(LATER)


# Approved -----------------------------------------------------------------------------------------------------------------------


def test_who_proposed_does_not_approve_where_two_are_asked_for(proposed: Payout, staff: User, settings: Settings) -> None:
    assert later(approve_payout, proposed.pk, staff) == "own_proposal"
    settings.PAYOUT_SECOND_PERSON = False
    with clock.at(LATER):
        assert approve_payout(proposed.pk, staff).state == PayoutState.APPROVED


def test_what_nobody_approved_neither_leaves_nor_is_paid(proposed: Payout, staff: User) -> None:
    assert later(send_payout, proposed.pk, staff) == "needs_approval"
    assert later(export_payouts, [proposed.pk], ExportFormat.PAIN001, staff) == "needs_approval"
    assert later(mark_paid, proposed.pk, staff, reference="NBK-1", paid_at=LATER) == "needs_approval"


def test_approving_twice_is_refused(approved: Payout, colleague: User) -> None:
    assert later(approve_payout, approved.pk, colleague) == "wrong_state"


# Looked at again before it leaves -----------------------------------------------------------------------------------------------


def leaves(payout: Payout, staff: User, at: datetime = LATER) -> set[str]:
    """The codes by which each way out is refused."""
    ways: list[Callable[[], object]] = [
        lambda: send_payout(payout.pk, staff),
        lambda: send_payout(payout.pk),
        lambda: export_payouts([payout.pk], ExportFormat.PAIN001, staff),
        lambda: mark_paid(payout.pk, staff, reference="NBK-1", paid_at=at),
    ]
    with clock.at(at):
        return {refusal_of(way) for way in ways}


def test_nothing_leaves_while_a_payment_is_disputed(approved: Payout, walk: Walk, staff: User) -> None:
    with clock.at(LATER):
        dispute(walk.contract)
    assert leaves(approved, staff) == {Hold.DISPUTED}


def test_a_payout_leaves_though_another_rental_is_disputed(approved: Payout, walk: Walk, staff: User) -> None:
    other = Walk(walk.customer, walk.offering).running()
    with clock.at(LATER):
        (release,) = release_contract(other.contract.pk, LATER)
        dispute(other.contract)
        send_payout(approved.pk, staff)
    assert payable(approved.provider) == release.share_minor
    check_truths(LATER)


def test_what_a_dispute_holds_back_of_another_rental_makes_up_for_nothing(
    paid: Payout, walk: Walk, staff: User, colleague: User
) -> None:
    """As much is owed as was proposed, but only with the money of a rental that is disputed itself."""
    second, doubtful = (Walk(walk.customer, walk.offering).running() for _ in range(2))
    with clock.at(LATER):
        release_contract(second.contract.pk, LATER)
        payout = approve_payout(propose_payout(paid.provider_id, "EUR", staff).pk, colleague)
        release_contract(doubtful.contract.pk, LATER)
        dispute(doubtful.contract)
    lost(walk, LATER)
    assert payable(paid.provider) >= payout.amount_minor
    assert leaves(payout, staff) == {"payable_smaller"}
    check_truths(LATER)


def test_nothing_leaves_of_a_rental_that_is_paused(approved: Payout, walk: Walk, staff: User) -> None:
    with clock.at(LATER):
        contracts.suspend(walk.contract.pk, actors.staff(staff.pk), "A complaint")
    assert leaves(approved, staff) == {Hold.SUSPENDED}


def test_nothing_leaves_without_a_fresh_proof(approved: Payout, staff: User) -> None:
    assert leaves(approved, staff, LATER + timedelta(days=2)) == {Hold.UNPROVEN}


def test_nothing_leaves_to_a_place_that_was_changed_or_removed(approved: Payout, provider: Provider, staff: User) -> None:
    confirmed(provider, OTHER_BANK, at=LATER)
    assert leaves(approved, staff) == {Hold.METHOD_FRESH}
    # In a fresh place's own time there is still another one than was proposed.
    PayoutMethod.objects.filter(iban=OTHER_BANK.iban).update(usable_at=LATER)
    assert leaves(approved, staff) == {"method_changed"}
    PayoutMethod.objects.update(removed_at=LATER)
    assert leaves(approved, staff) == {Hold.NO_METHOD}


def test_nothing_leaves_when_less_is_owed_than_was_proposed(approved: Payout, walk: Walk, staff: User) -> None:
    lost(walk, LATER)
    assert payable(approved.provider) < approved.amount_minor
    assert leaves(approved, staff) == {"payable_smaller"}
    check_truths(LATER)


# Files --------------------------------------------------------------------------------------------------------------------------


def test_a_payout_is_in_one_file_only(approved: Payout, staff: User) -> None:
    with clock.at(LATER):
        export_payouts([approved.pk], ExportFormat.PAIN001, staff)
    assert later(export_payouts, [approved.pk], ExportFormat.PAIN001, staff) == "wrong_state"


def test_one_that_cannot_go_keeps_all_others_back(approved: Payout, staff: User) -> None:
    assert later(export_payouts, [approved.pk, 999_999], ExportFormat.PAIN001, staff) == "no_payout"
    assert later(export_payouts, [], ExportFormat.PAIN001, staff) == "no_payout"
    assert later(export_payouts, [approved.pk], ExportFormat.CSV, staff) == "bad_format"


# Paid ---------------------------------------------------------------------------------------------------------------------------


def test_marking_as_paid_again_is_refused(paid: Payout, staff: User) -> None:
    for reference in ("NBK-1", "NBK-2"):
        assert later(mark_paid, paid.pk, staff, reference=reference, paid_at=LATER) == "paid"
    assert later(fail_payout, paid.pk, staff, "No") == "paid"
    assert later(settle_payout, paid.pk, Paid("NBK-3", LATER)) == "paid"


def test_a_reference_belongs_to_one_payout(paid: Payout, walk: Walk, staff: User, colleague: User) -> None:
    released(walk, 20)
    with clock.at(LATER):
        second = propose_payout(paid.provider_id, "EUR", staff)
        approve_payout(second.pk, colleague)
    assert later(mark_paid, second.pk, staff, reference="NBK-1", paid_at=LATER) == "reference_used"
    with clock.at(LATER):
        return_payout(paid.pk, staff, "The account is closed")
    # What came back keeps the name under which it is found.
    assert later(mark_paid, second.pk, staff, reference="NBK-1", paid_at=LATER) == "reference_used"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"reference": "  "}, "required"),
        ({"reference": "x" * 121}, "required"),
        ({"reference": "a\x00b"}, "required"),
        ({"reference": "a\u202eb"}, "required"),
        ({"paid_at": LATER + timedelta(seconds=1)}, "paid_at"),
        ({"paid_at": LATER - timedelta(minutes=1)}, "paid_at"),
        ({"fee_minor": -1}, "bad_fee"),
        ({"fee_minor": 10**12}, "bad_fee"),
        ({"paid_currency": "ICP", "paid_units": 5}, "no_token"),
    ],
)
def test_what_cannot_have_been_is_refused(sent: Payout, staff: User, said: dict[str, object], code: str) -> None:
    given: dict[str, object] = {"reference": "NBK-1", "paid_at": LATER, **said}
    assert later(mark_paid, sent.pk, staff, **given) == code  # type: ignore[arg-type]  # wrong on purpose


def test_what_was_sent_is_written_down_as_paid_whatever_happened_since(sent: Payout, walk: Walk, staff: User) -> None:
    with clock.at(LATER):
        dispute(walk.contract)
        mark_paid(sent.pk, staff, reference="NBK-1", paid_at=LATER)
    check_truths(LATER)


# Undone -------------------------------------------------------------------------------------------------------------------------


def test_what_is_dropped_before_it_left_posts_nothing(approved: Payout, staff: User) -> None:
    owed = payable(approved.provider)
    with clock.at(LATER):
        fail_payout(approved.pk, staff, "Not today")
    check_truths(LATER)
    assert payable(approved.provider) == owed
    assert DomainEvent.objects.get(name="payout.failed").data["sent"] is False
    assert not PayoutItem.objects.filter(undone_at=None).exists()


def test_what_failed_after_it_was_sent_is_owed_again_and_paid_anew(sent: Payout, staff: User, colleague: User) -> None:
    with clock.at(LATER):
        fail_payout(sent.pk, staff, "The bank refused the file")
        check_truths(LATER)
        again = propose_payout(sent.provider_id, "EUR", staff)
        approve_payout(again.pk, colleague)
        mark_paid(again.pk, staff, reference="NBK-2", paid_at=LATER)
    check_truths(LATER)
    assert (again.amount_minor, payable(sent.provider)) == (sent.amount_minor, 0)


def test_what_came_back_is_owed_again(paid: Payout, staff: User) -> None:
    with clock.at(LATER + timedelta(days=3)):
        return_payout(paid.pk, staff, "The account is closed")
    check_truths(LATER)
    assert (payable(paid.provider), balance(A.BANK, "bank", "EUR")) == (paid.amount_minor, 0)
    assert events(paid)[-1] == "payout.returned"


def test_an_undone_payout_is_not_undone_again(paid: Payout, staff: User) -> None:
    assert later(return_payout, paid.pk, staff, " ") == "required"
    with clock.at(LATER):
        return_payout(paid.pk, staff, "The account is closed")
    for again in (return_payout, fail_payout):
        assert later(again, paid.pk, staff, "Once more") == "wrong_state"
    assert later(mark_paid, paid.pk, staff, reference="NBK-9", paid_at=LATER) == "wrong_state"


def test_a_debt_is_recovered_from_what_is_released_later(paid: Payout, walk: Walk, staff: User, colleague: User) -> None:
    lost(walk, LATER)
    debt = -payable(paid.provider)
    assert debt == paid.amount_minor
    check_truths(LATER)
    assert later(propose_payout, paid.provider_id, "EUR", staff) == "nothing_pending"

    second = Walk(walk.customer, walk.offering, LATER).running()
    now = LATER + timedelta(days=15)
    with clock.at(now):
        release_contract(second.contract.pk, now)
        assert record_proof().differences == []
        assert refusal_of(propose_payout, paid.provider_id, "EUR", staff) == Hold.OWES
    now = LATER + timedelta(days=25)
    with clock.at(now):
        release_contract(second.contract.pk, now)
        assert record_proof().differences == []
        payout = propose_payout(paid.provider_id, "EUR", staff)
        approve_payout(payout.pk, colleague)
        mark_paid(payout.pk, staff, reference="NBK-2", paid_at=now)
    assert (payout.recovered_minor, payable(paid.provider)) == (debt, 0)
    check_truths(now)
