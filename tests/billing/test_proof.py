"""The proof of the money: silent while every unit is where it belongs, and naming each one that is not."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.gateway_facts import BalanceLine, GatewayError
from billing.models import Document, LedgerEntry, Payment, Proof, SandboxPayment, StaffTask
from billing.models.document import document_storage
from billing.proof import Scope, find_differences, is_proven, proving, questions, record_proof
from billing.sandbox_gateway import SandboxGateway
from billing.services import store_waiting_documents
from billing.states import TaskKind
from billing.tasks import make_proof
from contracts.models import Contract
from core import clock
from core.models import DomainEvent, ReactionRun
from core.states import WorkState
from core.tasks import drain
from providers.models import Offering
from tests.cast import browser_of
from tests.walk import START, WAYS, offered_by, rented

pytestmark = pytest.mark.django_db
LATER = START + timedelta(days=60)


@pytest.fixture
def offering(provider_user: User) -> Offering:
    """With a set-up fee, so that no two figures are the same."""
    return offered_by(provider_user, setup_fee_minor=499)


@pytest.fixture
def running(customer: User, offering: Offering) -> Contract:
    """Paid, accepted, delivered, confirmed; all that follows is done."""
    contract = rented("active", customer, offering)
    settle()
    return contract


@pytest.fixture
def cancelled(customer: User, offering: Offering) -> Contract:
    """Ended early: a refund and its credit note."""
    contract = rented("cancelled", customer, offering)
    settle()
    return contract


def settle() -> None:
    """Everything that is due is done, two months later, the files of documents too."""
    with clock.at(LATER):
        drain()
        store_waiting_documents()
        drain()


@contextmanager
def tampering() -> Iterator[Callable[..., None]]:
    """Somebody with the database's own password, past all of its guards."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = replica")
        yield lambda statement, *values: cursor.execute(statement, values or None)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def found(scope: Scope | None = None) -> dict[str, list[str]]:
    """What differs two months later, by check."""
    by_check: dict[str, list[str]] = {}
    with clock.at(LATER):
        for difference in find_differences(scope or Scope(since=START)):
            by_check.setdefault(difference.check, []).append(str(difference))
    return by_check


@pytest.mark.parametrize("way", sorted(WAYS))
def test_no_way_of_a_rental_makes_a_difference(way: str, customer: User, offering: Offering) -> None:
    rented(way, customer, offering)
    assert found(Scope(since=START, patience=timedelta(days=365))) == {}


def test_an_entry_that_does_not_balance_is_named(running: Contract) -> None:
    with tampering() as sql:
        sql("UPDATE billing_ledgerline SET amount = amount + 1 WHERE account = 'gateway_fees' OR account = 'gateway_balance'")
    said = found()
    assert "does not sum to zero in EUR: 1" in said["entries"][0]
    assert "in the report" in said["gateway_balance"][0]


def test_a_line_of_another_payment_is_named(running: Contract) -> None:
    with tampering() as sql:
        sql("UPDATE billing_ledgerline SET owner = 'payment:999999' WHERE account = 'tax_pending'")
    assert "has a line of tax_pending payment:999999" in found()["owners"][0]


def test_money_that_was_received_and_not_booked_is_named_with_its_rows(running: Contract) -> None:
    payment = Payment.objects.get()
    Payment.objects.update(received_minor=payment.received_minor + 100)
    (text,) = found()["payments"]
    assert f"payment:{payment.pk} in EUR" in text
    assert f"entry:pay:{payment.pk}" in text


