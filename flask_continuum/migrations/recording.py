"""Operations that say since when, and until when, a table or a column is recorded.

They write rows of ``history_column`` and nothing else, by statements that need no answer, so that
they can be rendered as SQL too.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations

from flask_continuum.engine.build.history import WHOLE_TABLE

_SPANS = sa.table(
    "history_column",
    sa.column("table_name", sa.String),
    sa.column("column_name", sa.String),
    sa.column("since", sa.BigInteger),
    sa.column("until", sa.BigInteger),
)


class RecordingOp(MigrateOperation):
    """Says something about what is recorded; it can be taken back.

    :param table_name: the version table.
    :param schema: its schema.
    :param transaction_table: the table of transactions.
    """

    name: ClassVar[str]
    """As what it stands in a migration."""
    opposite: ClassVar[str]
    """The operation that takes it back."""

    def __init__(
        self,
        table_name: str,
        *arguments: str,
        schema: str | None = None,
        transaction_table: str = "transaction",
    ) -> None:
        self.table_name = table_name
        self.arguments = arguments
        self.schema = schema
        self.transaction_table = transaction_table

    @classmethod
    def invoke(
        cls, operations: Operations, table_name: str, *arguments: str, **options: Any
    ) -> None:
        """Run the operation, as ``op.…`` under its name."""
        operations.invoke(cls(table_name, *arguments, **options))

    def reverse(self) -> MigrateOperation:
        """Return what takes the operation back."""
        return OPERATIONS[self.opposite](
            self.table_name,
            *self.arguments,
            schema=self.schema,
            transaction_table=self.transaction_table,
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the operation as ``alembic check`` reports it."""
        return (self.name, self.table_name, *self.arguments)

    def carry_out(self, operations: Operations) -> None:
        """Write what the operation says."""
        raise NotImplementedError

    # -- what the statements are made of -----------------------------------------------------

    @property
    def full_name(self) -> str:
        """The version table as ``history_column`` names it."""
        return f"{self.schema}.{self.table_name}" if self.schema else self.table_name

    @property
    def last(self) -> sa.ScalarSelect[int]:
        """The newest transaction that there is."""
        table = sa.table(self.transaction_table, sa.column("id"), schema=self.schema)
        return sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0)).scalar_subquery()

    def is_meant(self, column: str) -> sa.ColumnElement[bool]:
        """The condition that a row speaks of a column, or of the table."""
        return sa.and_(_SPANS.c.table_name == self.full_name, _SPANS.c.column_name == column)

    def forget(self, operations: Operations, column: str) -> None:
        """Leave nothing said about a column, or about the table."""
        operations.execute(_SPANS.delete().where(self.is_meant(column)))

    def say(self, operations: Operations, column: str, since: Any, *conditions: Any) -> None:
        """Say since when a column is recorded."""
        values = sa.select(sa.literal(self.full_name), sa.literal(column), since)
        names = ["table_name", "column_name", "since"]
        operations.execute(_SPANS.insert().from_select(names, values.where(*conditions)))

    def retire(self, operations: Operations, column: str) -> None:
        """Say that a column is recorded until now."""
        own = _SPANS.alias("own")
        there = sa.select(own.c.table_name).where(
            own.c.table_name == self.full_name, own.c.column_name == column
        )
        self.say(operations, column, sa.cast(sa.null(), sa.BigInteger), ~there.exists())
        operations.execute(_SPANS.update().where(self.is_meant(column)).values(until=self.last))

    def resume(self, operations: Operations, column: str) -> None:
        """Say that a column is recorded again, as if it had been all the time if nothing came."""
        since = sa.case((_SPANS.c.until >= self.last, _SPANS.c.since), else_=self.last + 1)
        statement = _SPANS.update().where(self.is_meant(column))
        operations.execute(
            statement.ordered_values((_SPANS.c.since, since), (_SPANS.c.until, sa.null()))
        )


