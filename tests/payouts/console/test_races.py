"""Several of staff at once, while releases arrive: each step happens once, nothing is paid twice, nobody waits in a circle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import User
from core import clock
from core.errors import Refused
from payouts.models import Payout, PayoutExport, PayoutItem, PayoutMethod, Release
from payouts.services.payout import (
    approve_payout,
    export_payouts,
    fail_payout,
    mark_paid,
    propose_payout,
    propose_payouts,
    return_payout,
    send_payout,
)
from payouts.services.release import release_contract
from payouts.states import ExportFormat, Hold, PayoutState
from providers.models import Provider
from tests.payouts.console.conftest import BANK, LATER, check_truths, confirmed, payable
from tests.walk import START, Walk, offered_by

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[str]:
    """What came of each, all begun at the same moment at LATER: "done", or the code of the refusal. Else it is raised."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        try:
            barrier.wait(timeout=20)
            with clock.at(LATER):
                act()
        except Refused as refused:
            return refused.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        outcomes = sorted(future.result(timeout=60) for future in [pool.submit(run, act) for act in acts])
    check_truths(LATER)
    return outcomes


@pytest.fixture
def approved(ready: Provider, staff: User, colleague: User) -> Payout:
    with clock.at(LATER):
        return approve_payout(propose_payout(ready.pk, "EUR", staff).pk, colleague)


@pytest.fixture
def several(ready: Provider, method: PayoutMethod, walk: Walk, provider_user: User, staff: User, colleague: User) -> list[Payout]:
    """Three approved payouts, in three currencies."""
    for code in ("GBP", "USD"):
        confirmed(ready, BANK, code, at=LATER - timedelta(days=2))
        other = Walk(walk.customer, offered_by(provider_user, name=f"VPS in {code}", currency=code)).running()
        with clock.at(LATER):
            release_contract(other.contract.pk, LATER)
    with clock.at(LATER):
        payouts = [propose_payout(ready.pk, code, staff) for code in ("EUR", "GBP", "USD")]
        return [approve_payout(payout.pk, colleague) for payout in payouts]


def test_six_who_propose_at_once_propose_once(ready: Provider, staff: User, colleague: User) -> None:
    acts = [lambda user=user: propose_payout(ready.pk, "EUR", user) for user in (staff, colleague) for _tab in range(3)]
    assert at_once(*acts) == ["done", *[Hold.OPEN_PAYOUT] * 5]
    assert Payout.objects.get().amount_minor == payable(ready)


def test_two_who_propose_all_at_once_propose_each_once(ready: Provider, staff: User, colleague: User) -> None:
    assert at_once(*[lambda user=user: propose_payouts(user) for user in (staff, colleague)]) == ["done"] * 2
    assert Payout.objects.count() == 1


def test_releases_that_arrive_meanwhile_are_in_the_payout_with_their_money_or_not_at_all(
    ready: Provider, walk: Walk, staff: User
) -> None:
    for round_ in range(4):
        until = START + timedelta(days=19, hours=6 * (round_ + 1))
        outcome = at_once(
            lambda: propose_payout(ready.pk, "EUR", staff),
            lambda until=until: release_contract(walk.contract.pk, min(until, LATER)),
            lambda: propose_payouts(staff),
        )
        assert outcome in (["done", "done", "done"], ["done", "done", Hold.OPEN_PAYOUT])
        payout = Payout.objects.get(state=PayoutState.PROPOSED)
        assert payout.recovered_minor == 0
        with clock.at(LATER):
            fail_payout(payout.pk, staff, "Once more")
    assert PayoutItem.objects.filter(undone_at=None).count() == 0
    assert Release.objects.count() > 2


def test_approving_and_dropping_at_once_is_one_after_the_other(ready: Provider, staff: User, colleague: User) -> None:
    with clock.at(LATER):
        payout = propose_payout(ready.pk, "EUR", staff)
    outcome = at_once(
        lambda: approve_payout(payout.pk, colleague),
        lambda: approve_payout(payout.pk, colleague),
        lambda: fail_payout(payout.pk, staff, "No"),
    )
    assert outcome in (["done", "done", "wrong_state"], ["done", "wrong_state", "wrong_state"])
    assert Payout.objects.get().state == PayoutState.FAILED


def test_marking_as_paid_twice_at_once_pays_once(approved: Payout, staff: User, colleague: User) -> None:
    acts = [
        lambda user=user, reference=reference: mark_paid(approved.pk, user, reference=reference, paid_at=LATER)
        for user in (staff, colleague)
        for reference in ("NBK-1", "NBK-2")
    ]
    assert at_once(*acts) == ["done", "paid", "paid", "paid"]


def test_one_reference_at_once_for_three_payouts_is_taken_by_one(several: list[Payout], staff: User) -> None:
    acts = [lambda payout=payout: mark_paid(payout.pk, staff, reference="NBK-1", paid_at=LATER) for payout in several]
    assert at_once(*acts) == ["done", "reference_used", "reference_used"]
    assert sorted(Payout.objects.values_list("state", flat=True)) == ["approved", "approved", "settled"]


def test_files_of_the_same_payouts_at_once_are_one_file(several: list[Payout], staff: User, colleague: User) -> None:
    dollars, pounds = several[2].pk, several[1].pk
    acts = [
        lambda ids=ids, user=user: export_payouts(ids, ExportFormat.CSV, user)
        for user in (staff, colleague)
        for ids in ([dollars, pounds], [pounds, dollars])
    ]
    assert at_once(*acts) == ["done", "wrong_state", "wrong_state", "wrong_state"]
    assert PayoutExport.objects.get().payouts.count() == 2


def test_leaving_by_file_by_hand_and_being_dropped_at_once_is_one_of_them(approved: Payout, staff: User, colleague: User) -> None:
    outcome = at_once(
        lambda: export_payouts([approved.pk], ExportFormat.PAIN001, staff),
        lambda: send_payout(approved.pk, colleague),
        lambda: send_payout(approved.pk),
        lambda: fail_payout(approved.pk, staff, "No"),
    )
    # What was sent may still be written down as failed.
    assert outcome in (["done", "wrong_state", "wrong_state", "wrong_state"], ["done", "done", "wrong_state", "wrong_state"])


def test_what_comes_back_twice_at_once_comes_back_once(approved: Payout, staff: User, colleague: User) -> None:
    with clock.at(LATER):
        mark_paid(approved.pk, staff, reference="NBK-1", paid_at=LATER)
    acts = [lambda user=user: return_payout(approved.pk, user, "Closed") for user in (staff, colleague)]
    assert at_once(*acts) == ["done", "wrong_state"]
    assert payable(approved.provider) == approved.amount_minor