TAMPERED = """
payments          UPDATE billing_payment SET refunded_minor = refunded_minor + 1
payments          UPDATE billing_payment SET disputed_minor = 5
identity          UPDATE billing_ledgerline SET account = 'bank' WHERE account = 'escrow' AND amount < 0
dispute_hold      UPDATE billing_ledgerline SET account = 'dispute_hold', owner = OURS WHERE account = 'escrow' AND amount < 0
unallocated       UPDATE billing_ledgerline SET account = 'unallocated', owner = OURS WHERE account = 'escrow' AND amount < 0
refund_payable    UPDATE billing_refund SET state = 'failed'
tax_pending       UPDATE billing_ledgerline SET account = 'tax_pending', owner = OURS WHERE account = 'tax_payable'
escrow            UPDATE billing_ledgerline SET amount = amount * 3 WHERE account = 'escrow' AND amount < 0
escrow            UPDATE billing_ledgerline SET owner = 'segment:999999' WHERE account = 'escrow'
escrow            UPDATE billing_ledgerline SET amount = amount + 1 WHERE account = 'escrow' AND amount > 0
escrow            UPDATE billing_ledgerline SET amount = amount - 1 WHERE account = 'escrow' AND amount > 0
owners            UPDATE billing_ledgerline SET owner = 'provider:999999' WHERE account = 'provider_payable'
entries           DELETE FROM billing_ledgerline WHERE account = 'gateway_balance'
gateway_clearing  UPDATE billing_ledgerline SET account = 'bank' WHERE account = 'gateway_clearing' AND amount < 0
gateway_balance   DELETE FROM billing_ledgerentry WHERE key LIKE 'bt:%'
gateway_balance   UPDATE billing_ledgerentry SET key = 'bt:sandbox:other' || id WHERE key LIKE 'bt:%'
credit_notes      DELETE FROM billing_document WHERE kind = 'credit_note'
invoices          DELETE FROM billing_document WHERE kind = 'invoice'
numbers           DELETE FROM billing_document WHERE kind = 'receipt'
numbers           UPDATE billing_document SET sequence = 2, number = 'INV-2026-000002' WHERE kind = 'invoice'
numbers           UPDATE billing_document SET year = 2025 WHERE kind = 'receipt'
numbers           UPDATE billing_documentcounter SET last = 2
content           UPDATE billing_document SET net_minor = net_minor + 1, gross_minor = gross_minor + 1
content           UPDATE billing_document SET content = jsonb_set(content, '{lines,0,net_minor}', '1')
content           UPDATE billing_document SET content = content - 'lines'
content           UPDATE billing_document SET content = jsonb_set(content, '{tax_rate}', '"0.07"')
notes             UPDATE billing_document SET credited_net_minor = credited_net_minor - 1 WHERE kind = 'invoice'
tax_payable       UPDATE billing_document SET tax_rate = 0.07 WHERE kind = 'invoice'
tax_payable       UPDATE billing_ledgerline SET owner = 'oss:FR:0.2' WHERE account = 'tax_payable' AND amount < 0
tax_payable       UPDATE billing_ledgerline SET owner = 'nonsense' WHERE account = 'tax_payable'
document_entries  UPDATE billing_ledgerentry SET key = 'doc:other' || id WHERE kind = 'invoice_issued'
document_entries  DELETE FROM billing_ledgerentry WHERE kind = 'credit_note_issued'
bytes             UPDATE billing_document SET stored_at = NULL, pdf = '', pdf_sha256 = ''
bytes             UPDATE billing_document SET pdf_sha256 = repeat('0', 64)
bytes             UPDATE billing_document SET pdf = '2026/gone.pdf'
"""


def test_what_was_tampered_with_is_found(cancelled: Contract) -> None:
    assert found() == {}
    missed = []
    for line in TAMPERED.strip().splitlines():
        check, statement = line.split(maxsplit=1)
        with transaction.atomic():
            with tampering() as sql:
                sql(statement.replace("OURS", "'payment:' || (SELECT max(id) FROM billing_payment)"))
            if check not in found():
                missed.append(line)
            transaction.set_rollback(True)
    assert missed == []


def test_every_check_says_what_it_proves_and_has_a_name_of_its_own() -> None:
    names = [name for question in questions() for name in question.checks]
    assert len(names) == len(set(names))
    assert all(len(text) > 20 for question in questions() for text in question.checks.values())


