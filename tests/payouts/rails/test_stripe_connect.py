"""Payouts through Stripe leave once, out of the payments that they were earned by, and come back as far as they cover."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from pytest_django import Settings

from billing import services
from billing.gateway_facts import GatewayError
from billing.ledger import balance
from billing.models import Payment, StaffTask
from billing.proof import find_differences
from billing.queries import left_gross
from billing.states import LedgerAccount as A
from core.errors import Refused
from core.models import DomainEvent
from core.tasks import drain
from payouts.models import PayoutReversal, PayoutTransfer, Release
from payouts.services.lost import send_again
from payouts.services.payout import mark_paid, return_payout
from payouts.services.release import release_contract
from payouts.services.taking_back import recover
from payouts.stripe_rail import debts
from tests.cast import proved_browser_of
from tests.payouts.rails.conftest import CardReady, CardWalk, fresh, transfer_of
from tests.stripe_standin import Standin
from tests.walk import Walk

pytestmark = pytest.mark.django_db


def agrees(ready: CardReady) -> None:
    """The report is read, and nothing differs, today and when it should long have cleared."""
    for days in (0, 9):
        ready.now += timedelta(days=days, minutes=1)
        with ready.at():
            services.read_reports()
            assert find_differences() == []


def test_a_payout_leaves_out_of_the_card_payment_that_it_was_earned_by(stripe: Standin, by_stripe: CardReady) -> None:
    payout = by_stripe.approved()
    by_stripe.carry_out(payout)
    payout = fresh(payout)
    assert (payout.state, payout.rail) == ("settled", "stripe_connect")
    (sent,) = stripe.account.all("tr")
    assert (sent["amount"], sent["currency"]) == (payout.amount_minor, "eur")
    assert sent["source_transaction"] == by_stripe.walk.contract.charges.get().payments.get().external_charge_id
    assert (sent["destination"], sent["transfer_group"]) == (payout.destination["address"], f"payout_{payout.public_id}")
    assert payout.reference == sent["id"]
    assert balance(A.PROVIDER_PAYABLE, payout.provider, "EUR") == 0
    assert balance(A.GATEWAY_CLEARING, "stripe", "EUR") == -payout.amount_minor
    agrees(by_stripe)
    assert balance(A.GATEWAY_CLEARING, "stripe", "EUR") == 0
    assert balance(A.GATEWAY_BALANCE, "stripe", "EUR") == sum(row["net"] for row in stripe.account.all("txn"))


def test_once_more_is_nothing_more(stripe: Standin, by_stripe: CardReady) -> None:
    payout = by_stripe.approved()
    for _time in range(3):
        by_stripe.carry_out(payout)
        by_stripe.sweep()
    assert len(stripe.account.all("tr")) == 1


@pytest.mark.parametrize("hours", [0, 60])
def test_a_lost_answer_is_found_by_our_mark_even_when_keys_are_forgotten(stripe: Standin, by_stripe: CardReady, hours: int) -> None:
    # The client repeats twice by itself.
    stripe.api.drops["POST /v1/transfers"] = 3
    payout = by_stripe.approved()
    with pytest.raises(GatewayError):
        by_stripe.carry_out(payout)
    assert fresh(payout).state == "sent"
    if hours:
        stripe.api.answered.clear()
    by_stripe.sweep(hours=hours, minutes=2)
    assert (fresh(payout).state, len(stripe.account.all("tr"))) == ("settled", 1)
    agrees(by_stripe)


def test_a_refusal_makes_the_releases_pending_again(stripe: Standin, by_stripe: CardReady) -> None:
    account = next(iter(stripe.account.all("acct")))
    payout = by_stripe.approved()
    before = balance(A.PROVIDER_PAYABLE, payout.provider, "EUR")
    # Between our look and the transfer, Stripe thinks otherwise.
    stripe.api.failures["POST /v1/transfers"] = [500, 500, 500]
    with pytest.raises(GatewayError):
        by_stripe.carry_out(payout)
    account["capabilities"]["transfers"] = "inactive"
    by_stripe.sweep()
    payout = fresh(payout)
    assert payout.state == "failed"
    assert "transfers capability" in payout.reason
    assert (stripe.account.all("tr"), balance(A.PROVIDER_PAYABLE, payout.provider, "EUR")) == ([], before)
    agrees(by_stripe)


def test_an_account_that_stripe_does_not_pay_keeps_the_payout_approved(stripe: Standin, by_stripe: CardReady) -> None:
    next(iter(stripe.account.all("acct")))["payouts_enabled"] = False
    payout = by_stripe.approved()
    with pytest.raises(Refused) as refused:
        by_stripe.carry_out(payout)
    assert (refused.value.code, fresh(payout).state) == ("account_not_ready", "approved")
    assert StaffTask.objects.filter(key=f"payout:{payout.pk}", closed_at=None).exists()
    assert not PayoutTransfer.objects.exists()


def test_nothing_is_sent_out_of_what_stripe_has_settled_in_another_currency(
    stripe: Standin, request: pytest.FixtureRequest
) -> None:
    stripe.account.habits.settled_in = "usd"
    by_stripe: CardReady = request.getfixturevalue("by_stripe")
    payout = by_stripe.approved()
    with pytest.raises(Refused) as refused:
        by_stripe.carry_out(payout)
    assert (refused.value.code, fresh(payout).state, stripe.account.all("tr")) == ("other_balance", "approved", [])


def test_what_goes_back_to_a_customer_after_the_payout_is_taken_back_from_the_provider(
    stripe: Standin, by_stripe: CardReady
) -> None:
    payout = by_stripe.paid_out()
    by_stripe.ended_at_providers_fault()
    owed = balance(A.PROVIDER_PAYABLE, payout.provider, "EUR")
    assert 0 < owed <= payout.amount_minor
    with by_stripe.at():
        recover(by_stripe.walk.contract.pk)
        recover(by_stripe.walk.contract.pk)
    (reversal,) = stripe.account.all("trr")
    assert reversal["amount"] == owed
    assert balance(A.PROVIDER_PAYABLE, payout.provider, "EUR") == 0
    assert transfer_of(payout).reversed_minor == owed
    agrees(by_stripe)
    with pytest.raises(Refused) as refused:
        return_payout(payout.pk, by_stripe.staff, "came back")
    assert (refused.value.code, fresh(payout).state) == ("partly_back", "settled")


def test_a_lost_answer_to_a_reversal_takes_nothing_back_twice(stripe: Standin, by_stripe: CardReady) -> None:
    payout = by_stripe.paid_out()
    by_stripe.ended_at_providers_fault()
    path = f"POST /v1/transfers/{transfer_of(payout).external_id}/reversals"
    stripe.api.drops[path] = 3
    with by_stripe.at(), pytest.raises(GatewayError):
        recover(by_stripe.walk.contract.pk)
    stripe.api.answered.clear()
    by_stripe.sweep()
    assert len(stripe.account.all("trr")) == 1
    assert PayoutReversal.objects.get().state == "succeeded"
    assert balance(A.PROVIDER_PAYABLE, payout.provider, "EUR") == 0
    agrees(by_stripe)


def test_a_debt_on_its_way_back_is_not_kept_from_the_next_payout_as_well(stripe: Standin, by_stripe: CardReady) -> None:
    payout = by_stripe.paid_out()
    by_stripe.ended_at_providers_fault()
    stripe.api.drops[f"POST /v1/transfers/{transfer_of(payout).external_id}/reversals"] = 3
    with by_stripe.at(), pytest.raises(GatewayError):
        recover(by_stripe.walk.contract.pk)
    by_stripe.earns_by(CardWalk(stripe, by_stripe.walk.customer, by_stripe.walk.offering))
    with pytest.raises(Refused) as refused:
        by_stripe.approved()
    assert (refused.value.code, payout.provider.payouts.count()) == ("coming_back", 1)
    by_stripe.sweep()
    second = by_stripe.paid_out()
    assert (second.state, second.recovered_minor) == ("settled", 0)
    assert balance(A.PROVIDER_PAYABLE, payout.provider, "EUR") == 0
    agrees(by_stripe)


def test_what_the_account_has_no_more_stays_a_debt_and_is_kept_from_later_releases(stripe: Standin, by_stripe: CardReady) -> None:
    payout = by_stripe.paid_out()
    by_stripe.ended_at_providers_fault()
    owed = balance(A.PROVIDER_PAYABLE, payout.provider, "EUR")
    stripe.account.habits.held_by_accounts[payout.destination["address"]] = 0
    with by_stripe.at():
        recover(by_stripe.walk.contract.pk)
        recover(by_stripe.walk.contract.pk)
    assert (stripe.account.all("trr"), PayoutReversal.objects.get().state) == ([], "failed")
    assert balance(A.PROVIDER_PAYABLE, payout.provider, "EUR") == owed
    agrees(by_stripe)


def test_approving_and_refunding_are_enough(stripe: Standin, by_stripe: CardReady) -> None:
    payout = by_stripe.approved()
    with by_stripe.at():
        drain()
    assert fresh(payout).state == "settled"
    by_stripe.ended_at_providers_fault()
    with by_stripe.at():
        drain()
    assert len(stripe.account.all("trr")) == 1
    assert DomainEvent.objects.filter(name="payout.taken_back", subject=f"payout:{payout.pk}").count() == 1
    assert balance(A.PROVIDER_PAYABLE, payout.provider, "EUR") <= 0


def test_a_rental_that_gives_back_nothing_takes_nothing(stripe: Standin, by_stripe: CardReady) -> None:
    by_stripe.paid_out()
    with by_stripe.at():
        recover(by_stripe.walk.contract.pk)
    assert (stripe.account.all("trr"), PayoutReversal.objects.count()) == ([], 0)


def topped_up(ready: CardReady) -> None:
    """Our bank has sent a thousand euros to Stripe."""
    assert ready.stripe
    with ready.at():
        ready.stripe.account.pay_out(-(10**5), "eur")


def test_what_was_paid_otherwise_comes_out_of_our_balance(stripe: Standin, by_stripe: CardReady) -> None:
    by_stripe.earns_by(Walk(by_stripe.walk.customer, by_stripe.walk.offering))
    payout = by_stripe.approved()
    topped_up(by_stripe)
    by_stripe.carry_out(payout)
    sent = stripe.account.all("tr")
    assert sorted(row["source_transaction"] is None for row in sent) == [False, True]
    assert sum(row["amount"] for row in sent) == payout.amount_minor
    assert fresh(payout).reference == f"payout_{payout.public_id}"


def test_a_balance_that_is_short_keeps_all_of_it(stripe: Standin, by_stripe: CardReady) -> None:
    by_stripe.earns_by(Walk(by_stripe.walk.customer, by_stripe.walk.offering))
    payout = by_stripe.approved()
    topped_up(by_stripe)
    stripe.account.pay_out(10**6, "eur")
    with pytest.raises(Refused) as refused:
        by_stripe.carry_out(payout)
    assert (refused.value.code, fresh(payout).state, stripe.account.all("tr")) == ("balance_short", "approved", [])


def test_a_payout_of_which_a_part_is_refused_comes_back_as_a_whole(stripe: Standin, by_stripe: CardReady) -> None:
    by_stripe.earns_by(Walk(by_stripe.walk.customer, by_stripe.walk.offering))
    payout = by_stripe.approved()
    topped_up(by_stripe)
    before = balance(A.PROVIDER_PAYABLE, payout.provider, "EUR")
    stripe.account.habits.after_transfer = lambda: stripe.account.pay_out(10**6, "eur")
    by_stripe.carry_out(payout)
    payout = fresh(payout)
    assert payout.state == "failed"
    (sent,), (back,) = stripe.account.all("tr"), stripe.account.all("trr")
    assert sent["amount"] == back["amount"]
    assert balance(A.PROVIDER_PAYABLE, payout.provider, "EUR") == before
    assert balance(A.PAYOUT_TRANSIT, f"payout:{payout.pk}", "EUR") == 0
    agrees(by_stripe)


def test_a_part_that_does_not_come_back_is_left_to_people(stripe: Standin, by_stripe: CardReady) -> None:
    by_stripe.earns_by(Walk(by_stripe.walk.customer, by_stripe.walk.offering))
    payout = by_stripe.approved()
    topped_up(by_stripe)
    stripe.account.habits.held_by_accounts[payout.destination["address"]] = 0
    stripe.account.habits.after_transfer = lambda: stripe.account.pay_out(10**6, "eur")
    by_stripe.carry_out(payout)
    by_stripe.sweep()
    assert fresh(payout).state == "sent"
    assert "does not come back" in StaffTask.objects.get(key=f"payout:{payout.pk}", closed_at=None).text
    assert (len(stripe.account.all("tr")), stripe.account.all("trr")) == (1, [])
    left, refused = payout.transfers.order_by("id")
    with by_stripe.at(), pytest.raises(Refused):
        send_again(left.pk, by_stripe.staff)
    stripe.account.habits.after_transfer = lambda: None
    with by_stripe.at():
        stripe.account.pay_out(-(10**7), "eur")
        assert (
            "once more"
            in proved_browser_of(by_stripe.staff)
            .get(reverse("admin:payouts_payouttransfer_change", args=[refused.pk]))
            .content.decode()
        )
        send_again(refused.pk, by_stripe.staff)
        with pytest.raises(Refused):
            send_again(refused.pk, by_stripe.staff)
    assert (fresh(payout).state, sum(row["amount"] for row in stripe.account.all("tr"))) == ("settled", payout.amount_minor)
    agrees(by_stripe)


def test_a_debt_of_a_payment_that_earns_no_more_is_kept_from_the_others(
    stripe: Standin, by_stripe: CardReady, settings: Settings
) -> None:
    settings.STRIPE_CONNECT = False
    paid = by_stripe.approved()
    with by_stripe.at():
        mark_paid(paid.pk, by_stripe.staff, reference="tr_by_hand", paid_at=by_stripe.now)
    by_stripe.ended_at_providers_fault()
    debt = balance(A.PROVIDER_PAYABLE, by_stripe.provider, "EUR")
    settings.STRIPE_CONNECT = True
    by_stripe.earns_by(CardWalk(stripe, by_stripe.walk.customer, by_stripe.walk.offering))
    payout = by_stripe.approved()
    assert payout.recovered_minor == debt
    by_stripe.carry_out(payout)
    (sent,) = stripe.account.all("tr")
    assert sent["amount"] == payout.amount_minor == payout.released_minor - debt
    assert fresh(payout).state == "settled"


def sent_by_charge(stripe: Standin) -> dict[str | None, int]:
    return {row["source_transaction"]: row["amount"] for row in stripe.account.all("tr")}


def card_of(walk: Walk) -> Payment:
    return walk.contract.charges.get().payments.get()


def test_a_debt_is_kept_from_the_payment_that_made_it_and_has_less_to_send(stripe: Standin, by_stripe: CardReady) -> None:
    second = CardWalk(stripe, by_stripe.walk.customer, by_stripe.walk.offering, by_stripe.now).running()
    by_stripe.now = second.now + timedelta(hours=1)
    with by_stripe.at():
        release_contract(second.contract.pk, by_stripe.now)
    by_stripe.ended_at_providers_fault(second)
    debt = balance(A.PROVIDER_PAYABLE, by_stripe.provider, "EUR") + sum(one.share_minor for one in Release.objects.all())
    payout = by_stripe.paid_out()
    assert (payout.state, payout.recovered_minor) == ("settled", debt)
    earned = {walk: sum(one.share_minor for one in walk.contract.releases.all()) for walk in (by_stripe.walk, second)}
    assert 0 < debt < earned[second] < card_of(second).received_minor
    # All of what it earned is more than its charge has left.
    assert earned[second] > left_gross(card_of(second))
    assert sent_by_charge(stripe) == {
        card_of(by_stripe.walk).external_charge_id: earned[by_stripe.walk],
        card_of(second).external_charge_id: earned[second] - debt,
    }
    agrees(by_stripe)


def test_a_debt_that_has_come_back_is_none_of_its_payment_any_more(stripe: Standin, by_stripe: CardReady) -> None:
    payout, payment = by_stripe.paid_out(), card_of(by_stripe.walk)
    by_stripe.ended_at_providers_fault()
    owed = balance(A.PROVIDER_PAYABLE, payout.provider, "EUR")
    assert debts(payout, [payment.pk]) == {payment.pk: owed}
    with by_stripe.at():
        recover(by_stripe.walk.contract.pk)
    assert debts(payout, [payment.pk]) == {payment.pk: 0}


def test_what_a_refunded_charge_has_no_room_for_comes_out_of_our_balance(stripe: Standin, by_stripe: CardReady) -> None:
    payment = card_of(by_stripe.walk)
    with by_stripe.at():
        refund = services.request_goodwill_refund(payment.pk, left_gross(payment), "A slow month", by_stripe.staff, uuid4())
        services.send_refund(refund.pk)
    assert left_gross(payment) == 0
    payout = by_stripe.approved()
    with pytest.raises(Refused) as refused:
        by_stripe.carry_out(payout)
    assert (refused.value.code, fresh(payout).state, stripe.account.all("tr")) == ("balance_short", "approved", [])
    topped_up(by_stripe)
    by_stripe.carry_out(payout)
    assert fresh(payout).state == "settled"
    assert sent_by_charge(stripe) == {None: payout.amount_minor}


def test_what_came_back_of_a_failed_payout_leaves_again(stripe: Standin, by_stripe: CardReady) -> None:
    by_stripe.earns_by(Walk(by_stripe.walk.customer, by_stripe.walk.offering))
    payout = by_stripe.approved()
    topped_up(by_stripe)
    stripe.account.habits.after_transfer = lambda: stripe.account.pay_out(10**6, "eur")
    by_stripe.carry_out(payout)
    assert fresh(payout).state == "failed"
    stripe.account.habits.after_transfer = lambda: None
    with by_stripe.at():
        stripe.account.pay_out(-2 * 10**6, "eur")
    again = by_stripe.paid_out()
    assert (again.state, again.amount_minor) == ("settled", payout.amount_minor)
    agrees(by_stripe)
