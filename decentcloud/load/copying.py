"""The fastest way into the database: COPY with ids that are given out beforehand."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import InternalError, ProgrammingError, connection, transaction
from django.db.models import Field, Model

Row = TypeVar("Row", bound=Model)


def ids_for(model: type[Model], count: int) -> range:
    """`count` ids that nobody else will get; the sequence goes on behind them."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        first = int(cursor.fetchone()[0])
        if count > 1:
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, first + count - 1])
    return range(first, first + count)


def columns_of(model: type[Model]) -> "list[Field[Any, Any]]":
    """Every column that is written; generated ones make themselves."""
    return [field for field in model._meta.local_concrete_fields if not field.generated]


def copy_rows(model: type[Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows of plain values into the named columns of the model's table."""
    quoted = ", ".join(connection.ops.quote_name(name) for name in names)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({quoted}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def copy_models(model: type[Row], instances: Iterable[Row]) -> None:
    """Copy unsaved instances that have their ids."""
    fields = columns_of(model)
    copy_rows(
        model,
        [str(field.column) for field in fields],
        ([field.get_db_prep_save(getattr(one, field.attname), connection) for field in fields] for one in instances),
    )


@contextmanager
def unchecked() -> Iterator[None]:
    """One transaction in which foreign keys and triggers are not asked, where the role may say so: the rows are right by making."""
    with transaction.atomic():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
        except (ProgrammingError, InternalError):
            # Not ours to switch off: the database checks each row, which takes longer and changes nothing.
            pass
        yield
