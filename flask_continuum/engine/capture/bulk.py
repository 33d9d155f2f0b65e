"""Statements that write versioned tables past the unit of work: bulk, Core, upserts.

The keys of what a statement writes are known from its parameters, or read in one query: before an
UPDATE or DELETE by its own criteria, after an INSERT by what has no version yet. What no query can
tell exactly is refused, never half captured.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary, ref

import sqlalchemy as sa
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from flask_continuum.engine.capture.baseline import Baseline
from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.links import linking, moves, touch_moved
from flask_continuum.engine.capture.live import among, rows_held
from flask_continuum.engine.capture.roots import Flush, RootLocks
from flask_continuum.engine.capture.statements import Statement, refusal
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.capture.upserts import changed_on_conflict, unique_columns
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Registry, VersionedTable

_FLUSHING: ContextVar[Flush | None] = ContextVar("continuum_flushing", default=None)


@dataclass(slots=True)
class _Before:
    """What was known before a statement ran.

    :ivar clause: the statement as it is executed, which may be ours in place of the given one.
    :ivar keys: the records that it is about to change, or that an insertion may find.
    :ivar rowcount: how many rows were found, where they were looked for.
    :ivar rows: what records hold that are about to go and were changed before.
    :ivar moves: links that are about to lead elsewhere, each with what it will be.
    """

    statement: Statement
    clause: Any
    keys: Sequence[Key] = ()
    rowcount: int | None = None
    rows: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict)
    moves: Sequence[tuple[Key, Key]] = ()


@dataclass(slots=True, eq=False)
class BulkCapture:
    """Captures statements on versioned tables, wherever they come from."""

    registry: Registry
    current: CurrentUnits
    baseline: Baseline
    roots: RootLocks
    _running: WeakKeyDictionary[Any, _Before] = field(default_factory=WeakKeyDictionary)

    # -- flushes are told by the mappers -------------------------------------------------------

    def begin_flush(self, session: Session) -> None:
        """Note that the statements to come are those of a flush."""
        _FLUSHING.set(Flush(ref(session)))

    def end_flush(self) -> None:
        """Note that they are not any more."""
        _FLUSHING.set(None)

    def is_flush(self, execution_options: Mapping[str, Any]) -> bool:
        """Tell a flush's own statement from one that a handler makes during a flush."""
        flushing = _FLUSHING.get()
        session = None if flushing is None else flushing.session()
        return session is not None and session._flushing and "compiled_cache" in execution_options

    def flushing(self, *, flush: bool) -> Session | None:
        """Return the session that flushes, if a statement is its own."""
        found = _FLUSHING.get() if flush else None
        return None if found is None else found.session()

    def before_native(
        self, connection: sa.Connection, statement: Statement, *, flush: bool
    ) -> None:
        """Prepare for a statement that triggers see: records of several tables are locked."""
        if not flush and statement.table.options.bulk != "capture":
            self._decline(statement.table)
        elif not flush:
            self.roots.before_statement(connection, statement)
        elif not statement.table.is_link:
            self.roots.before_flushed(connection, statement, _FLUSHING.get())

    # -- before and after a statement ----------------------------------------------------------

    def before_execute(
        self, connection: sa.Connection, statement: Statement, *, flush: bool
    ) -> Any:
        """Find out what a statement will write; return the clause to execute.

        :param flush: whether it is a flush's own, which the mappers tell of.
        :raises HistoryWriteError: when it cannot be captured exactly.
        """
        table, clause = statement.table, statement.clause
        if flush and not table.is_link:
            self.roots.before_flushed(connection, statement, _FLUSHING.get())
            return clause  # no versioned mapper tells of a link table that a class is mapped to
        if table.options.bulk != "capture":
            self._decline(table)
            return clause
        self.current.get(connection)
        begin_on_sqlite(connection, "BEGIN IMMEDIATE")
        before = _Before(statement, clause)
        hierarchy = self.registry.joined.get(table)
        if hierarchy is not None and hierarchy.mixed:
            raise refusal(statement, "some of its rows are those of classes without history")
        self.roots.before_statement(connection, statement)
        if clause.is_insert:
            self._before_insert(connection, before)
        else:
            self._before_change(connection, before)
        self._running[connection] = before
        return before.clause

    def after_execute(self, connection: sa.Connection, clause: Any, result: Any) -> None:
        """Note what the statement has written."""
        before = self._running.get(connection)
        if before is None or before.clause is not clause:
            return
        del self._running[connection]
        unit = self.current.get(connection)
        if clause.is_insert:
            self._after_insert(connection, unit, before, result)
        else:
            self._after_change(unit, before, result)

    def _decline(self, table: VersionedTable) -> None:
        message = (
            f"A statement writes {table.live.name} past the unit of work, and its history is told "
            f"not to capture such statements (bulk = {table.options.bulk!r}). Change objects in a "
            f"session, or set bulk = 'capture'."
        )
        if table.options.bulk == "refuse":
            raise HistoryWriteError(message)
        warnings.warn(message, UserWarning, stacklevel=2)

    # -- UPDATE and DELETE ---------------------------------------------------------------------

    def _before_change(self, connection: sa.Connection, before: _Before) -> None:
        statement = before.statement
        table, clause = statement.table, statement.clause
        if clause.is_update and statement.sets_key():
            if not table.is_link:
                raise refusal(statement, "it changes primary keys")
            before.moves = list(moves(connection, statement))
            self._before_going(connection, before, [old for old, _ in before.moves])
            return
        keys = statement.keys_compared()
        if keys is None:
            if statement.is_repeated and not table.is_link:
                raise refusal(
                    statement, "it is executed for several parameter sets, not by primary key"
                )
            keys = list(statement.keys_found(connection, lock=True))
            before.rowcount = len(keys)  # a link may be there more than once
            self.roots.after_locked(connection, table, keys, keys_stay=not clause.is_delete)
        elif statement.is_repeated or statement.returns:
            # how many it has written does not tell which, or is not told at all
            keys = list(_existing(connection, table, keys))
        self._before_going(connection, before, keys)

    def _before_going(
        self, connection: sa.Connection, before: _Before, keys: Iterable[Key]
    ) -> None:
        """Keep what would be lost: baselines, and what is about to go and was changed before."""
        table = before.statement.table
        before.keys = linking(dict.fromkeys(keys))
        if table.repeats:
            # who removes the link's other row meanwhile must see that this one is gone
            list(_existing(connection, table, before.keys))
        self.baseline.write_all(connection, table, before.keys)
        if before.statement.clause.is_delete or before.moves:
            unit = self.current.get(connection)
            altered = [key for key in before.keys if unit.is_altered(table, key)]
            before.rows = dict(rows_held(connection, table, altered))

    def _after_change(self, unit: UnitOfWork, before: _Before, result: Any) -> None:
        statement = before.statement
        found = before.rowcount
        if not statement.returns and found is not None and result.rowcount > found:
            raise HistoryWriteError(
                f"A statement on {statement.table.live.name} wrote {result.rowcount} records where "
                f"{found} were found just before: another transaction came in between. "
                f"Roll back and try again."
            )
        if not statement.returns and result.rowcount == 0:
            return  # with RETURNING, some drivers count only what has been fetched
        if before.moves:
            touch_moved(unit, statement.table, before.moves, before.rows)
            return
        operation = Operation.DELETE if statement.clause.is_delete else Operation.UPDATE
        hierarchy = self.registry.joined.get(statement.table)
        for key in before.keys:
            unit.touch(statement.table, key, operation, before.rows.get(key), hierarchy)

    # -- INSERT --------------------------------------------------------------------------------

    def _before_insert(self, connection: sa.Connection, before: _Before) -> None:
        statement = before.statement
        table, clause = statement.table, statement.clause
        if statement.is_upsert:
            if not changed_on_conflict(clause).isdisjoint(c.key for c in table.live.primary_key):
                raise refusal(statement, "it changes primary keys of rows that it finds")
            before.keys = list(self._found(connection, statement))
            self.baseline.write_all(connection, table, before.keys)
        elif table.repeats:
            # a further row of a link that history has not seen does not begin it
            keys = statement.keys_given() or _keys(connection, table)
            self.baseline.write_all(connection, table, linking(dict.fromkeys(keys)))
        elif statement.keys_given() is None:
            if _can_return(connection, statement):
                before.clause = clause.return_defaults(*table.key)
            elif not self.baseline.completeness.is_complete(connection, table):
                before.keys = list(_keys(connection, table))

    def _after_insert(
        self, connection: sa.Connection, unit: UnitOfWork, before: _Before, result: Any
    ) -> None:
        statement = before.statement
        table = statement.table
        hierarchy = self.registry.joined.get(table)
        if statement.is_upsert:
            known = set(before.keys)
            for key in known:
                unit.touch(table, key, Operation.UPDATE, hierarchy=hierarchy)
            found = self._found(connection, statement)
        else:
            known = set(before.keys)
            told = statement.keys_given() or _returned(before, result)
            if told is None:
                # a new row may speak for a link that was there before
                asked = _keys if table.repeats else _unwritten
                # a key that was deleted before may be given out again
                again = _existing(connection, table, unit.deleted(table))
                told = [*asked(connection, table), *again]
            found = told
        new = list(dict.fromkeys(key for key in linking(found) if key not in known))
        self.roots.after_locked(connection, table, (*known, *new))
        self.baseline.write_siblings(connection, table, new)
        for key in new:
            unit.touch(table, key, Operation.INSERT, hierarchy=hierarchy)

    def _found(self, connection: sa.Connection, statement: Statement) -> list[Key]:
        """Return the records that have a unique value which an upsert gives, and lock them.

        :raises HistoryWriteError: when the statement gives none as a plain value.
        """
        table = statement.table
        if statement.clause.select is not None:
            raise refusal(statement, "what it finds there comes from a SELECT")
        rows = list(statement.rows())
        conditions = []
        for columns in unique_columns(table.live):
            values = [tuple(row.get(c.key) for c in columns) for row in rows]
            plain = [
                value
                for value in values
                if not any(part is None or isinstance(part, sa.ClauseElement) for part in value)
            ]
            if plain:
                conditions.append(among(columns, plain))
        if not conditions:
            raise refusal(statement, "it gives no unique value that its rows could be found by")
        query = sa.select(*table.key).where(sa.or_(*conditions)).with_for_update()
        return [tuple(row) for row in connection.execute(query, execution_options=OWN)]


