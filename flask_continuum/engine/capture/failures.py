"""What an error leaves of a transaction, and that no change without its version is left of it.

An application may take no notice of an error and commit all the same. Where it is not known what
has been written then, the commit is refused; a savepoint that is rolled back takes this along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import ExceptionContext

from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.statements import table_of
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.dialects.aborts import has_rolled_back
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.registry import Registry

_ROLLBACK_TO = re.compile(r"\s*ROLLBACK\s+TO\b", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Failures:
    """Judges the errors of drivers.

    :ivar undo: takes back what was done beforehand for the failing statement.
    """

    registry: Registry
    current: CurrentUnits
    undo: Callable[[sa.Connection, BaseException], None] = lambda connection, error: None

    def handle_error(self, context: ExceptionContext) -> None:
        """See to it that history knows what a failing statement, or COMMIT, has left behind."""
        connection = context.connection
        if connection is None or connection.invalidated or context.is_disconnect:
            return  # all is lost, and so is what history knew
        if context.statement is None:
            if self.current.is_settled(connection):
                # SQLAlchemy holds the transaction for ended, and the pool's next user would
                # commit it
                self.current.forget(connection)
                roll_back(connection)
            return
        self.undo(connection, context.original_exception)
        unit = self.current.find(connection)
        if unit is None:
            return
        if has_rolled_back(connection, context.original_exception):
            unit.start_over()
        elif _ROLLBACK_TO.match(context.statement) or self._may_be_half_done(context):
            unit.fail(context.original_exception)

    def note(self, connection: sa.Connection, error: BaseException) -> None:
        """Let a connection's unit of work remember an error."""
        unit = self.current.find(connection)
        if unit is not None:
            unit.fail(error)

    def _may_be_half_done(self, context: ExceptionContext) -> bool:
        """Tell whether some of what a statement should write to a versioned table may be there.

        A single execution is undone by the database when it fails, several are not.
        """
        execution: Any = context.execution_context
        if execution is None or not execution.executemany:
            return False
        clause: Any = getattr(execution.compiled, "statement", None)
        if not getattr(clause, "is_dml", False):
            return False
        live = table_of(clause)
        return live in self.registry.tables or live in self.registry.cascades


@contextmanager
def noting_failure(unit: UnitOfWork) -> Iterator[None]:
    """Let a unit of work remember an error that leaves the block."""
    try:
        yield
    except BaseException as error:
        unit.fail(error)
        raise


def refuse_failed(unit: UnitOfWork) -> None:
    """Refuse to go on with a transaction whose history an error has left in the dark.

    :raises HistoryWriteError: when there was one.
    """
    if unit.failure is not None:
        raise HistoryWriteError(
            f"This transaction's history is incomplete since an error before: {unit.failure}\n"
            f"Roll the transaction back, or a savepoint that was set before the error."
        )


def roll_back(connection: sa.Connection) -> None:
    """Roll the driver's transaction back, past SQLAlchemy; else give the connection up."""
    if connection.invalidated:
        return
    try:
        connection.dialect.do_rollback(connection.connection)
    except Exception:
        # a connection that cannot be rolled back must not go back to the pool
        connection.invalidate()
