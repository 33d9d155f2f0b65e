"""What the database does by itself when a row goes, or a referenced key changes: read beforehand.

The rows that a statement is about to write are read and locked, so that nobody gives them more
children, and what the foreign keys make of it is followed from table to table: one SELECT for each
foreign key and level, however many rows there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from flask_continuum.engine.capture.baseline import Baseline
from flask_continuum.engine.capture.bulk import begin_on_sqlite
from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.consequences import (
    is_set,
    key_of,
    new_key,
)
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.live import move_parts, rows_held
from flask_continuum.engine.capture.pauses import Pauses
from flask_continuum.engine.capture.reached import Following, Reached, refuse_insertion
from flask_continuum.engine.capture.roots import RootLocks
from flask_continuum.engine.capture.statements import (
    parameter_sets,
    table_of,
    values_set,
)
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.dialects.rows import select_rows
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Registry, VersionedTable

_FOREIGN_KEYS = "continuum_foreign_keys"
"""Key in ``Connection.info`` that says whether SQLite minds foreign keys on this connection."""


@dataclass(frozen=True, slots=True, eq=False)
class _Touch:
    """What is noted about a record once the statement has been executed."""

    table: VersionedTable
    key: Key
    operation: Operation
    values: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Move:
    """What is noted about records whose keys follow their parents'."""

    table: VersionedTable
    keys: Mapping[Key, Key]
    values: Mapping[Key, Mapping[str, Any]]


@dataclass(slots=True, eq=False)
class _Running:
    clause: Any
    effects: Sequence[_Touch | _Move]


@dataclass(slots=True, eq=False)
class CascadeCapture:
    """Captures what foreign keys make the database do by itself, where the options say so."""

    registry: Registry
    pauses: Pauses
    current: CurrentUnits
    baseline: Baseline
    roots: RootLocks
    _running: WeakKeyDictionary[Any, _Running] = field(default_factory=WeakKeyDictionary)

    def before_execute(
        self, connection: sa.Connection, clause: Any, multiparams: Any, params: Any, *, flush: bool
    ) -> None:
        """Find out what the database will do because of a statement on a parent table.

        :param flush: whether the statement is a flush's own, which names what it writes by keys.
        :raises HistoryWriteError: when it cannot be told exactly.
        """
        cascades = self.registry.cascades[table_of(clause)]
        if not self._acts(connection):
            return
        if clause.is_insert:
            refuse_insertion(clause, cascades)
            return
        parameters = parameter_sets(multiparams, params)
        cause = Operation.DELETE if clause.is_delete else Operation.UPDATE
        sets = values_set(clause, parameters) if clause.is_update else []
        concerned = [each for each in cascades if each.cause is cause and is_set(each, sets)]
        if not concerned:
            return
        self.current.get(connection)
        begin_on_sqlite(connection, "BEGIN IMMEDIATE")
        following = Following(self.registry, self.baseline.writer, self.registry.cascades)
        rows = following.written(connection, clause, parameters, sets, concerned, flush=flush)
        reached = following.follow(connection, concerned[0].parent, cause, rows)
        effects = list(self._effects(connection, reached))
        if effects:
            self._running[connection] = _Running(clause, effects)

    def after_execute(self, connection: sa.Connection, clause: Any, result: Any) -> None:
        """Note what the database has done."""
        running = self._running.get(connection)
        if running is None or running.clause is not clause:
            return
        del self._running[connection]
        if not clause._returning and result.rowcount == 0:
            return  # with RETURNING, some drivers count only what has been fetched
        unit = self.current.get(connection)
        kept = self._kept(connection, running.effects)
        for each in running.effects:
            stays = kept.get(each.table, frozenset())
            if isinstance(each, _Move):
                keys = {old: new for old, new in each.keys.items() if old not in stays}
                if keys:
                    unit.move(each.table, keys, each.values)
                    hierarchy = self.registry.joined.get(each.table)
                    if hierarchy is not None:
                        told = {e.table for e in running.effects}
                        move_parts(connection, unit, hierarchy, told, keys)
            elif each.operation is not Operation.DELETE or each.key not in stays:
                hierarchy = self.registry.joined.get(each.table)
                unit.touch(each.table, each.key, each.operation, each.values, hierarchy)

    def _kept(
        self, connection: sa.Connection, effects: Iterable[_Touch | _Move]
    ) -> Mapping[VersionedTable, Set[Key]]:
        """Return the keys that should be gone and are there: foreign keys may be switched off.

        What merely changes is compared when its version is written.
        """
        gone: dict[VersionedTable, dict[Key, None]] = defaultdict(dict)
        for each in effects:
            if isinstance(each, _Move):
                taken = set(each.keys.values())  # another's new key may be the old one of this
                gone[each.table] |= dict.fromkeys(old for old in each.keys if old not in taken)
            elif each.operation is Operation.DELETE:
                gone[each.table][each.key] = None
        dialect = self.baseline.writer.dialect(connection)
        return {
            table: {key_of(table.key, row) for row in rows}
            for table, keys in gone.items()
            # unlocked: MariaDB would lock the gaps where it finds nothing
            for rows in [
                select_rows(dialect, connection, table.key, table.key, list(keys), lock=False)
            ]
        }

    def _acts(self, connection: sa.Connection) -> bool:
        """Tell whether the database minds foreign keys; SQLite must be told to."""
        if connection.dialect.name != "sqlite":
            return True
        info = connection.info
        if _FOREIGN_KEYS not in info:
            pragma = connection.exec_driver_sql("PRAGMA foreign_keys", execution_options=OWN)
            info[_FOREIGN_KEYS] = bool(pragma.scalar())
        found: bool = info[_FOREIGN_KEYS]
        return found

    # -- what is noted -------------------------------------------------------------------------

    def _effects(
        self, connection: sa.Connection, reached: Mapping[sa.Table, Reached]
    ) -> Iterator[_Touch | _Move]:
        for live, rows in reached.items():
            table = self.pauses.capturing(connection, live)
            if table is None or table.options.database_cascades != "capture":
                continue
            deleted = [key for key in rows.deleted if key not in rows.written]
            updated = {
                key: new_key(table, row)
                for key, row in rows.updated.items()
                if key not in rows.deleted and key not in rows.written
            }
            moved = {key: new for key, new in updated.items() if new != key}
            keys = [*deleted, *updated]
            if not keys:
                continue
            self.roots.lock(connection, table, keys, keys_stay=False)
            self.baseline.write_all(connection, table, keys)
            held = self._held(connection, table, [*deleted, *moved])
            ended = [key for key, new in moved.items() if None in new]  # to nothing: no link
            for key in (*deleted, *ended):
                yield _Touch(table, key, Operation.DELETE, held.get(key))
            for key in updated:
                if key not in moved:
                    yield _Touch(table, key, Operation.UPDATE)
            if len(moved) > len(ended):
                yield _Move(table, {o: n for o, n in moved.items() if None not in n}, held)

    def _held(
        self, connection: sa.Connection, table: VersionedTable, keys: Iterable[Key]
    ) -> dict[Key, Mapping[str, Any]]:
        """Return what records hold whose open version does not tell it."""
        unit = self.current.get(connection)
        altered = [key for key in keys if unit.is_altered(table, key)]
        return dict(rows_held(connection, table, altered))