def begin_on_sqlite(connection: sa.Connection, statement: str = "BEGIN") -> None:
    """Begin a transaction that SQLite's driver has not begun.

    Under its default settings the driver begins at the first change only. A savepoint set before
    would be the outermost transaction, and releasing it would commit; what a query finds before a
    change could be changed by another connection in between.
    """
    if connection.dialect.name != "sqlite":
        return
    driver: Any = connection.connection.dbapi_connection
    if driver is not None and not getattr(driver, "in_transaction", True):
        connection.exec_driver_sql(statement, execution_options=OWN)


def _can_return(connection: sa.Connection, statement: Statement) -> bool:
    """Tell whether the statement can be made to tell the keys that the database gives out."""
    clause = statement.clause
    if statement.returns or clause.select is not None or clause._multi_values:
        return False
    if set(statement.table.key) != set(statement.table.live.primary_key):
        return False  # links are told by what they link
    dialect = connection.dialect
    return not statement.is_repeated or bool(dialect.insert_executemany_returning)


def _returned(before: _Before, result: Any) -> list[Key] | None:
    """Return the keys that an INSERT has told, or ``None``."""
    if before.clause.select is not None or before.clause._multi_values:
        return None
    try:
        rows = result.inserted_primary_key_rows
    except InvalidRequestError:
        return None  # the application's own RETURNING keeps them
    keys = [tuple(row) for row in rows]
    complete = keys and all(part is not None for key in keys for part in key)
    return keys if complete else None


