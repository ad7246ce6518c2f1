"""Only what a difference is, and how a statement that finds differences is asked."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection

from core.registry import Asked

# So many of one question are named one by one; a fault that touches a million rows is told by its count.
MOST_NAMED = 50
# Rows of the ledger that are named with each.
MOST_ROWS = 20


@dataclass(frozen=True)
class Difference:
    """Something that does not agree. `check` is the name of what was to be proved, `rows` the rows to look at."""

    check: str
    text: str
    rows: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The check, what is wrong, and where."""
        return f"{self.check}: {self.text}" + (f" [{', '.join(self.rows)}]" if self.rows else "")

    def as_json(self) -> dict[str, Any]:
        """For keeping in a proof's row."""
        return {**asdict(self), "rows": list(self.rows)}


@dataclass(frozen=True)
class Question:
    """One statement that answers with a row (check, text, rows) for each difference, and with none when all agrees.

    `checks` says in a sentence each what no answer proves.
    """

    checks: Mapping[str, str]
    sql: str


def ask(question: Asked, facts: Mapping[str, Any]) -> list[Difference]:
    """The differences that a question finds, in the transaction that is open."""
    statement = f"SELECT * FROM ({question.sql}) AS difference LIMIT {MOST_NAMED + 1}"  # noqa: S608 -- our own statements
    with connection.cursor() as cursor:
        cursor.execute(statement, dict(facts))
        found = [Difference(check, text, tuple(rows)) for check, text, rows in cursor.fetchall()]
    return list(_shortened(found))


def _shortened(found: list[Difference]) -> Iterator[Difference]:
    yield from found[:MOST_NAMED]
    if len(found) > MOST_NAMED:
        yield Difference(found[-1].check, f"there are more than these {MOST_NAMED}")


# In a charge's evidence: nobody bought this, it fills a market for measuring (manage.py load_market), and has no documents.
MADE_FOR_MEASURING = "made_for_measuring"

# What the outbox has still to do for a contract is on its way and no difference; what has failed for good is one.
IN_MOTION = """EXISTS (
    SELECT FROM core_domainevent AS event LEFT JOIN core_reactionrun AS run ON run.event_id = event.id
    WHERE event.subject = 'contract:' || {contract} AND (event.dispatched_at IS NULL OR run.state IN ('pending', 'running')))"""


def entries_where(condition: str) -> str:
    """The names of the ledger's entries for which a condition holds, as an array."""
    return f"""ARRAY(SELECT 'entry:' || entry.key FROM billing_ledgerentry AS entry
        WHERE {condition} ORDER BY entry.id LIMIT {MOST_ROWS})"""  # noqa: S608 -- conditions of our own
