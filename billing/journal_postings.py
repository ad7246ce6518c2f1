"""Only what is posted when two members of staff have decided it: the ledger's rows that are proved by two-person journals."""

from billing.ledger import Line, credit, debit, post
from billing.models import Journal, LedgerEntry
from billing.states import LedgerAccount as A


def journal_approved(journal: Journal) -> LedgerEntry | None:
    """Both sides of it, and what stands between them: a fee in one currency, the bridge in two."""
    arrived, left = int(journal.debit_amount), int(journal.credit_amount)
    lines = [
        debit(A(journal.debit_account), journal.debit_owner, arrived, journal.debit_currency),
        credit(A(journal.credit_account), journal.credit_owner, left, journal.credit_currency),
    ]
    return post(f"journal:{journal.pk}", journal.kind, journal.credit_currency, [*lines, *_between(journal, arrived, left)])


def _between(journal: Journal, arrived: int, left: int) -> list[Line]:
    if journal.debit_currency == journal.credit_currency:
        return [debit(A.GATEWAY_FEES, journal.credit_owner, left - arrived)]
    return [
        debit(A.FX, journal.credit_currency, left, journal.credit_currency),
        credit(A.FX, journal.debit_currency, arrived, journal.debit_currency),
    ]
