"""Two nights at once, people and banks beside them, and workers that die: every unit is released once."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from threading import Barrier

import pytest

from accounts.models import User
from billing import sandbox_bank
from billing import services as billing
from billing.gateway_facts import GatewayError
from billing.models import LedgerEntry, SandboxDispute, SandboxPayment
from billing.sandbox_outcomes import Decision, Outcome
from contracts import actors, services
from core import clock
from core.errors import Refused
from core.jobs import left_to_drain
from core.models import DomainEvent
from core.tasks import drain
from payouts import tasks
from payouts.models import Release
from payouts.services.release import is_released, last_release_hour, release_contract, release_due, release_ended
from providers.models import Offering
from tests.payouts.ledger import differences, escrow_of, owed_to
from tests.races import at_once, killed_after
from tests.walk import START, Walk, offered_by

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = START + timedelta(days=6)
RENTALS = 12


@pytest.fixture
def offering(provider_user: User) -> Offering:
    return offered_by(provider_user, setup_fee_minor=499)


@pytest.fixture
def walks(customer: User, offering: Offering) -> list[Walk]:
    """A dozen running rentals, each ordered an hour after the other."""
    return [Walk(customer, offering, START + timedelta(hours=number)).running() for number in range(RENTALS)]


def at_night(work: Callable[[], object]) -> Callable[..., object]:
    """Threads and children do not inherit the simulated time."""

    def run(*_given: object) -> object:
        with clock.at(NIGHT):
            return work()

    return run


def whole(walks: list[Walk]) -> None:
    """Each rental is released once, through that night, and nothing is missing."""
    with clock.at(NIGHT):
        assert differences() == []
        hour = last_release_hour()
    for walk in walks:
        used = walk.fresh().used_seconds(hour)
        assert used is not None
        (only,) = Release.objects.filter(contract=walk.contract)
        assert only.amount_minor == 499 + 3840 * used // (30 * 24 * 3600)
    assert LedgerEntry.objects.filter(kind="release").count() == len(walks)


def test_two_nights_at_once_release_each_rental_once(walks: list[Walk], offering: Offering) -> None:
    at_once(4, at_night(release_due))
    whole(walks)
    assert owed_to(offering.provider) == sum(release.share_minor for release in Release.objects.all())


def test_of_jobs_that_the_queue_has_doubled_one_works(walks: list[Walk]) -> None:
    assert True in at_once(3, at_night(tasks.make_releases))
    whole(walks)
    assert DomainEvent.objects.filter(name="releases.made").count() >= 1


def test_six_who_release_one_rental_at_once_post_once(walks: list[Walk]) -> None:
    found = at_once(6, at_night(lambda: release_contract(walks[0].contract.pk, NIGHT)))
    assert sorted(len(steps) for steps in found) == [0, 0, 0, 0, 0, 1]
    assert LedgerEntry.objects.filter(kind="release").count() == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_worker_that_is_killed_leaves_no_half_and_the_next_does_the_rest(seed: int, walks: list[Walk]) -> None:
    random, kills = Random(seed), 0
    for number in range(1, 41):
        with left_to_drain():
            # The first die early whatever the machine; the later live long enough to come to the end.
            kills += killed_after(random.uniform(0.001, 0.004 * number), at_night(tasks.make_releases))
        with clock.at(NIGHT):
            # At any moment each step stands in both places, or in none.
            assert differences() == []
            if is_released(last_release_hour()):
                break
    assert kills
    with clock.at(NIGHT):
        # The lock of the dead is open.
        assert tasks.make_releases()
        assert is_released(last_release_hour())
    whole(walks)


@pytest.mark.parametrize("end", ["customer", "provider"])
@pytest.mark.parametrize("decision", [Decision.WON, Decision.LOST])
def test_night_end_refund_and_bank_at_once_leave_every_cent_in_one_place(
    decision: Decision, end: str, customer: User, offering: Offering
) -> None:
    walk = Walk(customer, offering).running()
    with clock.at(NIGHT):
        release_contract(walk.contract.pk, NIGHT - timedelta(days=2))
        sandbox_bank.choose(SandboxPayment.objects.get().external_id, Outcome.DISPUTE_PART)
    opened = SandboxDispute.objects.get()
    who = actors.customer(customer.pk) if end == "customer" else walk.provider
    together(
        release_due,
        lambda: services.cancel(walk.contract.pk, who, "The rack burnt down"),
        lambda: billing.apply_dispute("sandbox", opened.external_id),
        lambda: billing.refund_settlement(walk.contract.pk),
        lambda: release_ended(walk.contract.pk),
    )
    with clock.at(NIGHT):
        assert differences() == []
        sandbox_bank.decide(opened.external_id, decision)
    together(
        release_due,
        lambda: billing.apply_dispute("sandbox", opened.external_id),
        lambda: billing.apply_dispute("sandbox", opened.external_id),
        lambda: billing.refund_settlement(walk.contract.pk),
        lambda: release_ended(walk.contract.pk),
    )
    with clock.at(NIGHT):
        drain()
        release_due()
        assert differences() == []
        if walk.fresh().is_final:
            assert escrow_of(walk.contract) == 0


def together(*acts: Callable[[], object]) -> None:
    """All begun at the same moment; refusals, and gateways that ask for patience, are part of it."""
    barrier = Barrier(len(acts))

    def run(number: int) -> None:
        try:
            barrier.wait(timeout=20)
            with clock.at(NIGHT):
                acts[number]()
        except (Refused, GatewayError):
            return

    at_once(len(acts), run)