def test_a_file_that_was_changed_is_found(running: Contract) -> None:
    invoice = Document.objects.get(kind="invoice")
    with document_storage().open(invoice.pdf.name, "r+b") as file:
        file.write(b"forged")
    (text,) = found()["bytes"]
    assert invoice.number in text
    assert "is not the file that was stored" in text
    assert found(Scope(since=START, every_file=True))["bytes"] == [text]


def test_what_the_outbox_has_still_to_do_is_no_difference_and_what_it_gave_up_is_one(customer: User, offering: Offering) -> None:
    contract = rented("accepted", customer, offering)
    settle()
    with tampering() as sql:
        sql("DELETE FROM billing_ledgerentry WHERE kind = 'invoice_issued' AND contract_id = %s", contract.pk)
        sql("DELETE FROM billing_document WHERE contract_id = %s AND kind = 'invoice'", contract.pk)
    assert "tax_pending" in found()
    event = DomainEvent.objects.filter(subject=f"contract:{contract.pk}").first()
    assert event is not None
    run = ReactionRun.objects.create(event=event, reaction="somebody.still_at_work")
    assert "tax_pending" not in found()
    ReactionRun.objects.filter(pk=run.pk).update(state=WorkState.FAILED)
    assert "tax_pending" in found()


def test_news_that_a_gateway_may_still_tell_is_no_difference(customer: User, offering: Offering) -> None:
    rented("unpaid", customer, offering)
    payment = sandbox_page(customer)
    for later, differs in ((timedelta(hours=1), False), (timedelta(days=4), True)):
        with clock.at(payment.created_at + later):
            assert bool(find_differences()) == differs


def sandbox_page(customer: User) -> SandboxPayment:
    """A payment that the bank has booked, and that we have not heard of."""
    with clock.at(START):
        charge = Contract.objects.get().charges.get()
        return SandboxPayment.objects.create(
            external_id="sbx_pay_unheard",
            charge_public_id=charge.public_id,
            amount_minor=charge.gross_minor,
            received_minor=charge.gross_minor,
            received_at=START,
            currency="EUR",
            subject="x",
            status="succeeded",
            deadline_at=START,
            expires_at=START,
            created_at=START,
        )


def test_a_gateway_that_is_silent_proves_nothing(running: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_when: datetime) -> Iterator[BalanceLine]:
        raise GatewayError("time-out")

    monkeypatch.setattr(SandboxGateway, "balance_lines", silent)
    (text,) = found()["gateway_balance"]
    assert "sandbox does not give its balance report: time-out" in text


def test_very_many_differences_are_told_by_their_beginning(running: Contract) -> None:
    with tampering() as sql:
        sql(
            "INSERT INTO billing_ledgerline (entry_id, account, owner, currency, amount) SELECT max(id), 'escrow', 'segment:' || n,"
            " 'EUR', -1 FROM billing_ledgerentry, generate_series(10000, 10999) AS n GROUP BY n"
        )
    told = found()["escrow"]
    assert len(told) == 51
    assert told[-1] == "escrow: there are more than these 50"


# Kept ---------------------------------------------------------------------------------------------------------------------------


def test_only_a_clean_and_recent_proof_lets_payouts_go(running: Contract) -> None:
    assert not is_proven()
    with clock.at(LATER):
        proof = record_proof()
        assert proof.finished_at == LATER
        assert proof.checked["payments"] == 1
        assert is_proven()
    with clock.at(LATER + timedelta(hours=37)):
        assert not is_proven()
    Payment.objects.update(received_minor=1)
    with clock.at(LATER + timedelta(hours=1)):
        assert record_proof().differences[0]["check"] == "payments"
        assert not is_proven()


def test_an_unfinished_proof_changes_nothing(running: Contract) -> None:
    with clock.at(LATER):
        record_proof()
        Proof.objects.create(started_at=LATER)
        assert is_proven()


