"""Only how a proof is made: gateways are heard, then one look at the whole database, then the files; and what is kept of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Proof, StaffTask
from billing.proof import books, documents, files, gateways, journals, payments
from billing.proof.difference import MADE_FOR_MEASURING, Difference, Question, ask
from billing.services.task import close_task, open_task
from billing.states import TaskKind
from core import clock
from core.errors import Refused
from core.registry import Asked, project_questions

_OWN: tuple[Question, ...] = (
    books.ENTRIES,
    payments.PAYMENTS,
    books.ESCROW,
    books.CLEARING,
    gateways.REPORTED,
    journals.JOURNALS,
    documents.DUE,
    documents.POSTED,
    documents.NUMBERS,
    documents.CONTENT,
    documents.WITHOUT_BYTES,
)
# LEDGER: what a gateway's objects say has come into its report by then.
CLEARS_WITHIN = timedelta(days=7)
# A gateway repeats its news for about three days: until then, a line of its report that we have not heard of may still be told.
PATIENCE = timedelta(days=3)
# A report may be behind the objects for a moment.
REPORT_LAG = timedelta(hours=1)
BYTES_WITHIN = timedelta(days=1)
# How far back the nightly proof reads the gateways' reports; `prove_money --all` reads them from the beginning.
WINDOW = timedelta(days=40)
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
# A proof older than this says nothing about today.
FRESH = timedelta(hours=36)
MOST_KEPT = 1_000

# Any number, the same in every process: two proofs at once would only be slower.
_LOCK = 720_1002


@dataclass(frozen=True)
class Scope:
    """How much is looked at: since when the gateways' reports, how long their news may take, how long documents may wait for their
    files, and whether every file is read.
    """

    since: datetime | None = None
    patience: timedelta = PATIENCE
    files_within: timedelta = BYTES_WITHIN
    every_file: bool = False


@dataclass(frozen=True)
class Found:
    """What a proof has found, and how much it has looked at."""

    differences: list[Difference]
    checked: dict[str, int]


def questions() -> tuple[Asked, ...]:
    """All that a proof asks: our own, and what the floors above us know."""
    return (*_OWN, *project_questions())


def find_differences(scope: Scope | None = None) -> list[Difference]:
    """Everything that does not agree, each named with its rows; empty when every unit is where it belongs.

    The database is seen as of one moment, so moving money makes no false alarm. Inside of a transaction, as of that transaction.
    """
    return _look(scope or Scope()).differences


def record_proof(scope: Scope | None = None) -> Proof:
    """Make a proof and keep it; differences open a task for staff, a clean one closes it.

    Raises `Refused` (running) while another is being made.
    """
    with _alone():
        proof = Proof.objects.create(started_at=clock.now())
        found = _look(scope or Scope())
        proof.differences = [difference.as_json() for difference in found.differences[:MOST_KEPT]]
        proof.checked = found.checked
        proof.finished_at = clock.now()
        with transaction.atomic():
            proof.save()
            _tell_staff(proof)
    return proof


def is_proven() -> bool:
    """Whether the latest finished proof found nothing and is recent: without it no payout leaves."""
    latest = Proof.objects.filter(finished_at__isnull=False).order_by("-started_at").first()
    return latest is not None and not latest.differences and latest.started_at > clock.now() - FRESH


def _look(scope: Scope) -> Found:
    now = clock.now()
    since = scope.since or now - WINDOW
    with gateways.heard(since, now) as said:
        found = list(said.silent)
        facts = {
            "clearing_limit": now - CLEARS_WITHIN,
            "bytes_limit": now - scope.files_within,
            "reported_since": since,
            "booked_from": since - REPORT_LAG,
            # What the gateway has shown before our window may have been booked in it.
            "booked_since": since + CLEARS_WITHIN if scope.since is None else since,
            "unheard_limit": now - scope.patience,
            "unreported_limit": now - REPORT_LAG,
            **gateways.facts_of(said),
        }
        with _one_moment():
            for question in questions():
                found += ask(question, facts)
            checked = {**_counts(), **{f"lines of {name}": count for name, count in said.lines.items()}}
    looked_at = 0
    for pk in files.all_files() if scope.every_file else files.sampled_files():
        looked_at += 1
        found += files.differing_files(pk)
    return Found(found, {**checked, "documents whose files were read": looked_at})


@contextmanager
def _one_moment() -> Iterator[None]:
    """A look at the database that nothing moves in; inside of a transaction, whatever that sees."""
    is_ours = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_ours:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # Sums over a million payments stay in memory, and within bounds.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        yield


def _counts() -> dict[str, int]:
    """How many rows were looked at."""
    tables = {
        "entries": "billing_ledgerentry",
        "lines": "billing_ledgerline",
        "payments": "billing_payment",
        "refunds": "billing_refund",
        "documents": "billing_document",
    }
    with connection.cursor() as cursor:
        counted = ", ".join(f"(SELECT count(*) FROM {table})" for table in tables.values())  # noqa: S608 -- our own tables
        cursor.execute(f"SELECT {counted}")
        counts = dict(zip(tables, cursor.fetchone(), strict=True))
        cursor.execute("SELECT count(*) FROM billing_charge WHERE jsonb_exists(tax_evidence, %s)", [MADE_FOR_MEASURING])
        (made,) = cursor.fetchone()
    # Said aloud, for in a shop that is open there is none.
    return {**counts, "charges made for measuring, which have no documents": made} if made else counts


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise Refused(_("A proof is being made already."), code="running")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _tell_staff(proof: Proof) -> None:
    """One open task at a time: it is closed by the next clean proof."""
    waiting = StaffTask.objects.filter(kind=TaskKind.PROOF, closed_at=None)
    if not proof.differences:
        for key in waiting.values_list("key", flat=True):
            close_task(key, None)
    elif not waiting.exists():
        count = len(proof.differences)
        text = ngettext(
            "The ledger does not agree in %(count)d point; no payout leaves until it does. %(first)s",
            "The ledger does not agree in %(count)d points; no payout leaves until it does. The first: %(first)s",
            count,
        )
        first: Mapping[str, str] = proof.differences[0]
        open_task(f"proof:{proof.pk}", TaskKind.PROOF, (text % {"count": count, "first": first["text"]})[:500])
