"""Makes a chosen statement of an engine fail, and tells what a database holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom

COMMIT = "COMMIT"


@dataclass
class Fault:
    """Counts what is sent, the COMMIT too, and makes one of it fail.

    :ivar at: which one, counted from 1.
    :ivar loses: whether the connection is lost there; else only the statement fails.
    :ivar failed: the statement that failed, once it has.
    """

    engine: sa.Engine
    at: int
    loses: bool = False
    sent: int = 0
    failed: str | None = None

    def strike(self, statement: str, connection: Any) -> None:
        """Count a statement; when it is its turn, let it fail as the driver would."""
        self.sent += 1
        if self.sent != self.at:
            return
        self.failed = statement
        if self.loses:
            connection.close()  # the driver will say so itself
        else:
            raise self.engine.dialect.loaded_dbapi.OperationalError("struck by the test")


@contextmanager
def failing(engine: sa.Engine, at: int, *, loses: bool = False) -> Iterator[Fault]:
    """Make the ``at``-th statement sent inside the block fail."""
    fault = Fault(engine, at, loses)
    commit = engine.dialect.do_commit

    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> None:
        fault.strike(statement, context.root_connection.connection.dbapi_connection)

    def execute_plain(cursor: Any, statement: str, context: Any) -> None:
        fault.strike(statement, context.root_connection.connection.dbapi_connection)

    def do_commit(connection: Any) -> None:
        fault.strike(COMMIT, connection.dbapi_connection)
        commit(connection)

    listeners = (
        ("do_execute", execute),
        ("do_executemany", execute),
        ("do_execute_no_params", execute_plain),
    )
    for name, handler in listeners:
        sa.event.listen(engine, name, handler)
    engine.dialect.do_commit = do_commit  # type: ignore[method-assign]
    try:
        yield fault
    finally:
        del engine.dialect.do_commit
        for name, handler in listeners:
            sa.event.remove(engine, name, handler)


class Observer:
    """Sees what has been committed, through connections of its own.

    :param newsroom: whose tables are looked at.
    """

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._engine = sa.create_engine(newsroom.engine.url)
        self._tables = [
            table
            for table in newsroom.base.metadata.sorted_tables
            if table.name not in ("user_account", "history_column")
        ]

    def state(self) -> dict[str, list[str]]:
        """Return every row of the live tables and of history."""
        with self._engine.connect() as connection:
            return {
                table.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
                for table in self._tables
            }

    def assert_sound(self, where: str) -> None:
        """Assert that history is as promised; an error says where it was not."""
        try:
            check(self._engine, self._newsroom.manager)
        except AssertionError as error:
            raise AssertionError(where) from error

    def close(self) -> None:
        self._engine.dispose()
