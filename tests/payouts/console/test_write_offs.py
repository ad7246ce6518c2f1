"""A provider's debt that is given up: by two people, never more than it owes, and never paid out to it."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from billing.journal_queries import debts
from billing.ledger import balance
from billing.models import Journal, LedgerEntry
from billing.proof import record_proof
from billing.services.journal import Sum, approve_journal, propose_write_off
from billing.states import LedgerAccount as A
from core import clock
from core.errors import Refused
from payouts.earnings import earned_by
from payouts.models import Payout
from payouts.pending import pending_releases
from payouts.services.payout import approve_payout, mark_paid, propose_payout, send_payout
from payouts.services.release import release_contract
from payouts.statements import booked_in
from providers.models import Provider
from tests.payouts.console.conftest import LATER, check_truths, payable
from tests.payouts.console.test_payouts import lost
from tests.walk import Walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def indebted(ready: Provider, walk: Walk, staff: User, colleague: User) -> Provider:
    """Paid, and then a bank took the money back for good."""
    with clock.at(LATER):
        payout = approve_payout(propose_payout(ready.pk, "EUR", staff).pk, colleague)
        mark_paid(payout.pk, staff, reference="NBK-1", paid_at=LATER)
    lost(walk, LATER)
    assert payable(ready) == -2187
    return ready


def write_off(provider: Provider, amount: int, user: User) -> Journal:
    return propose_write_off(f"provider:{provider.pk}", Sum(amount, "EUR"), user, reason="The provider is gone")


def refused(provider: Provider, amount: int, user: User) -> str:
    before = Journal.objects.count(), LedgerEntry.objects.count()
    with pytest.raises(Refused) as refusal:
        write_off(provider, amount, user)
    assert (Journal.objects.count(), LedgerEntry.objects.count()) == before
    return refusal.value.code


def test_a_debt_that_is_written_off_is_our_loss_and_nothing_is_owed_either_way(
    indebted: Provider, staff: User, colleague: User
) -> None:
    (debt,) = debts()
    assert (debt.owner, debt.amount) == (f"provider:{indebted.pk}", 2187)
    with clock.at(LATER):
        approve_journal(write_off(indebted, 2187, staff).pk, colleague)
    assert (payable(indebted), debts()) == (0, [])
    assert balance(A.LOSSES, f"provider:{indebted.pk}", "EUR") == 2187
    check_truths(LATER)
    with clock.at(LATER):
        assert pending_releases() == []
        (row,) = earned_by(indebted)
        # It was paid what it was paid, whatever is given up since.
        assert (row.paid, row.payable) == (2187, 0)
        assert booked_in(indebted, "EUR", LATER.date())[-1].kind == "debt_written_off"


def test_nothing_is_written_off_while_a_payout_may_still_fail(ready: Provider, walk: Walk, staff: User, colleague: User) -> None:
    with clock.at(LATER):
        payout = approve_payout(propose_payout(ready.pk, "EUR", staff).pk, colleague)
        send_payout(payout.pk, colleague)
    lost(walk, LATER)
    assert refused(ready, 2187, staff) == "under_way"
    with clock.at(LATER):
        mark_paid(payout.pk, staff, reference="NBK-1", paid_at=LATER)
        approve_journal(write_off(ready, 2187, staff).pk, colleague)
    check_truths(LATER)


def test_no_more_is_written_off_than_is_owed(indebted: Provider, staff: User, colleague: User) -> None:
    assert refused(indebted, 2188, staff) == "too_much"
    with clock.at(LATER):
        approve_journal(write_off(indebted, 2000, staff).pk, colleague)
    assert refused(indebted, 188, staff) == "too_much"
    check_truths(LATER)


def test_a_provider_that_owes_nothing_has_nothing_written_off(ready: Provider, staff: User) -> None:
    assert refused(ready, 1, staff) == "too_much"


def test_what_was_earned_back_meanwhile_is_not_written_off_too(
    indebted: Provider, walk: Walk, staff: User, colleague: User
) -> None:
    journal = write_off(indebted, 2187, staff)
    second = Walk(walk.customer, walk.offering).running()
    with clock.at(LATER):
        release_contract(second.contract.pk, LATER)
        earned = payable(indebted) + 2187
        assert earned > 0
        with pytest.raises(Refused) as refusal:
            approve_journal(journal.pk, colleague)
    assert refusal.value.code == "too_much"
    assert payable(indebted) == earned - 2187
    check_truths(LATER)


def test_what_is_released_after_it_is_paid_in_full(indebted: Provider, walk: Walk, staff: User, colleague: User) -> None:
    with clock.at(LATER):
        approve_journal(write_off(indebted, 2187, staff).pk, colleague)
    second = Walk(walk.customer, walk.offering).running()
    with clock.at(LATER):
        (release,) = release_contract(second.contract.pk, LATER)
        record_proof()
        (row,) = pending_releases()
        assert row.payable_minor <= payable(indebted) == release.share_minor
    check_truths(LATER + timedelta(minutes=1))
    assert Payout.objects.count() == 1


def test_staff_chooses_the_debt_by_the_providers_name(indebted: Provider, staff_client: Client) -> None:
    page = staff_client.get("/admin/billing/journal/propose/debt_written_off/").content.decode().replace("\xa0", " ")
    assert f"{indebted.name}: € 21.87" in page
    said = {"owed": f"provider:{indebted.pk}|EUR", "amount": "21.87", "reason": "Gone"}
    staff_client.post("/admin/billing/journal/propose/debt_written_off/", said)
    assert int(Journal.objects.get().credit_amount) == 2187
