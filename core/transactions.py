"""The guard "never inside a transaction": for calls to other machines and for whole reactions, which commit piece by piece."""

from django.db import connection, transaction


def require_no_transaction() -> None:
    """Raise RuntimeError inside of a transaction (the one that a test puts around itself does not count).

    A call that moves money must find its row committed, and no row may stay locked while another machine thinks.
    """
    if connection.in_atomic_block:
        # Django's own check knows the transactions of tests; nothing is sent to the database.
        with transaction.atomic(durable=True):
            pass
