"""Only reading whole rows by statements that are written out, for doors that everything passes: of a wide model Django takes longer
to compile the statement than the database to answer it. Everywhere else a query set is right.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row", bound=Model)


@cache
def columns(model: type[Model]) -> str:
    """All columns, to stand behind SELECT or RETURNING in a statement for `rows`."""
    table = model._meta.db_table
    return ", ".join(f'"{table}"."{field.column}"' for field in model._meta.concrete_fields)


def rows(model: type[Row], statement: str, params: Sequence[Any]) -> list[Row]:
    """The rows that a statement answers with; it asks for `columns(model)`."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found = [list(row) for row in cursor.fetchall()]
    names, converters = _reading(model)
    for row in found:
        for place, convert, expression in converters:
            row[place] = convert(row[place], expression, connection)
    return [model.from_db(connection.alias, names, row) for row in found]


def found(model: type[Row], condition: str, params: Sequence[Any]) -> Row | None:
    """The row for which an SQL condition holds, which names one at most (by a unique column, or by ORDER BY and LIMIT)."""
    answer = _where(model, condition, params)
    return answer[0] if answer else None


def found_locked(model: type[Row], condition: str, params: Sequence[Any]) -> Row | None:
    """The same, freshly read and locked until the transaction ends; a TransactionManagementError outside of one."""
    answer = all_locked(model, condition, params)
    return answer[0] if answer else None


def all_locked(model: type[Row], condition: str, params: Sequence[Any]) -> list[Row]:
    """Every row for which an SQL condition holds, locked as by `found_locked`, in the order that the condition ends with."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("a row is locked inside of a transaction")
    return _where(model, f"{condition} FOR UPDATE", params)


def locked(model: type[Row], pk: int) -> Row:
    """The row of this id, as `found_locked`. Raises the model's DoesNotExist."""
    row = found_locked(model, "id = %s", [pk])
    return QuerySet(model).get(pk=pk) if row is None else row


def _where(model: type[Row], condition: str, params: Sequence[Any]) -> list[Row]:
    statement = f'SELECT {columns(model)} FROM "{model._meta.db_table}" WHERE {condition}'  # noqa: S608 (our own words)
    return rows(model, statement, params)


@cache
def _reading(model: type[Model]) -> tuple[list[str], list[tuple[int, Any, Any]]]:
    """The fields' names, and by what their columns' values become Python's: place, function, expression."""
    fields = model._meta.concrete_fields
    seen = [field.get_col(model._meta.db_table) for field in fields]
    found = QuerySet(model).query.get_compiler(connection=connection).get_converters(seen)
    converters = [(place, convert, expression) for place, (functions, expression) in found.items() for convert in functions]
    return [field.attname for field in fields], converters
