"""The ends of versions, written when a history moves from the subquery to the validity strategy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations

from flask_continuum.schema import update_end_tx_column


@Operations.register_operation("fill_ends")
class FillEndsOp(MigrateOperation):
    """Write where each version ends: where the next one of the same record begins.

    :param table_name: the version table.
    :param key: the columns that identify a record.
    :param end_column: the column that is filled.
    :param transaction_column: the column with the transaction that a version begins in.
    :param schema: the schema of the table.
    """

    def __init__(
        self,
        table_name: str,
        *,
        key: Sequence[str],
        end_column: str = "end_transaction_id",
        transaction_column: str = "transaction_id",
        schema: str | None = None,
    ) -> None:
        self.table_name = table_name
        self.key = list(key)
        self.end_column = end_column
        self.transaction_column = transaction_column
        self.schema = schema

    @classmethod
    def fill_ends(
        cls, operations: Operations, table_name: str, *, key: Sequence[str], **options: Any
    ) -> None:
        """Run the operation, as ``op.fill_ends("article_version", key=["id"])``."""
        operations.invoke(cls(table_name, key=key, **options))

    def reverse(self) -> MigrateOperation:
        """Return the operation itself: there is nothing to take back before the column goes."""
        return self

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the operation as ``alembic check`` reports it."""
        return ("fill_ends", self.table_name)


@Operations.implementation_for(FillEndsOp)
def _fill(operations: Operations, operation: FillEndsOp) -> None:
    table = sa.Table(
        operation.table_name,
        sa.MetaData(),
        *(sa.Column(name, primary_key=True) for name in operation.key),
        sa.Column(operation.transaction_column, sa.BigInteger, primary_key=True),
        sa.Column(operation.end_column, sa.BigInteger),
        schema=operation.schema,
    )
    update_end_tx_column(
        table,
        end_tx_column_name=operation.end_column,
        tx_column_name=operation.transaction_column,
        conn=operations,
    )


@renderers.dispatch_for(FillEndsOp)
def _render(context: AutogenContext, operation: FillEndsOp) -> str:
    arguments = [repr(operation.table_name), f"key={operation.key!r}"]
    if operation.end_column != "end_transaction_id":
        arguments.append(f"end_column={operation.end_column!r}")
    if operation.transaction_column != "transaction_id":
        arguments.append(f"transaction_column={operation.transaction_column!r}")
    if operation.schema:
        arguments.append(f"schema={operation.schema!r}")
    return f"op.fill_ends({', '.join(arguments)})"
