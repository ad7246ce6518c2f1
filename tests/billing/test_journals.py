"""Journals: what two members of staff enter into the ledger, never more than is there, once; the proof knows each of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts.models import User
from accounts.services import create_user, make_staff
from billing.journal_queries import tax_owed
from billing.ledger import balance, credit, debit, post
from billing.models import Journal, LedgerEntry
from billing.proof import Scope, find_differences
from billing.services.journal import (
    Sum,
    approve_journal,
    drop_journal,
    propose_funding,
    propose_tax_payment,
    propose_transfer,
)
from billing.states import JournalPlace, JournalState
from billing.states import LedgerAccount as A
from contracts.models import Contract
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from core.tasks import drain
from providers.models import Offering
from tests.walk import START, offered_by, rented

pytestmark = pytest.mark.django_db
LATER = START + timedelta(days=60)
OFFICE = "local:DE:0.19"
BANK, ICPAY, WALLET = JournalPlace.BANK, JournalPlace.ICPAY, JournalPlace.WALLET


@pytest.fixture
def colleague(db: None) -> User:
    return make_staff(create_user("colleague@example.com", "correct-horse-battery", verified=True), superuser=True)


@pytest.fixture
def offering(provider_user: User) -> Offering:
    return offered_by(provider_user)


@pytest.fixture
def sold(customer: User, offering: Offering) -> Contract:
    """Paid and accepted: its invoice owes VAT to the office."""
    contract = rented("active", customer, offering)
    with clock.at(LATER):
        drain()
    return contract


@pytest.fixture
def owed(sold: Contract) -> int:
    """The VAT of it, in euro cents."""
    (row,) = tax_owed()
    assert (row.owner, row.currency) == (OFFICE, "EUR")
    return row.amount


def everything() -> tuple[object, ...]:
    return list(Journal.objects.order_by("pk").values()), LedgerEntry.objects.count(), DomainEvent.objects.count()


def refusal_of(call: Callable[[], object]) -> str:
    """The code of a refusal that changed nothing."""
    before = everything()
    with pytest.raises(Refused) as refused:
        call()
    assert everything() == before
    return refused.value.code


def found() -> set[str]:
    """The checks that find something, but for documents that nobody has printed here."""
    with clock.at(LATER):
        scope = Scope(since=START, patience=timedelta(days=10_000))
        return {difference.check for difference in find_differences(scope)} - {"bytes"}


def tax_payment(owed: int, staff: User, *, reference: str = "USt 11/2026", out: Sum | None = None) -> Journal:
    return propose_tax_payment(
        OFFICE, Sum(owed, "EUR"), out or Sum(owed, "EUR"), staff, reference=reference, reason="The return of November"
    )


# VAT paid to the office ---------------------------------------------------------------------------------------------------------


def test_vat_that_was_paid_is_owed_no_more(owed: int, staff: User, colleague: User) -> None:
    journal = tax_payment(owed, staff)
    assert (journal.state, balance(A.TAX_PAYABLE, OFFICE, "EUR")) == (JournalState.PROPOSED, -owed)
    assert found() == set()
    posted = approve_journal(journal.pk, colleague)
    assert (posted.state, tax_owed()) == (JournalState.POSTED, [])
    assert balance(A.BANK, "bank", "EUR") == -owed
    assert found() == set()
    events = DomainEvent.objects.filter(subject=f"journal:{journal.pk}").order_by("pk")
    assert [(event.name, event.data["actor"]) for event in events] == [
        ("journal.proposed", staff.pk),
        ("journal.approved", colleague.pk),
    ]


def test_vat_in_one_currency_is_paid_out_of_another(owed: int, staff: User, colleague: User) -> None:
    approve_journal(tax_payment(owed, staff, out=Sum(3100, "PLN")).pk, colleague)
    assert (balance(A.BANK, "bank", "PLN"), balance(A.FX, "PLN", "PLN"), balance(A.FX, "EUR", "EUR")) == (-3100, 3100, -owed)
    assert found() == set()


def test_no_more_vat_is_paid_than_is_owed(owed: int, staff: User, colleague: User) -> None:
    assert refusal_of(lambda: tax_payment(owed + 1, staff)) == "too_much"
    other = Sum(1, "EUR")
    assert refusal_of(lambda: propose_tax_payment("oss:FR:0.2", other, other, staff, reference="x", reason="y")) == "too_much"
    assert refusal_of(lambda: tax_payment(owed, staff, out=Sum(owed - 1, "EUR"))) == "different"
    # A part now, the rest later, and then nothing is left.
    approve_journal(tax_payment(owed - 5, staff).pk, colleague)
    assert refusal_of(lambda: tax_payment(6, staff, reference="second")) == "too_much"
    approve_journal(tax_payment(5, staff, reference="third").pk, colleague)
    assert refusal_of(lambda: tax_payment(1, staff, reference="fourth")) == "too_much"
    assert found() == set()


def test_what_became_too_much_meanwhile_is_not_approved(owed: int, sold: Contract, staff: User, colleague: User) -> None:
    journal = tax_payment(owed, staff)
    with transaction.atomic():
        taken = [debit(A.TAX_PAYABLE, OFFICE, 1, "EUR"), credit(A.BANK, "bank", 1, "EUR")]
        post("doc:meanwhile", "test", "EUR", taken)
    assert refusal_of(lambda: approve_journal(journal.pk, colleague)) == "too_much"


# Two people, once ---------------------------------------------------------------------------------------------------------------


def test_nobody_approves_the_own_proposal(owed: int, staff: User) -> None:
    journal = tax_payment(owed, staff)
    assert refusal_of(lambda: approve_journal(journal.pk, staff)) == "own_proposal"


def test_a_journal_is_decided_once(owed: int, staff: User, colleague: User) -> None:
    journal = tax_payment(owed - 1, staff)
    approve_journal(journal.pk, colleague)
    for again in (approve_journal, drop_journal):
        assert refusal_of(lambda again=again: again(journal.pk, colleague)) == "decided"  # type: ignore[misc]
    assert LedgerEntry.objects.filter(key=f"journal:{journal.pk}").count() == 1


def test_what_is_dropped_enters_nothing_and_gives_its_reference_back(owed: int, staff: User, colleague: User) -> None:
    journal = tax_payment(owed, staff)
    assert drop_journal(journal.pk, staff).state == JournalState.DROPPED
    assert refusal_of(lambda: approve_journal(journal.pk, colleague)) == "decided"
    approve_journal(tax_payment(owed, staff).pk, colleague)
    assert found() == set()


def test_a_second_one_alike_waits_for_the_first_and_a_reference_counts_once(owed: int, staff: User, colleague: User) -> None:
    journal = tax_payment(1, staff)
    assert refusal_of(lambda: tax_payment(1, staff, reference="other")) == "exists"
    approve_journal(journal.pk, colleague)
    assert refusal_of(lambda: tax_payment(1, staff)) == "reference_used"


def test_one_transfer_pays_the_vat_of_many_countries_each_of_them_once(staff: User, colleague: User) -> None:
    offices = ["oss:FR:0.2", "oss:IT:0.22"]
    with transaction.atomic():
        for office in offices:
            post(f"doc:{office}", "test", "EUR", [debit(A.BANK, "bank", 7, "EUR"), credit(A.TAX_PAYABLE, office, 7, "EUR")])

    def pay(office: str) -> Journal:
        return propose_tax_payment(office, Sum(5, "EUR"), Sum(5, "EUR"), staff, reference="OSS Q4", reason="One transfer")

    for journal in [pay(office) for office in offices]:
        approve_journal(journal.pk, colleague)
    assert [row.amount for row in tax_owed()] == [2, 2]
    again = Sum(2, "EUR")
    assert (
        refusal_of(lambda: propose_tax_payment(offices[0], again, again, staff, reference="OSS Q4", reason="Again"))
        == "reference_used"
    )


@pytest.mark.parametrize(
    ("amount", "reference", "reason", "code"),
    [
        (0, "r", "y", "bad_amount"),
        (-5, "r", "y", "bad_amount"),
        (5, " ", "y", "required"),
        (5, "r", " ", "required"),
        (5, "r" * 121, "y", "required"),
        (5, "r\x00", "y", "required"),
        (5, "r", "a\u202eb", "required"),
    ],
)
def test_what_says_too_little_is_refused(staff: User, amount: int, reference: str, reason: str, code: str) -> None:
    assert refusal_of(lambda: propose_funding(BANK, Sum(amount, "EUR"), staff, reference=reference, reason=reason)) == code


def test_unknown_money_is_refused(staff: User) -> None:
    assert refusal_of(lambda: propose_funding(BANK, Sum(5, "XXX"), staff, reference="r", reason="y")) == "bad_currency"
    assert refusal_of(lambda: propose_funding(BANK, Sum(5, "KWD"), staff, reference="r", reason="y")) == "bad_amount"


# The owner's money, and places of ours ------------------------------------------------------------------------------------------


def test_the_owner_funds_a_bank_account_and_a_wallet(staff: User, colleague: User) -> None:
    for place, amount in ((BANK, Sum(2_500_000, "EUR")), (WALLET, Sum(5 * 10**8, "ICP"))):
        journal = propose_funding(place, amount, staff, reference=f"fund {place}", reason="Opening")
        approve_journal(journal.pk, colleague)
    assert (balance(A.BANK, "bank", "EUR"), balance(A.OWNER, "platform", "EUR")) == (2_500_000, -2_500_000)
    assert balance(A.GATEWAY_BALANCE, "icrc1", "ICP") == 5 * 10**8
    assert found() == set()


def test_money_moves_between_places_with_its_fee_or_over_the_bridge(staff: User, colleague: User) -> None:
    approve_journal(propose_funding(ICPAY, Sum(900, "ICP"), staff, reference="f", reason="y").pk, colleague)
    moved = propose_transfer(ICPAY, Sum(500, "ICP"), WALLET, Sum(490, "ICP"), staff, reference="m1", reason="The wallet runs low")
    approve_journal(moved.pk, colleague)
    assert (balance(A.GATEWAY_BALANCE, "icrc1", "ICP"), balance(A.GATEWAY_FEES, "icpay", "ICP")) == (490, 10)
    sold = propose_transfer(ICPAY, Sum(400, "ICP"), BANK, Sum(1234, "EUR"), staff, reference="m2", reason="Sold")
    approve_journal(sold.pk, colleague)
    assert (balance(A.GATEWAY_BALANCE, "icpay", "ICP"), balance(A.BANK, "bank", "EUR")) == (0, 1234)
    assert (balance(A.FX, "ICP", "ICP"), balance(A.FX, "EUR", "EUR")) == (400, -1234)
    assert found() == set()
    for left, arrived, code in (
        (Sum(1, "ICP"), Sum(1, "ICP"), "too_much"),
        (Sum(5, "ICP"), Sum(6, "ICP"), "different"),
    ):
        assert (
            refusal_of(
                lambda left=left, arrived=arrived: propose_transfer(  # type: ignore[misc]
                    ICPAY, left, WALLET, arrived, staff, reference="m3", reason="y"
                )
            )
            == code
        )
    same = Sum(1, "EUR")
    assert refusal_of(lambda: propose_transfer(BANK, same, BANK, same, staff, reference="m4", reason="y")) == "same_place"


# Tampered with ------------------------------------------------------------------------------------------------------------------


@contextmanager
def tampering() -> Iterator[Callable[..., None]]:
    """Somebody with the database's own password, past all of its guards."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = replica")
        yield cursor.execute
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


