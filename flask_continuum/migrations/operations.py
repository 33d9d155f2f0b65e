"""Operations of migrations, each with how it is written into a script and how to take it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations

from flask_continuum.migrations import numbering
from flask_continuum.schema import update_end_tx_column


@Operations.register_operation("adopt_history")
class AdoptHistoryOp(MigrateOperation):
    """Make a history that SQLAlchemy-Continuum began fit to be continued.

    Its transactions get their numbers from the database from now on, the precision of their
    instants becomes that of microseconds, and versions of links get the ends that were left open.

    :param table_name: the transaction table, or one of a plugin that numbers its rows.
    :param without_ends: version tables with versions that have a successor and no end.
    :param schema: the schema of all of them.
    """

    def __init__(
        self, table_name: str, *, without_ends: Sequence[str] = (), schema: str | None = None
    ) -> None:
        self.table_name = table_name
        self.without_ends = tuple(without_ends)
        self.schema = schema

    @classmethod
    def adopt_history(
        cls,
        operations: Operations,
        table_name: str,
        *,
        without_ends: Sequence[str] = (),
        schema: str | None = None,
    ) -> None:
        """Run the operation, as ``op.adopt_history("transaction")``."""
        operations.invoke(cls(table_name, without_ends=without_ends, schema=schema))

    def reverse(self) -> MigrateOperation:
        """Return what gives the history back; ends that were found are true and stay."""
        return ReleaseHistoryOp(self.table_name, schema=self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the operation as ``alembic check`` reports it."""
        return ("adopt_history", self.table_name)


@Operations.register_operation("release_history")
class ReleaseHistoryOp(MigrateOperation):
    """Let the numbers of transactions come from a sequence of their own again.

    :param table_name: the transaction table.
    :param schema: its schema.
    """

    def __init__(self, table_name: str, *, schema: str | None = None) -> None:
        self.table_name = table_name
        self.schema = schema

    @classmethod
    def release_history(
        cls, operations: Operations, table_name: str, *, schema: str | None = None
    ) -> None:
        """Run the operation, as ``op.release_history("transaction")``."""
        operations.invoke(cls(table_name, schema=schema))

    def reverse(self) -> MigrateOperation:
        """Return what adopts the history."""
        return AdoptHistoryOp(self.table_name, schema=self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the operation as ``alembic check`` reports it."""
        return ("release_history", self.table_name)


@Operations.implementation_for(AdoptHistoryOp)
def _adopt(operations: Operations, operation: AdoptHistoryOp) -> None:
    connection = operations.get_bind()
    numbering.begin(operations, operation.table_name, operation.schema)
    for name in operation.without_ends:
        table = sa.Table(
            name,
            sa.MetaData(),
            schema=operation.schema,
            autoload_with=connection,
            resolve_fks=False,
        )
        update_end_tx_column(table, conn=connection)


@Operations.implementation_for(ReleaseHistoryOp)
def _release(operations: Operations, operation: ReleaseHistoryOp) -> None:
    numbering.end(operations, operation.table_name, operation.schema)


@renderers.dispatch_for(AdoptHistoryOp)
def _render_adopting(context: AutogenContext, operation: AdoptHistoryOp) -> str:
    ends = f", without_ends={list(operation.without_ends)!r}" if operation.without_ends else ""
    return f"op.adopt_history({operation.table_name!r}{ends}{_schema(operation.schema)})"


@renderers.dispatch_for(ReleaseHistoryOp)
def _render_releasing(context: AutogenContext, operation: ReleaseHistoryOp) -> str:
    return f"op.release_history({operation.table_name!r}{_schema(operation.schema)})"


def _schema(name: str | None) -> str:
    return f", schema={name!r}" if name else ""
