"""Operations about the triggers of native versioning.

A generated migration holds the text of its triggers, so that it means the same whatever the models
are like when it is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations, ops

from flask_continuum.engine.dialects import dialect_of
from flask_continuum.engine.native.catalogue import read_catalogue
from flask_continuum.engine.native.installing import drift, placed, sync, wanted
from flask_continuum.engine.registry import Registry, VersionedTable, registry_beside

_AS_IS = {"no_parameters": True}
"""Execution options for text in which a percent sign is one."""


@Operations.register_operation("create_history_trigger")
class CreateHistoryTriggerOp(MigrateOperation):
    """Make a trigger, or a function that triggers call, in place of one of the same name.

    :param name: its name.
    :param create: the statements that make it.
    :param drop: the statements that remove it, for the way back.
    """

    def __init__(self, name: str, create: Sequence[str], drop: Sequence[str]) -> None:
        self.name = name
        self.create = tuple(create)
        self.drop = tuple(drop)

    @classmethod
    def create_history_trigger(
        cls, operations: Operations, name: str, *, create: Sequence[str], drop: Sequence[str]
    ) -> None:
        """Run the operation, as ``op.create_history_trigger("article_version_insert", …)``."""
        operations.invoke(cls(name, create, drop))

    def reverse(self) -> MigrateOperation:
        """Return what removes it."""
        return DropHistoryTriggerOp(self.name, self.create, self.drop)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the operation as ``alembic check`` reports it."""
        return ("create_history_trigger", self.name)


@Operations.register_operation("drop_history_trigger")
class DropHistoryTriggerOp(MigrateOperation):
    """Remove a trigger, or a function that triggers call.

    :param name: its name.
    :param create: the statements that make it, for the way back.
    :param drop: the statements that remove it.
    """

    def __init__(self, name: str, create: Sequence[str], drop: Sequence[str]) -> None:
        self.name = name
        self.create = tuple(create)
        self.drop = tuple(drop)

    @classmethod
    def drop_history_trigger(
        cls, operations: Operations, name: str, *, create: Sequence[str], drop: Sequence[str]
    ) -> None:
        """Run the operation, as ``op.drop_history_trigger("article_version_insert", …)``."""
        operations.invoke(cls(name, create, drop))

    def reverse(self) -> MigrateOperation:
        """Return what makes it again."""
        return CreateHistoryTriggerOp(self.name, self.create, self.drop)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the operation as ``alembic check`` reports it."""
        return ("drop_history_trigger", self.name)


@Operations.register_operation("sync_history_trigger")
class SyncHistoryTriggerOp(MigrateOperation):
    """Bring the triggers of a table up to what the models say when it is run.

    For migrations by hand, and for those that run on databases of several kinds.

    :param table_name: the live table.
    :param schema: its schema.
    """

    def __init__(self, table_name: str, *, schema: str | None = None) -> None:
        self.table_name = table_name
        self.schema = schema

    @classmethod
    def sync_history_trigger(
        cls, operations: Operations, table_name: str, *, schema: str | None = None
    ) -> None:
        """Run the operation, as ``op.sync_history_trigger("article")``."""
        operations.invoke(cls(table_name, schema=schema))

    def reverse(self) -> MigrateOperation:
        """Return the same: the models say what is right."""
        return self

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the operation as ``alembic check`` reports it."""
        return ("sync_history_trigger", self.table_name)


# -- running -------------------------------------------------------------------------------------


@Operations.implementation_for(CreateHistoryTriggerOp)
def _create(operations: Operations, operation: CreateHistoryTriggerOp) -> None:
    _run(operations, operation.create)


@Operations.implementation_for(DropHistoryTriggerOp)
def _drop(operations: Operations, operation: DropHistoryTriggerOp) -> None:
    _run(operations, operation.drop)


@Operations.implementation_for(SyncHistoryTriggerOp)
def _sync(operations: Operations, operation: SyncHistoryTriggerOp) -> None:
    context = operations.migration_context
    given: Any = context.opts["target_metadata"]
    for metadata in given if isinstance(given, list | tuple) else [given]:
        registry = registry_beside(metadata)
        tables = [] if registry is None else list(_named(registry, operation))
        if registry is None or not tables:
            continue
        if context.as_sql:
            for trigger in wanted(dialect_of(context.dialect), registry, tables):
                _run(operations, trigger.create)
        else:
            sync(operations.get_bind(), registry, tables)


