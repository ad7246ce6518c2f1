"""What waits for providers, with the first reason that holds it back, in the same few statements however many there are."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from accounts.queries import personal_account
from accounts.services import create_user
from billing import sandbox_bank
from billing.models import Proof
from billing.proof import record_proof
from billing.sandbox_outcomes import Decision
from billing.services import apply_dispute
from contracts import actors
from contracts import services as contracts
from core import clock
from payouts.models import PayoutMethod, Release
from payouts.pending import Pending, pending_releases
from payouts.services.payout import approve_payout, fail_payout, mark_paid, propose_payout, propose_payouts
from payouts.services.release import release_contract
from payouts.states import Hold
from providers.models import Offering, Provider
from providers.services import become_provider
from tests.payouts.console.conftest import BANK, LATER, OTHER_BANK, check_truths, confirmed, payable, refusal_of, released
from tests.walk import START, Walk, dispute, offered_by

pytestmark = pytest.mark.django_db


def only(provider: Provider) -> Pending:
    """The one line of the provider at LATER."""
    with clock.at(LATER):
        (row,) = pending_releases(provider.pk)
        assert pending_releases() == [row]
    return row


def held(provider: Provider, staff: User) -> Hold | None:
    """Its hold, by which a proposal is refused as well."""
    row = only(provider)
    with clock.at(LATER):
        if row.hold is not None:
            assert refusal_of(propose_payout, provider.pk, row.currency, staff) == row.hold
            assert propose_payouts(staff) == []
    return row.hold


def test_pending_releases_are_summed_and_nothing_holds_them(ready: Provider, method: PayoutMethod, staff: User) -> None:
    row = only(ready)
    assert (row.provider, row.currency, row.count, row.method, row.hold) == (ready, "EUR", 2, method, None)
    assert (row.released_minor, row.recovered_minor, row.payable_minor) == (payable(ready), 0, payable(ready))
    with clock.at(LATER):
        assert [payout.amount_minor for payout in propose_payouts(staff)] == [row.payable_minor]
        assert pending_releases() == []


def test_nothing_pending_is_nothing_to_show(provider: Provider) -> None:
    assert pending_releases() == []


def test_a_ledger_that_is_not_proven_holds_all_back(ready: Provider, staff: User) -> None:
    Proof.objects.update(differences=[{"check": "entries", "text": "", "rows": []}])
    assert held(ready, staff) == Hold.UNPROVEN


def test_an_old_proof_is_none(ready: Provider, staff: User) -> None:
    Proof.objects.update(started_at=LATER - timedelta(hours=37))
    assert held(ready, staff) == Hold.UNPROVEN


def two_rentals(walk: Walk) -> Release:
    """A second rental of the same provider, and its one release."""
    second = Walk(walk.customer, walk.offering).running()
    with clock.at(LATER):
        (release,) = release_contract(second.contract.pk, LATER)
    return release


def test_an_open_dispute_holds_back_what_its_rental_earned_and_nothing_else(ready: Provider, walk: Walk, staff: User) -> None:
    other = two_rentals(walk)
    owed = payable(ready)
    with clock.at(LATER):
        opened = dispute(walk.contract)
    assert held(ready, staff) is None
    row = only(ready)
    assert (row.count, row.released_minor, row.payable_minor) == (1, other.share_minor, other.share_minor)
    assert (row.held_minor, row.reason) == (owed - other.share_minor, Hold.DISPUTED)
    with clock.at(LATER):
        payout = propose_payout(ready.pk, "EUR", staff)
    assert [item.release for item in payout.items.all()] == [other]
    assert (payout.amount_minor, payout.recovered_minor) == (other.share_minor, 0)
    check_truths(LATER)
    with clock.at(LATER):
        fail_payout(payout.pk, staff, "Wait for the rest")
        sandbox_bank.decide(opened.external_id, Decision.WON)
        apply_dispute("sandbox", opened.external_id)
    assert (only(ready).payable_minor, only(ready).held_minor) == (owed, 0)


def test_a_dispute_of_the_only_rental_holds_all_of_it_back(ready: Provider, walk: Walk, staff: User) -> None:
    with clock.at(LATER):
        dispute(walk.contract)
    assert held(ready, staff) == Hold.DISPUTED
    row = only(ready)
    assert (row.count, row.payable_minor, row.held_minor) == (0, 0, payable(ready))


def test_what_was_taken_back_before_is_kept_from_what_is_free(ready: Provider, walk: Walk, staff: User, colleague: User) -> None:
    """A debt of a rental that was paid already, a disputed one, and one that is neither: never more leaves than is payable."""
    with clock.at(LATER):
        paid = approve_payout(propose_payout(ready.pk, "EUR", staff).pk, colleague)
        mark_paid(paid.pk, staff, reference="NBK-1", paid_at=LATER)
    doubtful, free = Walk(walk.customer, walk.offering).running(), Walk(walk.customer, walk.offering).running()
    with clock.at(LATER):
        (held_release,) = release_contract(doubtful.contract.pk, LATER)
        (free_release,) = release_contract(free.contract.pk, LATER)
        dispute(doubtful.contract)
        opened = dispute(walk.contract)
        sandbox_bank.decide(opened.external_id, Decision.LOST)
        apply_dispute("sandbox", opened.external_id)
        record_proof()
    debt = paid.amount_minor
    assert payable(ready) == held_release.share_minor + free_release.share_minor - debt
    row = only(ready)
    assert (row.held_minor, row.payable_minor) == (held_release.share_minor, free_release.share_minor - debt)
    if row.payable_minor <= 0:
        assert held(ready, staff) == Hold.OWES
    else:
        with clock.at(LATER):
            payout = propose_payout(ready.pk, "EUR", staff)
        assert (payout.amount_minor, payout.recovered_minor) == (free_release.share_minor - debt, debt)
    check_truths(LATER)


def test_a_dispute_of_a_rental_without_releases_holds_nothing_back(ready: Provider, walk: Walk, staff: User) -> None:
    second = Walk(walk.customer, walk.offering).running()
    with clock.at(LATER):
        dispute(second.contract)
    assert held(ready, staff) is None


def test_a_paused_rental_holds_back_until_it_goes_on(ready: Provider, walk: Walk, staff: User) -> None:
    with clock.at(LATER):
        contracts.suspend(walk.contract.pk, actors.staff(staff.pk), "A complaint")
    assert held(ready, staff) == Hold.SUSPENDED
    other = two_rentals(walk)
    assert held(ready, staff) is None
    row = only(ready)
    assert (row.payable_minor, row.reason) == (other.share_minor, Hold.SUSPENDED)
    assert row.held_minor == payable(ready) - other.share_minor
    with clock.at(LATER):
        contracts.resume(walk.contract.pk, actors.staff(staff.pk), "It was nothing")
    assert held(ready, staff) is None
    assert only(ready).payable_minor == payable(ready)


def test_a_new_provider_waits(ready: Provider, staff: User, settings: Settings) -> None:
    settings.PAYOUT_NEW_PROVIDER_DAYS = 19
    assert held(ready, staff) == Hold.NEW_PROVIDER
    settings.PAYOUT_NEW_PROVIDER_DAYS = 18
    assert held(ready, staff) is None


def test_without_a_confirmed_place_nothing_is_paid(ready: Provider, staff: User) -> None:
    PayoutMethod.objects.update(removed_at=LATER)
    assert held(ready, staff) == Hold.NO_METHOD
    # One for another currency, one of another provider, and one that nobody confirmed are none.
    confirmed(ready, BANK, "USD")
    confirmed(_founded("other").provider, BANK)
    PayoutMethod.objects.create(
        provider=ready, currency="EUR", kind="bank", holder="P", iban=BANK.iban, created_by=staff, created_at=LATER
    )
    assert held(ready, staff) == Hold.NO_METHOD


def test_a_place_that_was_just_changed_waits(ready: Provider, staff: User) -> None:
    confirmed(ready, OTHER_BANK, at=LATER - timedelta(hours=23))
    assert held(ready, staff) == Hold.METHOD_FRESH
    PayoutMethod.objects.filter(removed_at=None).update(usable_at=LATER)
    assert held(ready, staff) is None


def test_too_little_waits_until_it_is_enough(ready: Provider, staff: User, settings: Settings) -> None:
    settings.PAYOUT_MINIMUMS = {"EUR": payable(ready) + 1}
    assert held(ready, staff) == Hold.TOO_SMALL
    settings.PAYOUT_MINIMUMS = {"EUR": payable(ready), "USD": 10**9}
    assert held(ready, staff) is None


def test_what_comes_beside_an_open_payout_waits(ready: Provider, walk: Walk, staff: User) -> None:
    with clock.at(LATER):
        payout = propose_payout(ready.pk, "EUR", staff)
    (late,) = released(walk, 20)
    assert held(ready, staff) == Hold.OPEN_PAYOUT
    row = only(ready)
    assert (row.count, row.payable_minor, row.recovered_minor) == (1, late.share_minor, 0)
    with clock.at(LATER):
        fail_payout(payout.pk, staff, "Wait for the rest")
    assert only(ready).payable_minor == payout.amount_minor + late.share_minor


def test_currencies_are_never_netted(ready: Provider, walk: Walk, provider_user: User, staff: User) -> None:
    dollars = Walk(walk.customer, offered_by(provider_user, name="VPS in dollars", currency="USD")).running()
    with clock.at(LATER):
        release_contract(dollars.contract.pk, LATER)
        euros, others = pending_releases()
    assert (euros.currency, euros.hold, others.currency, others.hold) == ("EUR", None, "USD", Hold.NO_METHOD)
    assert others.payable_minor == payable(ready, "USD")


def test_the_number_of_statements_does_not_grow(
    ready: Provider, customer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        walk = Walk(customer, _founded(f"host{number}")).running()
        with clock.at(LATER):
            release_contract(walk.contract.pk, LATER)
    with clock.at(LATER), django_assert_num_queries(6):
        assert len(pending_releases()) == 4
    with clock.at(LATER), django_assert_num_queries(6):
        assert len(pending_releases(ready.pk)) == 1


def _founded(name: str) -> Offering:
    """Another provider with something to rent."""
    user = create_user(f"{name}@example.com", "correct-horse-battery", verified=True)
    with clock.at(START - timedelta(days=30)):
        become_provider(personal_account(user), name=name, country="DE", city="Nuremberg")
    return offered_by(user, name=f"VPS of {name}")
