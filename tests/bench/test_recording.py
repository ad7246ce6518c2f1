"""What the bench hears of a call, and how it is said again to pgbench."""

import pytest
from django.db import connection, transaction

from bench.recording import record
from bench.replay import Replay


def ask(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", [number])


@pytest.mark.django_db(transaction=True)
def test_a_call_is_heard_with_the_transactions_own_statements() -> None:
    def call() -> None:
        ask(1)
        with transaction.atomic():
            ask(2)
            with transaction.atomic():
                ask(3)
        with transaction.atomic():
            ask(4)

    heard = [statement.split(" ")[0] if "SAVEPOINT" in statement else statement for statement in record(call).statements]
    assert heard == [
        *("SELECT 1", "BEGIN", "SELECT 2", "SAVEPOINT", "SELECT 3", "RELEASE", "COMMIT"),
        *("BEGIN", "SELECT 4", "COMMIT"),
    ]


def test_a_replay_counts_up_and_repeats_nothing_that_has_to_be_unique() -> None:
    statements = [
        "BEGIN",
        "INSERT INTO t VALUES (710000001, '7Q4M-2KXP', '0b0f6a1e4c1d4f5c9b1c2d3e4f5a6b7c'::uuid, 'q:710000001')",
        "COMMIT",
    ]
    script = Replay(statements, {"quote": 710_000_001}, {}).script.splitlines()
    assert script == [
        r"\set quote :quote + 1",
        "BEGIN;",
        "INSERT INTO t VALUES (:quote, right(reverse((:quote)::text), 9), (SELECT gen_random_uuid())::uuid, 'q:' || :quote || '');",
        "COMMIT;",
    ]


@pytest.mark.django_db
def test_a_new_id_that_later_statements_name_is_kept_and_of_several_the_latest() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE billing_ledgerentry_id_seq RESTART WITH 690000001")
        cursor.execute("SELECT nextval('billing_ledgerentry_id_seq'), nextval('billing_ledgerentry_id_seq')")
    statements = [
        'INSERT INTO "billing_ledgerentry" ("key") VALUES (\'pay:1\') RETURNING id',
        "INSERT INTO line VALUES (690000001)",
        "INSERT INTO billing_ledgerentry (key) VALUES ('bt:1') RETURNING id",
        "INSERT INTO line VALUES (690000002)",
    ]
    assert Replay(statements, {"event": 610_000_000}, {"entry": "billing_ledgerentry"}).script.splitlines()[1:] == [
        'INSERT INTO "billing_ledgerentry" ("key") VALUES (\'pay:1\') RETURNING id \\gset entry_',
        "INSERT INTO line VALUES (:entry_id);",
        "INSERT INTO billing_ledgerentry (key) VALUES ('bt:1') RETURNING id \\gset entry_",
        "INSERT INTO line VALUES (:entry_id);",
    ]