def _named(registry: Registry, operation: SyncHistoryTriggerOp) -> Iterator[VersionedTable]:
    for table in registry.tables.values():
        if (table.live.name, table.live.schema) == (operation.table_name, operation.schema):
            yield table


def _run(operations: Operations, statements: Iterable[str]) -> None:
    """Send statements as they are, or write them down where only SQL is asked for."""
    context = operations.migration_context
    if not context.as_sql:
        connection = operations.get_bind()
        for statement in statements:
            connection.exec_driver_sql(statement, execution_options=_AS_IS)
        return
    # a client of MariaDB ends statements at a semicolon, also within a body
    delimits = context.dialect.name in ("mysql", "mariadb")
    for statement in statements:
        if delimits and ";" in statement:
            context.impl.static_output(f"DELIMITER //\n\n{statement}\n//\n\nDELIMITER ;\n")
        else:
            context.impl.static_output(statement + context.impl.command_terminator + "\n")


# -- generating ----------------------------------------------------------------------------------


def follow_triggers(
    connection: sa.Connection, upgrade: ops.UpgradeOps, registry: Registry, metadata: sa.MetaData
) -> None:
    """Add what brings the triggers up to the models, around the changes of their tables.

    They are removed before: a table that is changed need not have what they name any more.
    """
    native = registry.native_tables(metadata)
    schemas = {each.live.schema for each in registry.tables.values()} or {None}
    there = [found for schema in schemas for found in read_catalogue(connection, schema)]
    if not native and not there:
        return
    models = list(wanted(placed(connection), registry, native)) if native else []
    stale = {each.name for each in drift(connection, registry, native)} if native else set()
    if connection.dialect.name == "sqlite" and _rebuilds(upgrade, registry, metadata):
        stale |= {each.name for each in models}
    meant = {each.name for each in models}
    removed = [each for each in there if each.name in stale or each.name not in meant]
    upgrade.ops[:0] = [
        DropHistoryTriggerOp(each.name, each.create, each.drop) for each in reversed(removed)
    ]
    upgrade.ops += [
        CreateHistoryTriggerOp(each.name, each.create, each.drop)
        for each in models
        if each.name in stale
    ]


def _rebuilds(upgrade: ops.UpgradeOps, registry: Registry, metadata: sa.MetaData) -> bool:
    """Tell whether a table is changed that triggers are on or name: SQLite makes it anew."""
    history = registry.history[metadata]
    names = {table.name for table in (history.transaction, history.current) if table is not None}
    for entry in registry.native_tables(metadata):
        names |= {entry.live.name, entry.version.name}
    return any(
        isinstance(change, ops.ModifyTableOps) and change.table_name in names
        for change in upgrade.ops
    )


# -- rendering -----------------------------------------------------------------------------------


def _render(name: str) -> Callable[[AutogenContext, Any], str]:
    def render(context: AutogenContext, operation: Any) -> str:
        lines = [f"op.{name}(", f"    {operation.name!r},"]
        for each in ("create", "drop"):
            lines.append(f"    {each}=[")
            lines += [f"        {_text(statement)}," for statement in getattr(operation, each)]
            lines.append("    ],")
        return "\n".join([*lines, ")"])

    return render


def _text(statement: str) -> str:
    """Return a statement as source: over several lines where it has some."""
    if "\n" not in statement or '"""' in statement or statement.endswith(('"', "\\")):
        return repr(statement)
    prefix = "r" if "\\" in statement else ""
    return f'{prefix}"""{statement}"""'


renderers.dispatch_for(CreateHistoryTriggerOp)(_render("create_history_trigger"))
renderers.dispatch_for(DropHistoryTriggerOp)(_render("drop_history_trigger"))


@renderers.dispatch_for(SyncHistoryTriggerOp)
def _render_syncing(context: AutogenContext, operation: SyncHistoryTriggerOp) -> str:
    schema = f", schema={operation.schema!r}" if operation.schema else ""
    return f"op.sync_history_trigger({operation.table_name!r}{schema})"