class RecordHistoryOp(RecordingOp):
    """``op.record_history("article_version", "article")``: a history begins, complete if the live
    table is empty. In another one a record gets its first version just before it first changes.
    """

    name, opposite = "record_history", "forget_history"

    def carry_out(self, operations: Operations) -> None:
        """Write what the operation says."""
        (live,) = self.arguments
        rows = sa.select(sa.literal(1)).select_from(sa.table(live, schema=self.schema))
        self.forget(operations, WHOLE_TABLE)
        self.say(operations, WHOLE_TABLE, sa.literal(0), ~rows.exists())


class ForgetHistoryOp(RecordingOp):
    """``op.forget_history("article_version", "article")``: nothing is known of a history."""

    name, opposite = "forget_history", "record_history"

    def carry_out(self, operations: Operations) -> None:
        """Write what the operation says."""
        operations.execute(_SPANS.delete().where(_SPANS.c.table_name == self.full_name))


class RecordColumnOp(RecordingOp):
    """``op.record_column("article_version", "mood")``: a column is recorded from now on; what it
    held before is not known.
    """

    name, opposite = "record_column", "forget_column"

    def carry_out(self, operations: Operations) -> None:
        """Write what the operation says."""
        (column,) = self.arguments
        self.forget(operations, column)
        self.say(operations, column, self.last + 1)


class ForgetColumnOp(RecordingOp):
    """``op.forget_column("article_version", "mood")``: nothing is known of a column."""

    name, opposite = "forget_column", "record_column"

    def carry_out(self, operations: Operations) -> None:
        """Write what the operation says."""
        (column,) = self.arguments
        self.forget(operations, column)


class RetireColumnOp(RecordingOp):
    """``op.retire_column("article_version", "mood")``: a column is recorded no longer. What its
    versions hold of it stays.
    """

    name, opposite = "retire_column", "resume_column"

    def carry_out(self, operations: Operations) -> None:
        """Write what the operation says."""
        (column,) = self.arguments
        self.retire(operations, column)


class ResumeColumnOp(RecordingOp):
    """``op.resume_column("article_version", "mood")``: a retired column is recorded again."""

    name, opposite = "resume_column", "retire_column"

    def carry_out(self, operations: Operations) -> None:
        """Write what the operation says."""
        (column,) = self.arguments
        self.resume(operations, column)


class RetireHistoryOp(RecordingOp):
    """``op.retire_history("article_version")``: nothing is recorded of a table any longer. Its
    versions stay.
    """

    name, opposite = "retire_history", "resume_history"

    def carry_out(self, operations: Operations) -> None:
        """Write what the operation says."""
        self.retire(operations, WHOLE_TABLE)


class ResumeHistoryOp(RecordingOp):
    """``op.resume_history("article_version")``: a retired history goes on.

    It is no longer complete, unless nothing has happened in between.
    """

    name, opposite = "resume_history", "retire_history"

    def carry_out(self, operations: Operations) -> None:
        """Write what the operation says."""
        self.resume(operations, WHOLE_TABLE)


OPERATIONS: Mapping[str, type[RecordingOp]] = MappingProxyType(
    {
        each.name: each
        for each in (
            RecordHistoryOp,
            ForgetHistoryOp,
            RecordColumnOp,
            ForgetColumnOp,
            RetireColumnOp,
            ResumeColumnOp,
            RetireHistoryOp,
            ResumeHistoryOp,
        )
    }
)


def _run(operations: Operations, operation: RecordingOp) -> None:
    operation.carry_out(operations)


def _render(context: AutogenContext, operation: RecordingOp) -> str:
    arguments = [repr(each) for each in (operation.table_name, *operation.arguments)]
    if operation.schema:
        arguments.append(f"schema={operation.schema!r}")
    if operation.transaction_table != "transaction":
        arguments.append(f"transaction_table={operation.transaction_table!r}")
    return f"op.{operation.name}({', '.join(arguments)})"


for _kind in OPERATIONS.values():
    Operations.register_operation(_kind.name, "invoke")(_kind)
    Operations.implementation_for(_kind)(_run)
    renderers.dispatch_for(_kind)(_render)
