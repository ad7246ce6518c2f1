"""Only listening: the statements that one call sends to PostgreSQL, as sent, with the transaction's own around them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from psycopg import ClientCursor
from psycopg.pq import TransactionStatus


@dataclass
class Recording:
    """What one call sent, in order, and the seconds that the answers took, as Python sees them."""

    statements: list[str] = field(default_factory=list)
    seconds: float = 0.0


def record(call: Callable[[], object]) -> Recording:
    """Make the call and listen."""
    recording = Recording()
    connection.ensure_connection()
    raw = connection.connection
    # What is written out here is what Django's own cursor sends: it puts the values into the text itself.
    writer = ClientCursor(raw)
    is_open = False

    def listen(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        nonlocal is_open
        idle = raw.info.transaction_status == TransactionStatus.IDLE
        if idle and is_open:
            recording.statements.append("COMMIT")
        # The driver sends a BEGIN by itself, before the first statement of a transaction.
        is_open = connection.in_atomic_block
        if idle and is_open:
            recording.statements.append("BEGIN")
        recording.statements.append(writer.mogrify(sql, params) if params else sql)
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            recording.seconds += time.perf_counter() - started

    with connection.execute_wrapper(listen):
        call()
    if is_open:
        recording.statements.append("COMMIT")
    return recording
