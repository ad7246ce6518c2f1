"""Whatever staff does, in any order, while money is released, disputed, lost and refunded: after each step all sums agree."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from billing import sandbox_bank
from billing.models import Proof, SandboxDispute
from billing.sandbox_outcomes import Decision
from billing.services import apply_dispute
from contracts import actors
from contracts import services as contracts
from core import clock
from core.errors import Refused
from payouts.models import Payout, PayoutMethod
from payouts.pending import pending_releases
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
from payouts.states import ExportFormat, Hold
from providers.models import Provider
from tests.payouts.console.conftest import BANK, LATER, OTHER_BANK, check_truths, confirmed
from tests.walk import Walk, dispute, give_back

pytestmark = pytest.mark.django_db

STEPS = (
    "release propose propose_all approve approve_own send export mark_paid mark_paid_twice fail return_ dispute win lose suspend "
    "resume cancel day move"
).split()


class _Done(Exception):
    """Throws away what an example has done."""


@dataclass
class Office:
    """Two of staff, a provider and a customer, and the moment that it is."""

    walks: list[Walk]
    provider: Provider
    staff: User
    colleague: User
    now: datetime = LATER
    references: int = 0
    told: list[str] = field(default_factory=list)

    def take(self, step: str, which: int) -> None:
        self.now += timedelta(hours=7)
        self.references += 1
        with clock.at(self.now):
            self._fresh_proof()
            try:
                getattr(self, step)(which)
                self.told.append(f"{step}: done")
            except Refused as refused:
                self.told.append(f"{step}: {refused.code}")
            self._check_pending()
        check_truths(self.now)

    def _fresh_proof(self) -> None:
        # What the proof finds is checked after each step; here it is only fresh.
        Proof.objects.update(started_at=self.now)

    def _check_pending(self) -> None:
        for row in pending_releases():
            assert row.payable_minor == row.released_minor - row.recovered_minor
            if row.hold is None:
                assert row.payable_minor > 0
                assert row.recovered_minor >= 0
            if row.hold == Hold.UNPROVEN:
                raise AssertionError("more is owed than was released")

    def _payout(self, which: int) -> Any:
        payouts = list(Payout.objects.order_by("-pk"))
        return payouts[which % len(payouts)].pk if payouts else 0

    def _walk(self, which: int) -> Walk:
        return self.walks[which % len(self.walks)]

    def release(self, which: int) -> None:
        release_contract(self._walk(which).contract.pk, self.now)

    def propose(self, which: int) -> None:
        propose_payout(self.provider.pk, "EUR", self.staff)

    def propose_all(self, which: int) -> None:
        propose_payouts(self.colleague)

    def approve(self, which: int) -> None:
        payout = Payout.objects.filter(pk=self._payout(which)).first()
        other = self.colleague if payout is None or payout.proposed_by_id == self.staff.pk else self.staff
        approve_payout(self._payout(which), other)

    def approve_own(self, which: int) -> None:
        approve_payout(self._payout(which), self.staff)

    def send(self, which: int) -> None:
        send_payout(self._payout(which), self.staff)

    def export(self, which: int) -> None:
        export_payouts([self._payout(which)], ExportFormat.PAIN001, self.staff)

    def mark_paid(self, which: int) -> None:
        mark_paid(self._payout(which), self.staff, reference=f"NBK-{self.references}", paid_at=self.now, fee_minor=which % 3)

    def mark_paid_twice(self, which: int) -> None:
        for _time in range(2):
            mark_paid(self._payout(which), self.staff, reference="NBK-same", paid_at=self.now)

    def fail(self, which: int) -> None:
        fail_payout(self._payout(which), self.staff, "Not today")

    def return_(self, which: int) -> None:
        return_payout(self._payout(which), self.staff, "Closed")

    def dispute(self, which: int) -> None:
        # The pretend bank refuses what it cannot take back.
        with suppress(ValueError):
            dispute(self._walk(which).contract)

    def win(self, which: int) -> None:
        self._decide(Decision.WON)

    def lose(self, which: int) -> None:
        self._decide(Decision.LOST)

    def _decide(self, decision: Decision) -> None:
        for opened in SandboxDispute.objects.order_by("pk"):
            with suppress(ValueError):
                sandbox_bank.decide(opened.external_id, decision)
                apply_dispute("sandbox", opened.external_id)
        for walk in self.walks:
            give_back(walk.fresh())

    def suspend(self, which: int) -> None:
        contracts.suspend(self._walk(which).contract.pk, actors.staff(self.staff.pk), "A complaint")

    def resume(self, which: int) -> None:
        contracts.resume(self._walk(which).contract.pk, actors.staff(self.staff.pk), "It was nothing")

    def cancel(self, which: int) -> None:
        walk = self._walk(which)
        contracts.cancel(walk.contract.pk, walk.provider, "The rack burnt down")
        give_back(walk.fresh())

    def day(self, which: int) -> None:
        self.now += timedelta(days=1)

    def move(self, which: int) -> None:
        confirmed(self.provider, BANK if which % 2 else OTHER_BANK, at=self.now)
        PayoutMethod.objects.update(usable_at=self.now)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 3)), min_size=8, max_size=16))
def test_all_sums_agree_after_every_step(
    ready: Provider, walk: Walk, staff: User, colleague: User, steps: list[tuple[str, int]]
) -> None:
    with suppress(_Done), transaction.atomic():
        with clock.at(walk.now):
            second = Walk(walk.customer, walk.offering, walk.now).running()
        office = Office([walk, second], ready, staff, colleague)
        # Without these most walks would end before money moves.
        for step in ("propose", "approve", "mark_paid", "release"):
            office.take(step, 0)
        for step, which in steps:
            office.take(step, which)
        raise _Done
