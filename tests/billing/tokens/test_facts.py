"""What ICPay's objects mean, and that an answer of another shape than is documented is none."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.gateway_facts import GatewayError, PaymentStatus
from billing.icpay_facts import Ledgers, balance_line, best_of, moment, payment_facts, refund_line, units
from tests.icpay_standin import Account
from tests.icpay_standin.account import LEDGERS

LIST = Ledgers(LEDGERS.values())
ICP = LEDGERS["ic_icp"]["canisterId"]


def intent(**other: Any) -> dict[str, Any]:
    plain = {"id": "i", "status": "requires_payment", "amount": "500", "ledgerCanisterId": ICP, "metadata": {}}
    return {**plain, **other}


def payment(**other: Any) -> dict[str, Any]:
    plain = {"id": "p", "status": "completed", "amount": "500", "ledgerCanisterId": ICP, "metadata": {}}
    return {**plain, **other}


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        ("requires_payment", PaymentStatus.PENDING),
        ("processing", PaymentStatus.PROCESSING),
        ("succeeded", PaymentStatus.PROCESSING),
        ("completed", PaymentStatus.PROCESSING),
        ("failed", PaymentStatus.FAILED),
        ("canceled", PaymentStatus.FAILED),
    ],
)
def test_an_intent_alone_is_never_paid(status: str, meant: PaymentStatus) -> None:
    facts = payment_facts(intent(status=status), {}, {}, LIST)
    assert (facts.status, facts.token and facts.token.received) == (meant, None)


@pytest.mark.parametrize(
    ("other", "meant"),
    [
        ({"status": "pending"}, PaymentStatus.PENDING),
        ({"status": "completed"}, PaymentStatus.SUCCEEDED),
        ({"status": "mismatched", "paidAmount": "499"}, PaymentStatus.SUCCEEDED),
        ({"status": "refunded", "paidAmount": "500"}, PaymentStatus.SUCCEEDED),
        # Something came, and nobody says how much: what was asked for is no answer to that.
        ({"status": "mismatched"}, PaymentStatus.PROCESSING),
        ({"status": "mismatched", "paidAmount": "0", "requestedAmount": "500"}, PaymentStatus.PROCESSING),
        ({"status": "refunded"}, PaymentStatus.FAILED),
        ({"status": "failed"}, PaymentStatus.FAILED),
        ({"status": "cancelled"}, PaymentStatus.FAILED),
        ({"status": "canceled"}, PaymentStatus.FAILED),
    ],
)
def test_a_payment_says_how_it_stands(other: dict[str, Any], meant: PaymentStatus) -> None:
    assert payment_facts(intent(), payment(**other), {}, LIST).status == meant


def test_a_payment_without_a_transaction_is_an_open_page_and_with_one_on_its_way() -> None:
    assert payment_facts(intent(), payment(status="pending"), {}, LIST).status == PaymentStatus.PENDING
    assert payment_facts(intent(), payment(status="pending"), {"id": "t"}, LIST).status == PaymentStatus.PROCESSING


def test_a_state_that_nobody_knows_is_no_answer() -> None:
    with pytest.raises(GatewayError):
        payment_facts(intent(), payment(status="blessed"), {}, LIST)


@pytest.mark.parametrize(
    ("other", "transaction", "came", "exact"),
    [
        ({}, {}, 500, True),
        ({"paidAmount": "499", "requestedAmount": "500"}, {}, 499, False),
        ({"paidAmount": "500", "requestedAmount": "500"}, {}, 500, True),
        ({"paidAmount": "500", "requestedAmount": "500", "status": "mismatched"}, {}, 500, False),
        ({}, {"amount": "480"}, 480, True),
        ({"paidAmount": "490"}, {"amount": "480"}, 490, True),
    ],
)
def test_what_came_is_what_was_paid_and_not_what_was_asked_for(
    other: dict[str, Any], transaction: dict[str, Any], came: int, exact: bool
) -> None:
    token = payment_facts(intent(), payment(**other), transaction, LIST).token
    assert token is not None
    assert token.received is not None
    assert (token.received.units, token.is_exact, token.due and token.due.units) == (came, exact, 500)


@pytest.mark.parametrize("status", ["mismatched", "refunded"])
def test_what_was_asked_for_is_not_what_came_unless_icpay_calls_it_complete(status: str) -> None:
    odd = payment(status=status, requestedAmount="500", createdAt="2026-01-01")
    token = payment_facts(intent(), odd, {"id": "t"}, LIST).token
    assert token is not None
    assert (token.received, token.is_untold, token.is_exact) == (None, True, False)
    assert (balance_line(odd, {}, LIST), refund_line(odd, {}, LIST)) == (None, None)
    token = payment_facts(intent(), odd, {"id": "t", "amount": "470"}, LIST).token
    assert token is not None
    assert (token.received and token.received.units, token.is_untold) == (470, False)
    line = balance_line(odd, {"amount": "470"}, LIST)
    assert (line and line.amount_minor) == 470


@pytest.mark.parametrize("metadata", [{"contract_id": "DC-1"}, {"contractId": "DC-1"}])
def test_the_contract_is_read_by_both_of_its_names(metadata: dict[str, str]) -> None:
    token = payment_facts(intent(metadata=metadata), {}, {}, LIST).token
    assert token is not None
    assert token.contract == "DC-1"


@pytest.mark.parametrize("metadata", [None, [], "text", {"charge": "no id", "payment": 5}])
def test_marks_that_are_none_name_nothing(metadata: Any) -> None:
    facts = payment_facts(intent(metadata=metadata), {}, {}, LIST)
    assert (facts.charge_id, facts.payment_id) == (None, None)


@pytest.mark.parametrize("amount", ["-1", "1.5", "1e3", "", "x", None, "9" * 39, "٣", True])
def test_an_amount_that_is_no_number_of_units_is_no_answer(amount: Any) -> None:
    with pytest.raises(GatewayError):
        units(amount)


def test_a_token_that_is_not_in_the_list_is_no_answer() -> None:
    with pytest.raises(GatewayError):
        payment_facts(intent(), payment(ledgerCanisterId="unknown"), {}, LIST)


def test_of_two_networks_with_one_id_the_short_code_says_which() -> None:
    twin = {**LEDGERS["base_usdc"], "shortcode": "bsc_usdc", "chainShortcode": "bsc", "decimals": 18}
    both = Ledgers([LEDGERS["base_usdc"], twin])
    assert both.amount(5, twin["canisterId"], "bsc_usdc").code == "USDC.bsc"
    with pytest.raises(GatewayError):
        both.amount(5, twin["canisterId"])


def test_the_best_of_several_payments_is_the_first_that_brought_something_else_the_last() -> None:
    tried = [
        {"id": "a", "status": "failed", "createdAt": "2026-01-01T00:00:00Z"},
        {"id": "b", "status": "mismatched", "createdAt": "2026-01-01T00:01:00Z"},
        {"id": "c", "status": "completed", "createdAt": "2026-01-01T00:02:00Z"},
        {"id": "d", "status": "pending", "createdAt": "2026-01-01T00:03:00Z"},
    ]
    assert best_of(reversed(tried))["id"] == "b"
    assert best_of([tried[3], tried[0]])["id"] == "d"
    assert best_of([]) == {}


def test_a_line_of_the_history_is_what_came_less_what_icpay_keeps() -> None:
    account = Account()
    page = account.create_link({"amountUsd": Decimal("10.00"), "metadata": {}})
    account.pay(page["paymentIntentId"], "ic_ckusdc", off=-1)
    account.begin(page["paymentIntentId"])
    (came, pending) = account.history()
    line = balance_line(came, {}, LIST)
    assert line is not None
    assert (line.amount_minor, line.fee_minor, line.currency, line.subject) == (9_999_999, 49_999, "ckUSDC", "transfer")
    assert balance_line(pending, {}, LIST) is None


def test_a_time_without_a_zone_is_utc_and_what_is_no_time_is_no_answer() -> None:
    assert moment("2026-01-01T01:00:00+01:00") == datetime(2026, 1, 1, tzinfo=UTC) == moment("2026-01-01T00:00:00")
    with pytest.raises(GatewayError):
        moment("yesterday")
