"""Columns of version tables that are filled afterwards, each table in one statement.

Migrations use these, where there may be no models: all that is known is a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.read.conditions import differs
from flask_continuum.engine.typed import AnySelect


def update_end_tx_column(
    table: sa.Table,
    end_tx_column_name: str = "end_transaction_id",
    tx_column_name: str = "transaction_id",
    conn: Any = None,
) -> None:
    """Write where each version ends: where the next one of the same record begins.

    This is the step from the strategy ``"subquery"`` to ``"validity"``. Ends that are right
    already are not touched, wrong ones are mended.

    :param table: the version table, with its primary key.
    :param conn: a connection, an engine, a session or alembic's ``Operations``; the operations
        of the running migration (``alembic.op``) without it.
    :raises ImproperlyConfigured: when the table has no primary key, or lacks a column.
    """
    _check(table, tx_column_name, end_tx_column_name)
    query = get_end_tx_column_query(table, end_tx_column_name, tx_column_name)
    right = query.subquery("right_ends")
    end = table.c[end_tx_column_name]
    found = right.c[end_tx_column_name]
    statement = (
        sa.update(table)
        .values({end: found})
        .where(*_same_version(table, right), end.is_distinct_from(found))
    )
    _Target(conn, table).execute(statement)


def get_end_tx_column_query(
    table: sa.Table,
    end_tx_column_name: str = "end_transaction_id",
    tx_column_name: str = "transaction_id",
) -> AnySelect:
    """Select the key of each version with the transaction in which it ends, NULL for open ones.

    :raises ImproperlyConfigured: when the table has no primary key, or lacks the column.
    """
    _check(table, tx_column_name)
    began = table.c[tx_column_name]
    follows = sa.func.lead(began, type_=began.type).over(**_window(table, tx_column_name))
    return sa.select(*table.primary_key, follows.label(end_tx_column_name))


def update_property_mod_flags(
    table: sa.Table,
    tracked_columns: Sequence[str],
    mod_suffix: str = "_mod",
    end_tx_column_name: str = "end_transaction_id",
    tx_column_name: str = "transaction_id",
    conn: Any = None,
) -> None:
    """Write for each version which columns changed in it, against the one before.

    Everything changed in a record's first version. This is the step to the plugin that tracks
    modified properties.

    :param table: the version table, with its primary key.
    :param tracked_columns: the columns whose flags are written.
    :param end_tx_column_name: kept for compatibility: neighbours are found by their beginning.
    :param conn: as for :func:`update_end_tx_column`.
    :raises ImproperlyConfigured: when the table has no primary key, or lacks a column.
    """
    if not tracked_columns:
        return
    names = [name + mod_suffix for name in tracked_columns]
    _check(table, tx_column_name, *tracked_columns, *names)
    target = _Target(conn, table)
    flags = _flags(table, tracked_columns, mod_suffix, tx_column_name, target.dialect)
    found = flags.subquery("flags")
    statement = (
        sa.update(table)
        .values({table.c[name]: found.c[name] for name in names})
        .where(*_same_version(table, found))
    )
    target.execute(statement)


def get_property_mod_flags_query(
    table: sa.Table,
    tracked_columns: Sequence[str],
    mod_suffix: str = "_mod",
    end_tx_column_name: str = "end_transaction_id",
    tx_column_name: str = "transaction_id",
    dialect: str = "default",
) -> AnySelect:
    """Select the key of each version with a flag for each column, true where it changed.

    :param end_tx_column_name: kept for compatibility.
    :param dialect: the name of the database's dialect: how stored values are told apart.
    :raises ImproperlyConfigured: when the table has no primary key, or lacks a column.
    """
    _check(table, tx_column_name, *tracked_columns)
    return _flags(table, tracked_columns, mod_suffix, tx_column_name, dialect)


class _Target:
    """Where a statement goes: whatever a migration or a script has at hand."""

    def __init__(self, conn: Any, table: sa.Table) -> None:
        if conn is None:
            from alembic import op

            conn = op
        if isinstance(conn, scoped_session):
            conn = conn()
        if isinstance(conn, Session):
            conn = conn.connection(bind_arguments={"clause": table})
        self._conn = conn

    @property
    def dialect(self) -> str:
        """The name of the database's dialect."""
        own = getattr(self._conn, "dialect", None)
        name: str = (self._conn.get_context().dialect if own is None else own).name
        return name

    def execute(self, statement: sa.Update) -> None:
        """Run a statement; in an offline migration it is written out."""
        if isinstance(self._conn, sa.Engine):
            with self._conn.begin() as connection:
                connection.execute(statement, execution_options=OWN)
        else:
            self._conn.execute(statement, execution_options=OWN)


def _flags(
    table: sa.Table, tracked: Sequence[str], suffix: str, tx_column_name: str, dialect: str
) -> AnySelect:
    window = _window(table, tx_column_name)
    is_first = sa.func.lag(table.c[tx_column_name]).over(**window).is_(None)
    flags = []
    for name in tracked:
        column = table.c[name]
        before = sa.func.lag(column, type_=column.type).over(**window)
        changed = differs(column, before, column, dialect)
        flags.append(sa.case((sa.or_(is_first, changed), sa.true()), else_=sa.false()))
    return sa.select(
        *table.primary_key,
        *(flag.label(name + suffix) for flag, name in zip(flags, tracked, strict=True)),
    )


def _window(table: sa.Table, tx_column_name: str) -> dict[str, Any]:
    key = [column for column in table.primary_key if column.key != tx_column_name]
    return {"partition_by": key, "order_by": table.c[tx_column_name]}


def _same_version(table: sa.Table, other: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    return [column == other.c[column.key] for column in table.primary_key]


def _check(table: sa.Table, tx_column_name: str, *names: str) -> None:
    missing = [name for name in (tx_column_name, *names) if name not in table.c]
    if missing:
        raise ImproperlyConfigured(f"The table {table.name!r} has no column {missing[0]!r}.")
    if tx_column_name not in table.primary_key or len(table.primary_key) < 2:
        raise ImproperlyConfigured(
            f"The primary key of {table.name!r} has to be that of the record and "
            f"{tx_column_name!r}: versions are told apart by it. Reflect the table "
            f"(autoload_with=…), or name its primary key."
        )