TAMPERED = """
journals       UPDATE billing_journal SET credit_amount = credit_amount + 1
journals       UPDATE billing_journal SET debit_owner = 'oss:FR:0.2' WHERE kind = 'tax_paid'
journals       UPDATE billing_journal SET approved_at = NULL, approved_by_id = NULL WHERE kind = 'owner_paid_in'
journals       UPDATE billing_ledgerline SET owner = 'other' WHERE account = 'owner'
journals       UPDATE billing_ledgerentry SET kind = 'moved' WHERE key LIKE 'journal:%'
journals       UPDATE billing_ledgerentry SET key = 'other' || id WHERE key LIKE 'journal:%'
journals       DELETE FROM billing_journal
journals       DELETE FROM billing_ledgerline WHERE account = 'bank' AND amount > 0
journal_kinds  UPDATE billing_journal SET approved_by_id = proposed_by_id
journal_kinds  UPDATE billing_journal SET kind = 'moved' WHERE kind = 'tax_paid'
tax_payable    UPDATE billing_journal SET debit_amount = debit_amount - 1, credit_amount = credit_amount - 1 WHERE kind = 'tax_paid'
tax_payable    UPDATE billing_ledgerline SET amount = amount - 1 WHERE account = 'tax_payable' AND amount > 0
tax_payable    UPDATE billing_ledgerline SET account = 'tax_payable' WHERE account = 'owner'
"""


def test_what_was_tampered_with_is_found(owed: int, staff: User, colleague: User) -> None:
    approve_journal(tax_payment(owed, staff).pk, colleague)
    approve_journal(propose_funding(BANK, Sum(700, "EUR"), staff, reference="f", reason="y").pk, colleague)
    assert found() == set()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE billing_journal DROP CONSTRAINT journal_two_people")
    missed = []
    for line in TAMPERED.strip().splitlines():
        check, statement = line.split(maxsplit=1)
        with transaction.atomic():
            with tampering() as sql:
                sql(statement)
            if check not in found():
                missed.append(line)
            transaction.set_rollback(True)
    assert missed == []
