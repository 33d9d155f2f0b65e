"""Version tables: nullable copies of the live columns, keyed by record and transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.types import NullType, SchemaType

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.naming import fitting, version_table_name
from flask_continuum.engine.options import Options
from flask_continuum.engine.registry import LIVE_TABLE, VersionedTable
from flask_continuum.engine.unreadable import tolerant

TransactionId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""What a transaction is numbered with; SQLite counts by itself in an INTEGER only."""


def build_version_table(
    live: sa.Table,
    options: Options,
    *,
    excluded: frozenset[str] = frozenset(),
    key: tuple[sa.Column[Any], ...] | None = None,
    link_columns: tuple[sa.Column[Any], ...] | None = None,
) -> VersionedTable:
    """Make the version table of ``live`` in the same metadata and schema.

    :param excluded: keys of live columns that are not recorded; key columns always are.
    :param key: the primary key in the order in which records are identified.
    :param link_columns: for a link table, the columns that link; they are the key where the
        table has no primary key that they fill.
    :raises ImproperlyConfigured: when the name is taken, or the table has no key.
    """
    if not key:
        key = _key_columns(live, link_columns)
    name = version_table_name(options.table_name, live.name)
    full_name = f"{live.schema}.{name}" if live.schema else name
    if full_name in live.metadata.tables:
        raise ImproperlyConfigured(
            f"The version table of {live.name!r} would be called {name!r}, but a table of that "
            f"name exists already. Choose another name with the option table_name."
        )
    for reserved in _bookkeeping_names(options):
        if reserved in live.c:
            raise ImproperlyConfigured(
                f"The table {live.name!r} has a column {reserved!r}, which its version table needs "
                f"for itself. Choose another name with the option that sets it."
            )
    key_names = {c.key for c in key}
    primary = [*(c.key for c in live.primary_key if c.key in key_names or not link_columns)]
    primary += [c.key for c in key if c.key not in primary]
    version = sa.Table(
        name,
        live.metadata,
        *(
            _version_column(c, nullable=c.key not in primary)
            for c in live.c
            if c.key in primary or c.key not in excluded
        ),
        sa.Column(
            options.transaction_column_name, TransactionId, autoincrement=False, nullable=False
        ),
        *_validity_column(options),
        sa.Column(options.operation_type_column_name, sa.SmallInteger, nullable=False),
        schema=live.schema,
        info={**live.info, LIVE_TABLE: live.key},
        **_storage_arguments(live),
    )
    version.append_constraint(
        sa.PrimaryKeyConstraint(
            *(version.c[k] for k in primary), version.c[options.transaction_column_name]
        )
    )
    sa.Index(
        fitting(f"ix_{name}_{options.transaction_column_name}"),
        version.c[options.transaction_column_name],
    )
    entry = VersionedTable(live, version, key, link_columns is not None, options)
    _index_foreign_keys(entry, (c for c in live.c if c.foreign_keys))
    return entry


def sync_columns(entry: VersionedTable, excluded: frozenset[str]) -> None:
    """Bring the version table up to date with columns that came after it was made.

    Subclasses of single-table inheritance add columns to their parent's table, and the type of
    a foreign key column without one is known only when its target is.
    """
    for column in entry.live.c:
        version = entry.version.c.get(column.key)
        if version is None:
            if column.key not in excluded:
                entry.version.append_column(_version_column(column))
                _index_foreign_keys(entry, [column] if column.foreign_keys else ())
        elif isinstance(version.type, NullType) and not isinstance(column.type, NullType):
            version.type = _version_type(column.type)


def _key_columns(
    live: sa.Table, link_columns: tuple[sa.Column[Any], ...] | None
) -> tuple[sa.Column[Any], ...]:
    primary = tuple(live.primary_key)
    if link_columns is None:
        if not primary:
            raise ImproperlyConfigured(
                f"The table {live.name!r} has no primary key, so its records cannot be told apart "
                f"and cannot be versioned."
            )
        return primary
    return primary if primary and set(primary) <= set(link_columns) else link_columns


def _bookkeeping_names(options: Options) -> Iterable[str]:
    yield options.transaction_column_name
    yield options.operation_type_column_name
    if options.strategy == "validity":
        yield options.end_transaction_column_name


def _validity_column(options: Options) -> tuple[sa.Column[Any], ...]:
    if options.strategy != "validity":
        return ()
    return (sa.Column(options.end_transaction_column_name, TransactionId, nullable=True),)


def _version_column(live: sa.Column[Any], *, nullable: bool = True) -> sa.Column[Any]:
    """Copy what describes the value and leave behind what makes or checks it.

    :param nullable: false for the key, as the database has it: migrations are compared with it.
    """
    return sa.Column(
        live.name,
        _version_type(live.type),
        key=live.key,
        nullable=nullable,
        # no key counts by itself; of other columns that need not be said
        autoincrement="auto" if nullable else False,
        info={**live.info},
    )


def _version_type(live: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    if isinstance(live, NullType):
        return live
    if not isinstance(live, SchemaType):
        return tolerant(live)
    copied: Any = live.copy()
    # a check constraint would forbid what an old version rightly holds
    copied.create_constraint = False
    return tolerant(copied)


def _storage_arguments(live: sa.Table) -> dict[str, Any]:
    """Return MariaDB's table options: a key's collation must be the same on both sides."""
    wanted = ("engine", "charset", "default_charset", "collate", "row_format")
    return {
        name: value
        for name, value in live.kwargs.items()
        if name.startswith(("mysql_", "mariadb_")) and name.split("_", 1)[1] in wanted
    }


def _index_foreign_keys(entry: VersionedTable, columns: Iterable[sa.Column[Any]]) -> None:
    """Index what relationships are searched by, except where the primary key begins with it."""
    first = next(iter(entry.version.primary_key)).key
    for column in columns:
        if column.key != first and column.key in entry.version.c:
            sa.Index(fitting(f"ix_{entry.version.name}_{column.name}"), entry.version.c[column.key])


def to_version(expression: Any, tables: tuple[VersionedTable, ...]) -> Any:
    """Return ``expression`` with live columns replaced by their version columns."""
    columns = {live: version for table in tables for live, version in table.columns}

    def replace(element: Any, **_: Any) -> Any:
        return columns.get(element) if isinstance(element, sa.Column) else None

    if isinstance(expression, sa.Column):
        return columns.get(expression, expression)
    return visitors.replacement_traverse(expression, {}, replace)
