"""A live column that is renamed takes its version column along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import MigrateOperation, Operations, ops, toimpl

from flask_continuum.engine.registry import VersionedTable, registry_beside

_DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb")


@Operations.register_operation("rename_versioned_column")
class RenameVersionedColumnOp(MigrateOperation):
    """Rename a column of a live table and of its version table, with what is known of it.

    :param table_name: the live table.
    :param old: the column's name.
    :param new: its name from now on.
    :param version_table: the version table.
    :param schema: the schema of both.
    """

    def __init__(
        self, table_name: str, old: str, new: str, *, version_table: str, schema: str | None = None
    ) -> None:
        self.table_name = table_name
        self.old = old
        self.new = new
        self.version_table = version_table
        self.schema = schema

    @classmethod
    def rename_versioned_column(
        cls,
        operations: Operations,
        table_name: str,
        old: str,
        new: str,
        *,
        version_table: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Run the operation, as ``op.rename_versioned_column("article", "title", "headline")``.

        :param version_table: ``article_version`` without it.
        """
        name = version_table or f"{table_name}_version"
        operations.invoke(cls(table_name, old, new, version_table=name, schema=schema))

    def reverse(self) -> MigrateOperation:
        """Return what gives the column its old name."""
        return RenameVersionedColumnOp(
            self.table_name,
            self.new,
            self.old,
            version_table=self.version_table,
            schema=self.schema,
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the operation as ``alembic check`` reports it."""
        return ("rename_versioned_column", self.table_name, self.old, self.new)


@Operations.implementation_for(RenameVersionedColumnOp)
def _rename(operations: Operations, operation: RenameVersionedColumnOp) -> None:
    for table in (operation.table_name, operation.version_table):
        _rename_column(operations, table, operation.old, operation.new, operation.schema)
    _rename_spans(
        operations, operation.version_table, operation.old, operation.new, operation.schema
    )


def _rename_column(
    operations: Operations, table: str, old: str, new: str, schema: str | None
) -> None:
    quote = operations.migration_context.dialect.identifier_preparer.quote
    name = f"{quote(schema)}.{quote(table)}" if schema else quote(table)
    operations.execute(f"ALTER TABLE {name} RENAME COLUMN {quote(old)} TO {quote(new)}")


def _rename_spans(
    operations: Operations, version_table: str, old: str, new: str, schema: str | None
) -> None:
    name = f"{schema}.{version_table}" if schema else version_table
    for told in ("history_column", "history_erasure"):
        spans = sa.table(told, sa.column("table_name"), sa.column("column_name"))
        operations.execute(
            spans.update()
            .where(spans.c.table_name == name, spans.c.column_name == old)
            .values(column_name=new)
        )


# -- a rename that somebody has written by hand ------------------------------------------------


def follow_renames() -> None:
    """Have ``op.alter_column(..., new_column_name=...)`` on a live table carry history along.

    It stands beside Alembic's own implementation, which it calls: for the names of databases,
    where Alembic has one for all.
    """
    for dialect in _DIALECTS:
        if (ops.AlterColumnOp, dialect) not in Operations._to_impl._registry:
            Operations._to_impl.dispatch_for(ops.AlterColumnOp, qualifier=dialect)(_alter_column)


def _alter_column(operations: Operations, operation: ops.AlterColumnOp) -> None:
    old, new = operation.column_name, operation.modify_name
    outside = Operations(operations.migration_context)  # of a batch, which is about one table
    if new is not None and _is_renamed_already(outside, operation):
        return
    toimpl.alter_column(operations, operation)
    if new is None:
        return
    for entry in _versioned(outside, operation):
        version = entry.version
        if _has_column(outside, version.name, old, version.schema):
            _rename_column(outside, version.name, old, new, version.schema)
            _rename_spans(outside, version.name, old, new, version.schema)


def _versioned(operations: Operations, operation: ops.AlterColumnOp) -> Iterator[VersionedTable]:
    """Yield the entry of a live table, where the models know it."""
    for entry in _entries(operations):
        if (entry.live.name, entry.live.schema) == (operation.table_name, operation.schema):
            yield entry


def _is_renamed_already(operations: Operations, operation: ops.AlterColumnOp) -> bool:
    """Tell whether a version table's column has followed its live one before."""
    return any(
        (entry.version.name, entry.version.schema) == (operation.table_name, operation.schema)
        and not _has_column(
            operations, operation.table_name, operation.column_name, operation.schema
        )
        for entry in _entries(operations)
    )


def _entries(operations: Operations) -> Iterator[VersionedTable]:
    given: Any = operations.migration_context.opts.get("target_metadata")
    for metadata in given if isinstance(given, list | tuple) else [given]:
        registry = None if metadata is None else registry_beside(metadata)
        if registry is not None:
            yield from (each for live, each in registry.tables.items() if live.metadata is metadata)


def _has_column(operations: Operations, table: str, column: str, schema: str | None) -> bool:
    """Tell whether the database has a column; where SQL is only written, it is taken to."""
    context = operations.migration_context
    if context.as_sql:
        return True
    inspector = sa.inspect(operations.get_bind())
    if not inspector.has_table(table, schema=schema):
        return False
    return column in {each["name"] for each in inspector.get_columns(table, schema=schema)}
