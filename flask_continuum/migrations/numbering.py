"""Where the numbers of transactions come from, in each database.

SQLAlchemy-Continuum asks a sequence and gives the number; history here is numbered by its table,
so that whoever writes a transaction, a trigger too, gets the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.dialects import mysql

SEQUENCE = "transaction_id_seq"
"""The sequence that SQLAlchemy-Continuum numbers transactions with, whatever their table is."""

_OWN_SEQUENCES: Mapping[str, str] = MappingProxyType({"activity": "activity_id_seq"})
"""Those of its plugins' tables."""


def is_numbered(connection: sa.Connection, table: sa.Table) -> bool:
    """Tell whether a table in the database gives out the numbers of its rows by itself."""
    if connection.dialect.name == "sqlite":
        return "AUTOINCREMENT" in _sqlite_definition(connection, table.name).upper()
    columns = sa.inspect(connection).get_columns(table.name, schema=table.schema)
    (column,) = (each for each in columns if each["name"] == table.c.id.name)
    if connection.dialect.name in ("mysql", "mariadb"):
        return bool(column.get("autoincrement"))
    return column.get("default") is not None or column.get("identity") is not None


def begin(operations: Operations, table_name: str, schema: str | None) -> None:
    """Have a transaction table give out its numbers, from above the greatest on."""
    _changing(operations, _BEGIN)(operations, table_name, schema)


def end(operations: Operations, table_name: str, schema: str | None) -> None:
    """Have the numbers come from a sequence of their own again."""
    _changing(operations, _END)(operations, table_name, schema)


_Change = Callable[[Operations, str, str | None], None]


def _changing(operations: Operations, changes: Mapping[str, _Change]) -> _Change:
    name = operations.get_bind().dialect.name
    if name not in changes:
        raise NotImplementedError(
            f"How {name} gives out numbers is not known here. Make the column id of the "
            f"transaction table number itself by hand, from above the greatest number on."
        )
    return changes[name]


# -- PostgreSQL ----------------------------------------------------------------------------------


def _begin_postgresql(operations: Operations, table_name: str, schema: str | None) -> None:
    table, sequence = _names(operations, schema, table_name, _sequence(table_name))
    operations.execute(f"CREATE SEQUENCE IF NOT EXISTS {sequence}")
    operations.execute(f"ALTER SEQUENCE {sequence} OWNED BY {table}.id")
    operations.execute(
        f"SELECT setval('{sequence}', greatest(nextval('{sequence}'), "
        f"(SELECT coalesce(max(id), 0) + 1 FROM {table})), false)"
    )
    operations.execute(f"ALTER TABLE {table} ALTER COLUMN id SET DEFAULT nextval('{sequence}')")


def _end_postgresql(operations: Operations, table_name: str, schema: str | None) -> None:
    table, sequence = _names(operations, schema, table_name, _sequence(table_name))
    operations.execute(f"ALTER TABLE {table} ALTER COLUMN id DROP DEFAULT")
    operations.execute(f"ALTER SEQUENCE {sequence} OWNED BY NONE")


# -- MariaDB and MySQL ---------------------------------------------------------------------------


def _begin_mysql(operations: Operations, table_name: str, schema: str | None) -> None:
    table, sequence = _names(operations, schema, table_name, _sequence(table_name))
    operations.execute(f"ALTER TABLE {table} MODIFY id BIGINT NOT NULL AUTO_INCREMENT")
    if table_name not in _OWN_SEQUENCES:
        instant = mysql.DATETIME(fsp=6)
        operations.alter_column(
            table_name, "issued_at", type_=instant, existing_nullable=True, schema=schema
        )
    if _has_sequences(operations):
        operations.execute(f"DROP SEQUENCE IF EXISTS {sequence}")


def _end_mysql(operations: Operations, table_name: str, schema: str | None) -> None:
    table, sequence = _names(operations, schema, table_name, _sequence(table_name))
    operations.execute(f"ALTER TABLE {table} MODIFY id BIGINT NOT NULL")
    if _has_sequences(operations):
        greatest = operations.get_bind().scalar(
            sa.text(f"SELECT coalesce(max(id), 0) FROM {table}")
        )
        operations.execute(f"CREATE SEQUENCE {sequence} START WITH {int(greatest) + 1}")


def _has_sequences(operations: Operations) -> bool:
    return bool(operations.get_bind().dialect.supports_sequences)


# -- SQLite --------------------------------------------------------------------------------------


def _begin_sqlite(operations: Operations, table_name: str, schema: str | None) -> None:
    """Make the table anew: only its definition says that no number is given out again.

    A foreign key to the application's users goes with it, for users can be deleted.
    """
    _recreate_sqlite(operations, table_name, counting=True)


def _end_sqlite(operations: Operations, table_name: str, schema: str | None) -> None:
    _recreate_sqlite(operations, table_name, counting=False)


def _recreate_sqlite(operations: Operations, table_name: str, *, counting: bool) -> None:
    connection = operations.get_bind()
    found = sa.Table(table_name, sa.MetaData(), autoload_with=connection, resolve_fks=False)
    columns = [sa.Column(c.name, c.type, nullable=c.nullable) for c in found.c]
    copy = sa.Table(
        table_name,
        sa.MetaData(),
        *columns,
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=counting,
    )
    arguments: dict[str, Any] = {"recreate": "always", "copy_from": copy}
    with operations.batch_alter_table(table_name, **arguments):
        pass
    for index in found.indexes:
        names = [c.name for c in index.columns]
        operations.create_index(index.name, table_name, names, unique=bool(index.unique))


def _sqlite_definition(connection: sa.Connection, table_name: str) -> str:
    statement = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    return str(connection.scalar(statement, {"name": table_name}))


# -- all -----------------------------------------------------------------------------------------


def _sequence(table_name: str) -> str:
    return _OWN_SEQUENCES.get(table_name, SEQUENCE)


def _names(operations: Operations, schema: str | None, *names: str) -> tuple[str, ...]:
    """Return names as they are written in SQL text."""
    quote = operations.get_bind().dialect.identifier_preparer.quote
    prefix = f"{quote(schema)}." if schema else ""
    return tuple(prefix + quote(name) for name in names)


_BEGIN: Mapping[str, _Change] = {
    "postgresql": _begin_postgresql,
    "mysql": _begin_mysql,
    "mariadb": _begin_mysql,
    "sqlite": _begin_sqlite,
}
_END: Mapping[str, _Change] = {
    "postgresql": _end_postgresql,
    "mysql": _end_mysql,
    "mariadb": _end_mysql,
    "sqlite": _end_sqlite,
}
