"""What autogenerate asks: what models have changed, and whether another package began history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import util
from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops

from flask_continuum.engine.registry import Registry, VersionedTable, registry_beside
from flask_continuum.engine.typed import AnySelect
from flask_continuum.migrations.following import follow, read_known
from flask_continuum.migrations.numbering import is_numbered
from flask_continuum.migrations.operations import AdoptHistoryOp
from flask_continuum.migrations.triggers import follow_triggers


def listen() -> None:
    """Have autogenerate ask, after it has compared the tables.

    Later releases of Alembic compare tables last unless told otherwise; earlier ones go by the
    order in which they were told.
    """
    priorities: Any = getattr(util, "DispatchPriority", None)
    options = {} if priorities is None else {"priority": priorities.LAST}
    comparators.dispatch_for("schema", **options)(compare_histories)


def compare_histories(
    context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]
) -> None:
    """Have history follow the models; add what makes it fit to be continued, where it is not."""
    connection = context.connection
    given: Any = context.metadata
    assert connection is not None
    metadatas: Iterable[sa.MetaData] = given if isinstance(given, list | tuple) else [given]
    for each in metadatas:
        registry = registry_beside(each)
        if registry is not None:
            history = registry.history[each]
            follow(upgrade, registry, each, read_known(connection, history.history_column))
            upgrade.ops += _adopting_further(connection, history.further.values())
            _adopt(connection, upgrade, registry, each)
            follow_triggers(connection, upgrade, registry, each)


def _adopt(
    connection: sa.Connection, upgrade: ops.UpgradeOps, registry: Registry, metadata: sa.MetaData
) -> None:
    """Add what takes a history of another package over, if there is one."""
    transaction = registry.history[metadata].transaction
    if not sa.inspect(connection).has_table(transaction.name, schema=transaction.schema):
        return
    if is_numbered(connection, transaction):
        return
    if connection.dialect.name == "sqlite":
        _leave_unnamed_keys(upgrade, transaction.name)
    upgrade.ops.append(
        AdoptHistoryOp(
            transaction.name,
            without_ends=list(_without_ends(connection, registry, metadata)),
            schema=transaction.schema,
        )
    )


def _adopting_further(
    connection: sa.Connection, tables: Iterable[sa.Table]
) -> Iterator[ops.MigrateOperation]:
    """Yield what has the tables of plugins number their rows; on SQLite they do by themselves."""
    if connection.dialect.name == "sqlite":
        return
    inspector = sa.inspect(connection)
    counting = (table for table in tables if table.autoincrement_column is not None)
    for table in counting:
        there = inspector.has_table(table.name, schema=table.schema)
        if there and not is_numbered(connection, table):
            yield AdoptHistoryOp(table.name, schema=table.schema)


def _without_ends(
    connection: sa.Connection, registry: Registry, metadata: sa.MetaData
) -> Iterator[str]:
    """Yield the version tables with a version that has a successor and no end."""
    inspector = sa.inspect(connection)
    for entry in registry.tables.values():
        version = entry.version
        if version.metadata is not metadata or entry.end_transaction_id is None:
            continue
        if not inspector.has_table(version.name, schema=version.schema):
            continue
        if connection.execute(_open_with_successor(entry)).first() is not None:
            yield version.name


def _open_with_successor(entry: VersionedTable) -> AnySelect:
    earlier, later = entry.version.alias(), entry.version.alias()
    number = entry.transaction_id.key
    end = entry.end_transaction_id
    assert end is not None
    return (
        sa.select(sa.literal(1))
        .select_from(earlier)
        .join(
            later,
            sa.and_(
                *(earlier.c[c.key] == later.c[c.key] for c in entry.version_key),
                earlier.c[number] < later.c[number],
            ),
        )
        .where(earlier.c[end.key].is_(None))
        .limit(1)
    )


def _leave_unnamed_keys(upgrade: ops.UpgradeOps, table_name: str) -> None:
    """Take out what SQLite cannot do: drop a foreign key that has no name.

    Adopting the history makes the table anew, without it.
    """
    for change in upgrade.ops:
        if isinstance(change, ops.ModifyTableOps) and change.table_name == table_name:
            change.ops = [
                each
                for each in change.ops
                if not (
                    isinstance(each, ops.DropConstraintOp)
                    and each.constraint_type == "foreignkey"
                    and each.constraint_name is None
                )
            ]
