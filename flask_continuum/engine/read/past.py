"""Connections on which live tables are what they were: each is read from its versions instead.

Only the text of statements differs. A table in FROM becomes a subquery of the same name over its
version table, so that whatever an application selects, joins or loads lazily keeps its meaning.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import FromStatement
from sqlalchemy.sql.compiler import SQLCompiler

from flask_continuum.engine.errors import ReadOnlyPast
from flask_continuum.engine.read.conditions import row_existed
from flask_continuum.engine.read.instants import instant
from flask_continuum.engine.registry import Registry, VersionedTable, registry_beside
from flask_continuum.engine.typed import AnySelect


@dataclass(frozen=True, slots=True)
class Past:
    """Which past is read.

    :ivar when: what :func:`~flask_continuum.engine.read.instants.instant` takes.
    :ivar live: whether tables without a history are read as they are now, not refused.
    """

    when: Any
    live: bool


class PastCompiler(SQLCompiler):
    """Compiles tables with a history as what they held at an instant."""

    def visit_table(self, table: Any, asfrom: bool = False, *args: Any, **kwargs: Any) -> str:
        """Render a table of the application as a subquery over its versions."""
        text: str = super().visit_table(table, asfrom, *args, **kwargs)  # type: ignore[no-untyped-call]
        if not asfrom or not isinstance(table, sa.Table):
            return text
        past: Past = self.dialect.past  # type: ignore[attr-defined]
        registry = registry_beside(table.metadata)
        versioned = None if registry is None else registry.tables.get(table)
        if versioned is None or registry is None:
            if not past.live and not (registry and table in _history(registry)):
                raise ReadOnlyPast(
                    f"The table {table.name!r} has no history, so nobody knows what it held then. "
                    f"Pass unversioned='live' to the time machine to read it as it is now."
                )
            return text
        inner = self.process(self._then(versioned, registry, past), asfrom=True)
        enclosing = kwargs.get("enclosing_alias")
        if enclosing is not None and enclosing.element is table:
            return f"({inner})"
        return f"({inner}) AS {self.preparer.quote(table.name)}"

    def visit_column(self, column: Any, *args: Any, **kwargs: Any) -> str:
        """Render a column; one of a subquery has no schema."""
        text = super().visit_column(column, *args, **kwargs)
        table = column.table
        if isinstance(table, sa.Table) and (schema := self.preparer.schema_for_object(table)):
            registry = registry_beside(table.metadata)
            if registry is not None and table in registry.tables:
                text = text.removeprefix(self.preparer.quote_schema(schema) + ".")
        return text

    def _then(self, table: VersionedTable, registry: Registry, past: Past) -> AnySelect:
        """Select what a table held, under its own columns' names."""
        at = instant(past.when, registry.history_of(table))
        version = table.version.c
        columns = [
            (version[c.key] if c.key in version else self._nothing(c)).label(c.name)
            for c in table.live.c
        ]
        return sa.select(*columns).where(*row_existed(table, at))

    def _nothing(self, column: sa.Column[Any]) -> Any:
        """Return NULL for a column that is not recorded, with a type where that is asked for."""
        typed = self.dialect.name == "postgresql"
        return sa.cast(sa.null(), column.type) if typed else sa.null()


def _history(registry: Registry) -> Iterator[sa.Table]:
    for table in registry.tables.values():
        yield table.version
    for shared in registry.history.values():
        yield from (shared.transaction, shared.history_column, shared.erasure)


class PastConnection(sa.Connection):
    """Reads the past over a connection that somebody else begins, ends and captures changes of."""

    def __init__(self, connection: sa.Connection, past: Past) -> None:
        engine = connection.engine
        then = sa.Engine(engine.pool, past_dialect(connection.dialect, past), engine.url)
        super().__init__(then, connection=connection.connection)
        self._own_info: dict[Any, Any] = {}
        event.listen(self, "before_cursor_execute", _refuse_writing)

    @property
    def info(self) -> dict[Any, Any]:
        """Notes of this connection alone: what is pending on the other is not its business."""
        return self._own_info


def past_dialect(dialect: Dialect, past: Past) -> Dialect:
    """Return a dialect that compiles the past and leaves transactions alone."""
    then: Any = copy.copy(dialect)
    then.past = past
    then.statement_compiler = type("Compiler", (PastCompiler, dialect.statement_compiler), {})
    for name in ("do_begin", "do_rollback", "do_commit"):
        setattr(then, name, _nothing_to_do)
    return then  # type: ignore[no-any-return]


def _nothing_to_do(connection: Any) -> None:
    """Leave the transaction to those who began it."""


def _refuse_writing(
    connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    statement_object = None if context.compiled is None else context.compiled.statement
    if isinstance(statement_object, FromStatement):
        statement_object = statement_object.element
    if not isinstance(statement_object, sa.SelectBase):
        raise ReadOnlyPast(
            "The past is read with select() statements. Nothing can be written to it, and a text "
            "would be answered by the present."
        )
