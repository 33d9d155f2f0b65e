"""Rows of link tables, which relationships write as plain statements during a flush."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from flask_continuum.engine.capture.baseline import Baseline
from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.statements import Statement, refusal
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable


@dataclass(frozen=True, slots=True)
class _Before:
    """The links that a statement is about to write, as its parameters name them."""

    table: VersionedTable
    clause: Any
    keys: Sequence[Key]


@dataclass(slots=True, eq=False)
class LinkCapture:
    """Notes the links that insertions and deletions name by their parameters."""

    current: CurrentUnits
    baseline: Baseline
    _running: WeakKeyDictionary[Any, _Before] = field(default_factory=WeakKeyDictionary)

    def before_execute(
        self, connection: sa.Connection, statement: Statement, *, flush: bool
    ) -> bool:
        """Keep the links that a statement names, baselines of those that are about to go.

        :param flush: whether the statement is a flush's own.
        :returns: whether it writes these links and no others; if not, it is captured as
            statements on any table are.
        """
        keys = _keys_named(statement, flush=flush)
        if keys is None:
            self._running.pop(connection, None)
            return False
        table, clause = statement.table, statement.clause
        self.current.get(connection)
        if clause.is_delete or table.repeats:
            self.baseline.write_all(connection, table, keys)
        self._running[connection] = _Before(table, clause, keys)
        return True

    def after_execute(self, connection: sa.Connection, clause: Any, result: Any) -> None:
        """Note links that have come or gone."""
        before = self._running.get(connection)
        if before is None or before.clause is not clause:
            return
        del self._running[connection]
        unit = self.current.get(connection)
        if clause.is_insert:
            for key in before.keys:
                unit.touch(before.table, key, Operation.INSERT)
        elif result.rowcount != 0:
            names = [column.key for column in before.table.key]
            for key in before.keys:
                held = dict(zip(names, key, strict=True))
                unit.touch(before.table, key, Operation.DELETE, held)


def _keys_named(statement: Statement, *, flush: bool) -> Sequence[Key] | None:
    """Return the links that a statement names in each of its parameter sets, if it does."""
    table, clause = statement.table, statement.clause
    if not table.is_link or clause.is_update:
        return None
    if clause.is_insert:
        if statement.is_upsert or clause.select is not None:
            return None
    elif not flush:
        return None  # its criteria may be others; a flush sees to it that each link is there
    names = [column.key for column in table.key]
    try:
        keys = [tuple([given[name] for name in names]) for given in statement.parameters]
    except KeyError:
        return None
    return linking(keys)


def moves(connection: sa.Connection, statement: Statement) -> Iterator[tuple[Key, Key]]:
    """Yield the links that an UPDATE changes, and lock them; each with what it will be.

    :raises HistoryWriteError: when an expression gives it.
    """
    columns = statement.table.key
    query = statement.selection(columns).with_for_update()
    for given, new in zip(statement.parameters, statement.values_set(), strict=True):
        if any(isinstance(new.get(c.key), sa.ClauseElement) for c in columns):
            raise refusal(statement, "an expression says what is linked")
        for row in connection.execute(query, given, execution_options=OWN).all():
            yield tuple(row), tuple(new.get(c.key, v) for c, v in zip(columns, row, strict=True))


def touch_moved(
    unit: UnitOfWork,
    table: VersionedTable,
    moves: Sequence[tuple[Key, Key]],
    held: Mapping[Key, Mapping[str, Any]],
) -> None:
    """Note that links have ended, those first, and what they have become.

    :param held: what ended links held whose open version does not tell it.
    """
    if table.repeats:
        # rows of one pair may be led to several
        for old in linking(old for old, new in moves if old != new):
            unit.touch(table, old, Operation.DELETE, held.get(old))
        for new in linking(new for old, new in moves if old != new):
            unit.touch(table, new, Operation.INSERT)
        for key in linking(old for old, new in moves if old == new):
            unit.touch(table, key, Operation.UPDATE)
        return
    moved = {old: new for old, new in moves if old != new}
    for old in linking(old for old, new in moved.items() if None in new):
        unit.touch(table, old, Operation.DELETE, held.get(old))
    for new in linking(new for old, new in moved.items() if None in old):
        unit.touch(table, new, Operation.INSERT)
    both = {old: new for old, new in moved.items() if None not in (*old, *new)}
    if both:
        unit.move(table, both, held)
    for key in linking(old for old, new in moves if old == new):
        unit.touch(table, key, Operation.UPDATE)


def linking(keys: Iterable[Key]) -> list[Key]:
    """Return the keys without those of rows in link tables that link nothing."""
    return [key for key in keys if None not in key]
