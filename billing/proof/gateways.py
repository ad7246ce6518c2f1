"""Only the comparison with gateways: each line of their balance reports against what the ledger has booked under its name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django.db import connection

from billing.gateway_facts import BalanceLine, GatewayError, PaymentGateway
from billing.gateways import offered_gateways
from billing.proof.difference import Difference, Question

BATCH = 1_000
_TABLE = "proof_balance_lines"

REPORTED = Question(
    {"gateway_balance": "the ledger has booked each line of the gateways' balance reports, to the unit, and nothing else"},
    f"""
    WITH booked AS (
        SELECT split_part(entry.key, ':', 2) AS gateway, entry.key, line.currency, sum(line.amount) AS amount, min(entry.at) AS at
        FROM billing_ledgerentry AS entry JOIN billing_ledgerline AS line ON line.entry_id = entry.id
        WHERE entry.key LIKE 'bt:%%' AND line.account = 'gateway_balance'
          AND entry.at >= %(booked_from)s
        GROUP BY entry.key, line.currency
    ), reported AS (
        SELECT gateway, 'bt:' || gateway || ':' || external_id AS key, currency, sum(amount) AS amount, min(created_at) AS at,
               min(kind) AS kind
        FROM {_TABLE} GROUP BY 1, 2, 3
    )
    SELECT 'gateway_balance',
           CASE WHEN booked.key IS NULL THEN format('%%s reports %%s %%s %%s (%%s, %%s), and the ledger knows nothing of it',
                    reported.gateway, reported.amount, reported.currency, reported.key, kind, reported.at::date)
                WHEN reported.key IS NULL THEN format('the ledger has %%s %%s under %%s (%%s), and %%s reports nothing of it',
                    booked.amount, booked.currency, booked.key, booked.at::date, booked.gateway)
                ELSE format('%%s: %%s %%s in the report, %%s in the ledger', booked.key, reported.amount, booked.currency,
                    booked.amount)
           END,
           ARRAY['entry:' || coalesce(booked.key, reported.key)]
    FROM reported FULL JOIN booked USING (key, currency)
    WHERE reported.amount IS DISTINCT FROM booked.amount
      AND (booked.key IS NOT NULL OR (reported.amount <> 0 AND reported.at BETWEEN %(reported_since)s AND %(unheard_limit)s))
      AND (reported.key IS NOT NULL
           OR (booked.gateway = ANY(%(gateways)s) AND booked.at BETWEEN %(booked_since)s AND %(unreported_limit)s))
    """,  # noqa: S608 -- names of our own
)


@dataclass
class Heard:
    """What the gateways' reports have brought: how many lines of each, and who did not answer."""

    lines: dict[str, int] = field(default_factory=dict)
    silent: list[Difference] = field(default_factory=list)


@contextmanager
def heard(since: datetime, until: datetime) -> Iterator[Heard]:
    """The lines of every configured gateway's report, laid beside the ledger in a table of this session for the block's time.

    Each gateway is asked outside of a transaction; its lines are written as they come, so that memory holds a batch of them.
    """
    said = Heard()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {_TABLE}")
        cursor.execute(
            f"CREATE TEMPORARY TABLE {_TABLE} (gateway text, external_id text, kind text, currency text, amount numeric(38,0),"
            " created_at timestamptz)"
        )
    try:
        for gateway in offered_gateways():
            try:
                said.lines[gateway.name] = _write_down(gateway, since, until)
            except GatewayError as error:
                # Lines that came before it fell silent prove nothing.
                with connection.cursor() as cursor:
                    cursor.execute(f"DELETE FROM {_TABLE} WHERE gateway = %s", [gateway.name])  # noqa: S608 -- our own
                said.silent.append(Difference("gateway_balance", f"{gateway.name} does not give its balance report: {error}"))
        yield said
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {_TABLE}")


def facts_of(said: Heard) -> Mapping[str, object]:
    """What the question needs to know of them."""
    return {"gateways": list(said.lines)}


def _write_down(gateway: PaymentGateway, since: datetime, until: datetime) -> int:
    lines, count = gateway.balance_lines(since - gateway.look_back, until), 0
    while batch := list(islice(lines, BATCH)):
        count += len(batch)
        with connection.cursor() as cursor, cursor.copy(f"COPY {_TABLE} FROM STDIN") as copy:
            for line in batch:
                copy.write_row(_row(gateway.name, line))
    return count


def _row(gateway: str, line: BalanceLine) -> tuple[object, ...]:
    moved = line.amount_minor - line.fee_minor
    return gateway, line.external_id, line.kind, line.currency, moved, line.created_at
