"""The ledger: once per key, always zero, never changed; and each posting of the table as it was written."""

from collections import defaultdict
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, transaction

from billing import sandbox_bank
from billing.ledger import balance, credit, debit, post
from billing.models import Charge, LedgerEntry, LedgerLine, Payment, Refund, SandboxPayment
from billing.proof import find_differences
from billing.queries import money_of
from billing.sandbox_outcomes import Decision, Outcome
from billing.states import LedgerAccount as A
from contracts import actors, services
from contracts.models import Contract
from core.models import DomainEvent
from tests.billing.conftest import Says
from tests.billing.conftest import post as post_messages
from tests.races import at_once

pytestmark = pytest.mark.django_db


def balances() -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for line in LedgerLine.objects.all():
        found[line.account] += int(line.amount)
    return {account: amount for account, amount in found.items() if amount}


def test_a_used_key_posts_nothing() -> None:
    lines = [debit(A.BANK, "bank", 5), credit(A.LOSSES, "x", 5)]
    assert post("k", "test", "EUR", lines) is not None
    assert post("k", "test", "EUR", lines) is None
    assert LedgerLine.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_who_posts_a_key_at_the_same_moment_waits_and_posts_nothing() -> None:
    start = Barrier(8)

    def work(_number: int) -> bool:
        start.wait()
        with transaction.atomic():
            return post("k", "test", "EUR", [debit(A.BANK, "bank", 5), credit(A.LOSSES, "x", 5)]) is not None

    assert sorted(at_once(8, work)) == [False] * 7 + [True]
    assert (LedgerEntry.objects.count(), LedgerLine.objects.count()) == (1, 2)


def test_a_line_holds_a_token_of_eighteen_decimals_and_an_owner_of_any_name() -> None:
    entry = post("k", "test", "EUR", [debit(A.BANK, '{a,"b"}', 10**37), credit(A.LOSSES, "x", 10**37)])
    assert entry is not None
    assert [(line.owner, int(line.amount)) for line in entry.lines.order_by("id")] == [('{a,"b"}', 10**37), ("x", -(10**37))]
    assert balance(A.BANK, '{a,"b"}', "EUR") == 10**37


def test_an_entry_that_does_not_balance_is_a_bug() -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        post("k", "test", "EUR", [debit(A.BANK, "bank", 5), credit(A.LOSSES, "x", 4)])
    assert not LedgerEntry.objects.exists()


def test_the_database_refuses_an_entry_that_does_not_balance() -> None:
    entry = post("k", "test", "EUR", [debit(A.BANK, "bank", 5), credit(A.LOSSES, "x", 5)])
    LedgerLine.objects.create(entry=entry, account=A.BANK, owner="bank", currency="EUR", amount=1)
    with pytest.raises(DatabaseError, match="sum to zero"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    transaction.set_rollback(True)


@pytest.mark.parametrize("model", [LedgerEntry, LedgerLine])
def test_the_database_refuses_change_and_removal(model: type[LedgerEntry] | type[LedgerLine]) -> None:
    post("k", "test", "EUR", [debit(A.BANK, "bank", 5), credit(A.LOSSES, "x", 5)])
    row = model.objects.first()
    assert row is not None
    table = model._meta.db_table
    for change in (f"DELETE FROM {table} WHERE id = %s", f"UPDATE {table} SET id = id WHERE id = %s"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change, [row.pk])
    assert model.objects.filter(pk=row.pk).exists()


def test_a_payment_is_escrow_and_tax(charge: Charge, bank_says: Says) -> None:
    bank_says(Outcome.PAID)
    assert balances() == {A.GATEWAY_BALANCE: 13_709, A.ESCROW: -11_520, A.TAX_PENDING: -2_189}
    assert find_differences() == []


def test_an_early_end_gives_net_and_its_tax_back(charge: Charge, bank_says: Says) -> None:
    bank_says(Outcome.PAID)
    services.cancel(charge.contract_id, actors.customer(charge.contract.ordered_by_id))
    post_messages()
    assert money_of(charge.contract).refund_pending_gross == 13_709
    sandbox_bank.tick()
    post_messages()
    assert balances() == {}
    assert money_of(charge.contract).refunded_gross == 13_709
    assert find_differences() == []


@pytest.mark.parametrize(
    ("outcome", "anomaly", "received"),
    [(Outcome.WRONG_AMOUNT, "wrong_amount", 13_708)],
)
def test_a_wrong_amount_pays_for_nothing(
    outcome: Outcome, anomaly: str, received: int, charge: Charge, payment: Payment, bank_says: Says
) -> None:
    bank_says(outcome)
    found = Payment.objects.get(pk=payment.pk)
    assert (found.state, found.anomaly, found.received_minor) == ("mismatched", anomaly, received)
    assert Contract.objects.get(pk=charge.contract_id).paid_at is None
    assert balances() == {A.GATEWAY_BALANCE: received, A.UNALLOCATED: -received}
    assert found.staff_tasks.get().closed_at is None


def test_a_second_payment_goes_back_in_full(charge: Charge, bank_says: Says) -> None:
    bank_says(Outcome.TWICE)
    assert Payment.objects.filter(state="succeeded", anomaly="").count() == 1
    refund = Refund.objects.get()
    assert (refund.kind, refund.amount_minor) == ("return", charge.gross_minor)
    told = DomainEvent.objects.filter(name__in=["payment.unallocated", "refund.requested"]).order_by("pk")
    assert [event.name for event in told] == ["payment.unallocated", "refund.requested"]
    sandbox_bank.tick()
    post_messages()
    assert balances() == {A.GATEWAY_BALANCE: 13_709, A.ESCROW: -11_520, A.TAX_PENDING: -2_189}
    assert find_differences() == []


@pytest.mark.parametrize(("decision", "state"), [(Decision.WON, "requested"), (Decision.LOST, "cancelled")])
def test_a_dispute_holds_the_money_until_the_bank_decides(
    decision: Decision, state: str, charge: Charge, bank_page: SandboxPayment, bank_says: Says
) -> None:
    bank_says(Outcome.PAID)
    bank_says(Outcome.DISPUTE)
    contract = Contract.objects.get(pk=charge.contract_id)
    assert (contract.disputes_open, contract.deadline_at) == (1, None)
    assert balances()[A.DISPUTE_HOLD] == 13_709
    sandbox_bank.decide(bank_page.disputes.get().external_id, decision)
    post_messages()
    contract = Contract.objects.get(pk=charge.contract_id)
    assert (contract.state, contract.disputes_open) == (state, 0)
    assert A.DISPUTE_HOLD not in balances()
    assert find_differences() == []
    segment = contract.segments.get()
    assert -balance(A.ESCROW, segment, "EUR") == (11_520 if decision == Decision.WON else 0)


def test_an_inquiry_moves_no_money(charge: Charge, bank_says: Says) -> None:
    bank_says(Outcome.PAID)
    before = balances()
    bank_says(Outcome.INQUIRY)
    assert balances() == before
    assert Contract.objects.get(pk=charge.contract_id).disputes_open == 0