def _unwritten(connection: sa.Connection, table: VersionedTable) -> Iterator[Key]:
    """Yield the records that no version says to be there."""
    version = table.version.alias()
    later = table.version.alias()
    began, operation = table.transaction_id.key, table.operation_type.key
    same = [version.c[c.key] == c for c in table.key]
    newer = sa.exists(
        sa.select(sa.literal(1)).where(
            *(later.c[c.key] == version.c[c.key] for c in table.key),
            later.c[began] > version.c[began],
        )
    )
    query = sa.select(*table.key).where(
        ~sa.exists(
            sa.select(sa.literal(1)).where(*same, version.c[operation] != Operation.DELETE, ~newer)
        )
    )
    for row in connection.execute(query, execution_options=OWN):
        yield tuple(row)


def _keys(connection: sa.Connection, table: VersionedTable) -> Iterator[Key]:
    for row in connection.execute(sa.select(*table.key), execution_options=OWN):
        yield tuple(row)


def _existing(
    connection: sa.Connection, table: VersionedTable, keys: Sequence[Key]
) -> Iterator[Key]:
    """Yield the keys that records have, and lock these."""
    for start in range(0, len(keys), 500):
        query = sa.select(*table.key).where(among(table.key, keys[start : start + 500]))
        query = query.order_by(*table.key).with_for_update()
        for row in connection.execute(query, execution_options=OWN):
            yield tuple(row)