def test_differences_are_one_task_that_a_clean_proof_closes(running: Contract) -> None:
    received = Payment.objects.get().received_minor
    with clock.at(LATER):
        for _night in range(2):
            Payment.objects.update(received_minor=1)
            record_proof()
        task = StaffTask.objects.get(kind=TaskKind.PROOF)
        assert "no payout leaves until it does" in task.text
        Payment.objects.update(received_minor=received)
        record_proof()
        task.refresh_from_db()
        assert task.closed_at == LATER
        Payment.objects.update(received_minor=1)
        record_proof()
    assert StaffTask.objects.filter(kind=TaskKind.PROOF, closed_at=None).count() == 1


def test_a_proof_reads_and_changes_nothing(cancelled: Contract) -> None:
    before = list(LedgerEntry.objects.values()), list(Payment.objects.values()), list(Document.objects.values())
    make_proof()
    assert (list(LedgerEntry.objects.values()), list(Payment.objects.values()), list(Document.objects.values())) == before


@pytest.mark.django_db(transaction=True)
def test_what_moves_meanwhile_is_not_seen_and_nothing_can_be_written() -> None:
    def elsewhere() -> None:
        try:
            StaffTask.objects.create(key="moved", kind=TaskKind.PROOF, text="meanwhile", opened_at=START)
        finally:
            connection.close()

    with proving._one_moment():
        before = StaffTask.objects.count()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(elsewhere).result()
        assert StaffTask.objects.count() == before
    assert StaffTask.objects.count() == before + 1
    with pytest.raises(DatabaseError, match="read-only"), proving._one_moment():
        StaffTask.objects.all().delete()


# The command --------------------------------------------------------------------------------------------------------------------


def prove(*options: str) -> tuple[int, str]:
    """The command's exit code and what it printed."""
    out = StringIO()
    try:
        call_command("prove_money", *options, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize("options", [(), ("--all",)])
def test_the_command_prints_what_was_checked(options: tuple[str, ...], cancelled: Contract) -> None:
    with clock.at(LATER):
        code, text = prove(*options)
    assert code == 0
    assert "ok     identity" in text
    assert "Every unit is where it belongs." in text


def test_the_command_ends_with_one_and_names_what_differs(running: Contract) -> None:
    payment = Payment.objects.get()
    Payment.objects.update(received_minor=1)
    with clock.at(LATER):
        code, text = prove()
    assert code == 1
    assert "FAULTY payments" in text
    assert f"- payments: payment:{payment.pk} in EUR" in text


def test_two_proofs_are_not_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.proof.proving._LOCK", 1)
    with connection.copy().cursor() as other:
        other.execute("SELECT pg_advisory_lock(1)")
        with pytest.raises(CommandError, match="being made already"):
            call_command("prove_money")
        assert not make_proof()
        other.connection.close()
    assert not Proof.objects.exists()


# The admin ----------------------------------------------------------------------------------------------------------------------


def test_staff_sees_each_proof_and_its_differences(staff_client: Client, running: Contract) -> None:
    Payment.objects.update(received_minor=1)
    with clock.at(LATER):
        proof = record_proof()
    listed = staff_client.get(reverse("admin:billing_proof_changelist")).content.decode()
    assert f"{len(proof.differences)} differences" in listed
    shown = staff_client.get(reverse("admin:billing_proof_change", args=[proof.pk])).content.decode()
    assert "received, refunded, disputed" in shown
    assert "entry:pay:" in shown


def test_staff_begins_a_proof_by_a_button(staff_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr("billing.tasks.enqueue", lambda path, **options: asked.append({"path": path, **options}))
    page = reverse("admin:billing_proof_prove")
    assert "Prove now" in staff_client.get(page).content.decode()
    assert asked == []
    answer = staff_client.post(page, follow=True)
    assert "It is being made." in answer.content.decode()
    assert asked == [{"path": "billing.tasks.make_proof", "name": "proof of the money", "seconds": 3600}]


def test_nobody_else_proves(customer: User, client: Client) -> None:
    page = reverse("admin:billing_proof_prove")
    assert browser_of(customer).post(page).status_code == 404
    assert client.post(page).status_code == 302
    assert not Proof.objects.exists()
