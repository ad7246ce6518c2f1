"""A debt that is being taken out of an earlier payout meanwhile is not given up as well: it would be owed to the provider again."""

import pytest

from billing.gateway_facts import GatewayError
from billing.ledger import balance
from billing.models import Journal, LedgerEntry
from billing.proof import find_differences
from billing.services.journal import Sum, approve_journal, propose_write_off
from billing.states import LedgerAccount as A
from core.errors import Refused
from core.models import DomainEvent
from payouts.models import Payout
from payouts.services.taking_back import recover
from tests.payouts.rails.conftest import CardReady, CardWalk, transfer_of
from tests.stripe_standin import Standin

pytestmark = pytest.mark.django_db


def proposed(ready: CardReady, debt: int) -> Journal:
    with ready.at():
        return propose_write_off(f"provider:{ready.provider.pk}", Sum(debt, "EUR"), ready.staff, reason="The provider is gone")


def on_its_way_back(stripe: Standin, ready: CardReady, payout: Payout) -> None:
    """Stripe has got the reversal, and its answer was lost."""
    stripe.api.drops[f"POST /v1/transfers/{transfer_of(payout).external_id}/reversals"] = 3
    with ready.at(), pytest.raises(GatewayError):
        recover(ready.walk.contract.pk)


def refusal_of_approval(ready: CardReady, journal: Journal) -> str:
    """The code of a refusal that changed nothing."""
    before = (LedgerEntry.objects.count(), DomainEvent.objects.count(), list(Journal.objects.values()))
    with ready.at(), pytest.raises(Refused) as refused:
        approve_journal(journal.pk, ready.colleague)
    assert before == (LedgerEntry.objects.count(), DomainEvent.objects.count(), list(Journal.objects.values()))
    return refused.value.code


def test_a_debt_on_its_way_back_is_not_written_off_and_later_earnings_are_paid(stripe: Standin, by_stripe: CardReady) -> None:
    payout = by_stripe.paid_out()
    by_stripe.ended_at_providers_fault()
    debt = balance(A.PROVIDER_PAYABLE, payout.provider, "EUR")
    journal = proposed(by_stripe, debt)
    on_its_way_back(stripe, by_stripe, payout)
    assert refusal_of_approval(by_stripe, journal) == "under_way"
    with pytest.raises(Refused) as refused:
        proposed(by_stripe, debt - 1)
    assert (refused.value.code, Journal.objects.count()) == ("under_way", 1)
    by_stripe.sweep()
    # It has come: nothing is left to be given up, and nothing is owed that nobody released.
    assert refusal_of_approval(by_stripe, journal) == "too_much"
    assert balance(A.PROVIDER_PAYABLE, payout.provider, "EUR") == 0
    by_stripe.earns_by(CardWalk(stripe, by_stripe.walk.customer, by_stripe.walk.offering))
    assert by_stripe.paid_out().state == "settled"
    with by_stripe.at():
        assert find_differences() == []


def test_a_debt_that_does_not_come_back_is_written_off(stripe: Standin, by_stripe: CardReady) -> None:
    payout = by_stripe.paid_out()
    by_stripe.ended_at_providers_fault()
    debt = balance(A.PROVIDER_PAYABLE, payout.provider, "EUR")
    stripe.account.habits.held_by_accounts[payout.destination["address"]] = 0
    with by_stripe.at():
        recover(by_stripe.walk.contract.pk)
    journal = proposed(by_stripe, debt)
    with by_stripe.at():
        approve_journal(journal.pk, by_stripe.colleague)
        recover(by_stripe.walk.contract.pk)
        assert find_differences() == []
    assert balance(A.PROVIDER_PAYABLE, payout.provider, "EUR") == 0
