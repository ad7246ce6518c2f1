"""Payouts in a token leave once, whatever the ledger answers, and whatever answer gets lost."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from pytest_django import Settings

from billing.gateway_facts import GatewayError
from billing.ledger import balance
from billing.models import StaffTask
from billing.proof import find_differences
from billing.states import LedgerAccount as A
from core import clock
from core.errors import Refused
from payouts.ic_key import wallet_key
from payouts.icrc1_rail import Icrc1Rail, exact_units
from payouts.models import Payout, PayoutItem, PayoutMethod, PayoutTransfer
from payouts.services.lost import note_found, note_never_sent
from payouts.services.payout import fail_payout
from payouts.states import MethodKind
from tests.cast import proved_browser_of
from tests.payouts.rails.conftest import PRINCIPAL, SEED, Ready, fresh, transfer_of
from tests.payouts.rails.replica import Replica

pytestmark = pytest.mark.django_db


def test_a_payout_to_a_principal_leaves_in_the_token_and_is_settled(ic: Replica, in_tokens: Ready) -> None:
    payout = in_tokens.approved()
    in_tokens.carry_out(payout)
    payout = fresh(payout)
    assert (payout.state, payout.rail) == ("settled", "icrc1")
    (block,) = ic.blocks
    assert (block["amount"], block["fee"]) == (payout.amount_minor * 10_000, ic.fee)
    assert block["to"].to_str() == PRINCIPAL
    assert payout.reference.endswith(":0")
    assert (payout.paid_currency, payout.paid_units) == ("ckUSDC", payout.amount_minor * 10_000 + ic.fee)
    assert -balance(A.GATEWAY_BALANCE, "icrc1", "ckUSDC") == payout.paid_units
    assert balance(A.GATEWAY_FEES, "icrc1", "ckUSDC") == ic.fee
    assert balance(A.PROVIDER_PAYABLE, payout.provider, "USD") == 0
    with in_tokens.at():
        assert find_differences() == []


def test_once_more_is_nothing_more(ic: Replica, in_tokens: Ready) -> None:
    payout = in_tokens.approved()
    for _time in range(3):
        in_tokens.carry_out(payout)
        in_tokens.sweep()
    assert (len(ic.blocks), ic.calls("icrc1_transfer")) == (1, 1)


def test_a_lost_answer_is_asked_for_with_the_same_key_and_the_ledger_names_the_first(ic: Replica, in_tokens: Ready) -> None:
    ic.drops["icrc1_transfer"] = 2
    payout = in_tokens.approved()
    with pytest.raises(GatewayError):
        in_tokens.carry_out(payout)
    assert fresh(payout).state == "sent"
    assert transfer_of(payout).is_in_doubt
    in_tokens.sweep()
    in_tokens.sweep()
    assert fresh(payout).state == "settled"
    assert (len(ic.blocks), ic.calls("icrc1_transfer"), transfer_of(payout).external_id) == (1, 3, "0")


def test_what_was_not_answered_for_a_day_is_looked_for_and_not_sent_again(ic: Replica, in_tokens: Ready) -> None:
    ic.drops["icrc1_transfer"] = 1
    payout = in_tokens.approved()
    with pytest.raises(GatewayError):
        in_tokens.carry_out(payout)
    in_tokens.sweep(hours=25)
    assert (fresh(payout).state, transfer_of(payout).state) == ("sent", "submitted")
    in_tokens.sweep()
    assert (fresh(payout).state, len(ic.blocks)) == ("settled", 1)
    assert ic.calls("icrc1_transfer") == 2


@pytest.mark.parametrize("answered", [True, False])
def test_out_of_another_wallet_nothing_is_sent_a_second_time(
    ic: Replica, in_tokens: Ready, settings: Settings, *, answered: bool
) -> None:
    if answered:
        ic.errors["icrc1_transfer"] = [{"TemporarilyUnavailable": None}]
    else:
        ic.drops["icrc1_transfer"] = 1
    payout = in_tokens.approved()
    with suppress(GatewayError):
        in_tokens.carry_out(payout)
    settings.ICRC1_WALLET_KEY = "aa" * 32
    ic.balances[wallet_key().sender().to_str()] = 10_000 * 10**6
    in_tokens.sweep()
    if answered:
        # For certain nothing has left: it is owed again.
        assert (fresh(payout).state, ic.blocks) == ("failed", [])
        return
    in_tokens.sweep()
    assert (fresh(payout).state, transfer_of(payout).state, len(ic.blocks)) == ("sent", "submitted", 1)
    assert "another one" in StaffTask.objects.get(key=f"payout:{payout.pk}", closed_at=None).text
    settings.ICRC1_WALLET_KEY = SEED
    in_tokens.sweep()
    assert (fresh(payout).state, len(ic.blocks)) == ("settled", 1)


def test_what_is_not_found_is_left_to_people(ic: Replica, in_tokens: Ready, settings: Settings) -> None:
    payout = lost(ic, in_tokens, settings)
    assert (fresh(payout).state, transfer_of(payout).state) == ("sent", "submitted")
    assert "Look for it" in StaffTask.objects.get(key=f"payout:{payout.pk}", closed_at=None).text
    calls = ic.calls("icrc1_transfer")
    in_tokens.sweep()
    assert ic.calls("icrc1_transfer") == calls
    assert PayoutItem.objects.filter(payout=payout, undone_at=None).exists()


def lost(ic: Replica, ready: Ready, settings: Settings) -> Payout:
    """A payout whose only call was never answered, a day ago, and no index to look in."""
    settings.ICRC1_INDEX = ""
    ic.drops["icrc1_transfer"] = 1
    payout = ready.approved()
    with pytest.raises(GatewayError):
        ready.carry_out(payout)
    ready.sweep(hours=25)
    ready.sweep()
    return payout


def test_staff_who_finds_it_settles_it(ic: Replica, in_tokens: Ready, settings: Settings) -> None:
    payout = lost(ic, in_tokens, settings)
    with in_tokens.at():
        note_found(transfer_of(payout).pk, in_tokens.staff, " 0 ")
    assert (fresh(payout).state, transfer_of(payout).external_id) == ("settled", "0")
    assert not StaffTask.objects.filter(key=f"payout:{payout.pk}", closed_at=None).exists()


def test_staff_decides_about_it_on_its_own_pages(ic: Replica, in_tokens: Ready, settings: Settings) -> None:
    payout = lost(ic, in_tokens, settings)
    transfer = transfer_of(payout)
    browser, page = proved_browser_of(in_tokens.staff), reverse("admin:payouts_payouttransfer_change", args=[transfer.pk])
    assert "It never left" in browser.get(page).content.decode()
    assert (
        reverse("admin:payouts_payouttransfer_change", args=[transfer.pk])
        in browser.get(reverse("admin:payouts_payout_change", args=[payout.pk])).content.decode()
    )
    assert "paid twice" in browser.get(reverse("admin:payouts_payouttransfer_never-sent", args=[transfer.pk])).content.decode()
    with in_tokens.at():
        found = reverse("admin:payouts_payouttransfer_found", args=[transfer.pk])
        assert browser.post(found, {"external_id": ""}).status_code == 200
        assert fresh(payout).state == "sent"
        assert browser.post(found, {"external_id": "0"})["Location"] == page
    assert fresh(payout).state == "settled"
    assert "It never left" not in browser.get(page).content.decode()


def test_staff_who_knows_that_it_never_left_lets_its_releases_be_paid_anew(
    ic: Replica, in_tokens: Ready, settings: Settings
) -> None:
    payout = lost(ic, in_tokens, settings)
    with in_tokens.at():
        note_never_sent(transfer_of(payout).pk, in_tokens.staff)
    assert fresh(payout).state == "failed"
    assert -balance(A.PROVIDER_PAYABLE, payout.provider, "USD") == payout.amount_minor


def test_nobody_drops_by_hand_what_may_be_out(ic: Replica, in_tokens: Ready) -> None:
    ic.drops["icrc1_transfer"] = 1
    payout = in_tokens.approved()
    with pytest.raises(GatewayError):
        in_tokens.carry_out(payout)
    before = (fresh(payout).state, balance(A.PAYOUT_TRANSIT, f"payout:{payout.pk}", "USD"))
    with pytest.raises(Refused) as refused:
        fail_payout(payout.pk, in_tokens.staff, "looks stuck")
    assert refused.value.code == "under_way"
    with pytest.raises(Refused):
        note_found(transfer_of(payout).pk, in_tokens.staff, "7")
    with pytest.raises(Refused):
        note_never_sent(transfer_of(payout).pk, in_tokens.staff)
    assert (fresh(payout).state, balance(A.PAYOUT_TRANSIT, f"payout:{payout.pk}", "USD")) == before


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"BadFee": {"expected_fee": 20_000}}, "BadFee (expected_fee 20000)"),
        ({"InsufficientFunds": {"balance": 3}}, "InsufficientFunds"),
        ({"GenericError": {"error_code": 7, "message": "frozen"}}, "frozen"),
        ({"BadBurn": {"min_burn_amount": 1}}, "BadBurn"),
        ({"TooOld": None}, "TooOld"),
    ],
)
def test_a_certain_no_to_every_call_makes_the_releases_pending_again(
    ic: Replica, in_tokens: Ready, error: dict[str, object], words: str
) -> None:
    ic.errors["icrc1_transfer"] = [error]
    payout = in_tokens.approved()
    in_tokens.carry_out(payout)
    payout = fresh(payout)
    assert payout.state == "failed"
    assert words in payout.reason
    # The provider reads it: what our wallet holds is not in it.
    assert "balance" not in payout.reason
    assert (ic.blocks, balance(A.PAYOUT_TRANSIT, f"payout:{payout.pk}", "USD")) == ([], 0)
    assert -balance(A.PROVIDER_PAYABLE, payout.provider, "USD") == payout.amount_minor
    with in_tokens.at():
        assert find_differences() == []
    again = in_tokens.approved()
    in_tokens.carry_out(again)
    assert (fresh(again).state, len(ic.blocks)) == ("settled", 1)


@pytest.mark.parametrize("error", [{"BadFee": {"expected_fee": 20_000}}, {"InsufficientFunds": {"balance": 3}}])
def test_a_no_after_a_call_without_an_answer_proves_nothing(ic: Replica, in_tokens: Ready, error: dict[str, object]) -> None:
    """A ledger that has moved the money looks at the fee before it looks for repeats."""
    ic.drops["icrc1_transfer"] = 1
    payout = in_tokens.approved()
    with pytest.raises(GatewayError):
        in_tokens.carry_out(payout)
    ic.errors["icrc1_transfer"] = [error]
    in_tokens.sweep()
    assert (fresh(payout).state, transfer_of(payout).state) == ("sent", "submitting")
    in_tokens.sweep()
    assert (fresh(payout).state, len(ic.blocks)) == ("settled", 1)


@pytest.mark.parametrize("error", [{"TemporarilyUnavailable": None}, {"CreatedInFuture": {"ledger_time": 1}}])
def test_a_ledger_that_is_busy_is_asked_again(ic: Replica, in_tokens: Ready, error: dict[str, object]) -> None:
    ic.errors["icrc1_transfer"] = [error, error]
    payout = in_tokens.approved()
    in_tokens.carry_out(payout)
    in_tokens.sweep()
    assert fresh(payout).state == "sent"
    in_tokens.sweep()
    assert (fresh(payout).state, len(ic.blocks)) == ("settled", 1)


def test_a_ledger_that_was_busy_for_a_day_has_moved_nothing(ic: Replica, in_tokens: Ready) -> None:
    ic.errors["icrc1_transfer"] = [{"TemporarilyUnavailable": None}]
    payout = in_tokens.approved()
    in_tokens.carry_out(payout)
    in_tokens.sweep(hours=25)
    assert (fresh(payout).state, ic.blocks) == ("failed", [])


def test_a_wallet_that_is_short_keeps_the_payout_approved(ic: Replica, in_tokens: Ready) -> None:
    wallet = next(iter(ic.balances))
    held, ic.balances[wallet] = ic.balances[wallet], 5
    payout = in_tokens.approved()
    with pytest.raises(Refused) as refused:
        in_tokens.carry_out(payout)
    assert refused.value.code == "wallet_short"
    assert (fresh(payout).state, PayoutTransfer.objects.count(), ic.calls("icrc1_transfer")) == ("approved", 0, 0)
    assert "wallet holds 5 units of ckUSDC" in StaffTask.objects.get(key=f"payout:{payout.pk}", closed_at=None).text
    ic.balances[wallet] = held
    in_tokens.sweep()
    assert fresh(payout).state == "settled"
    assert not StaffTask.objects.filter(key=f"payout:{payout.pk}", closed_at=None).exists()


def test_a_forged_answer_settles_nothing(ic: Replica, in_tokens: Ready) -> None:
    payout = in_tokens.approved()
    ic.signs_with = ic.root
    with pytest.raises(GatewayError):
        in_tokens.carry_out(payout)
    assert (fresh(payout).state, PayoutTransfer.objects.count()) == ("approved", 0)


def test_a_name_that_no_ledger_entry_can_carry_stops_it_before_it_leaves(ic: Replica, in_tokens: Ready) -> None:
    ic.symbol = "USD"
    payout = in_tokens.approved()
    with pytest.raises(Refused) as refused:
        in_tokens.carry_out(payout)
    assert (refused.value.code, fresh(payout).state, ic.blocks) == ("bad_token", "approved", [])


@pytest.mark.parametrize(
    ("amount", "currency", "decimals", "units"), [(1, "USD", 6, 10_000), (12345, "USD", 2, 12345), (7, "JPY", 8, 700_000_000)]
)
def test_units_are_exact(amount: int, currency: str, decimals: int, units: int) -> None:
    assert exact_units(amount, currency, decimals) == units


def test_an_amount_that_does_not_come_out_even_is_refused() -> None:
    assert exact_units(10, "USD", 1) == 1
    with pytest.raises(Refused):
        exact_units(11, "USD", 1)


def test_only_principals_and_only_its_currency_suit(ic: Replica) -> None:
    rail = Icrc1Rail()
    principal = PayoutMethod(kind=MethodKind.ICP, address=PRINCIPAL)
    assert rail.suits(principal, "USD")
    assert not rail.suits(principal, "EUR")
    assert not rail.suits(PayoutMethod(kind=MethodKind.ICP, address="2d" * 32), "USD")
    assert not rail.suits(PayoutMethod(kind=MethodKind.EVM, address=PRINCIPAL), "USD")


def test_without_a_key_payouts_are_by_hand(in_tokens: Ready, settings: Settings) -> None:
    settings.ICRC1_WALLET_KEY = ""
    payout = in_tokens.approved()
    in_tokens.carry_out(payout)
    assert (payout.rail, fresh(payout).state) == ("manual", "approved")


def test_a_way_that_is_switched_off_after_the_proposal_waits(in_tokens: Ready, settings: Settings) -> None:
    payout = in_tokens.approved()
    settings.ICRC1_WALLET_KEY = ""
    with pytest.raises(Refused) as refused:
        in_tokens.carry_out(payout)
    assert (refused.value.code, fresh(payout).state) == ("rail_off", "approved")


def test_a_payout_that_may_not_leave_any_more_is_not_sent(ic: Replica, in_tokens: Ready) -> None:
    payout = in_tokens.approved()
    in_tokens.now += timedelta(days=3)
    with clock.at(in_tokens.now), pytest.raises(Refused):
        in_tokens.carry_out(payout)
    assert (fresh(payout).state, ic.blocks) == ("approved", [])


def test_a_command_says_where_to_send_tokens_to(ic: Replica, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("payout_wallet")
    wallet = next(iter(ic.balances))
    assert capsys.readouterr().out == f"Principal: {wallet}\nHolds: 10000000000 units of ckUSDC, of which 10^6 are one.\n"
    assert ic.calls("icrc1_transfer") == 0
    ic.signs_with = ic.root
    for broken in ({}, {"ICRC1_LEDGER": ""}, {"ICRC1_WALLET_KEY": "abc"}):
        for name, value in broken.items():
            setattr(settings, name, value)
        with pytest.raises(CommandError):
            call_command("payout_wallet")
