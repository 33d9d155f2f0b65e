"""What the database does by itself when a row goes, or a referenced key changes: read beforehand.

The rows that a statement is about to write are read and locked, so that nobody gives them more
children, and what the foreign keys make of it is followed from table to table: one SELECT for each
foreign key and level, however many rows there are.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from flask_continuum.engine.capture.baseline import Baseline
from flask_continuum.engine.capture.bulk import begin_on_sqlite
from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.consequences import (
    AffectedRow,
    concerns,
    consequence,
    is_set,
    key_of,
    new_key,
)
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.live import move_parts, rows_held
from flask_continuum.engine.capture.pauses import Pauses
from flask_continuum.engine.capture.roots import RootLocks
from flask_continuum.engine.capture.statements import (
    Parameters,
    parameter_sets,
    selection,
    table_of,
    values_compared,
    values_set,
)
from flask_continuum.engine.capture.upserts import changed_on_conflict
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.dialects.rows import Columns, select_rows
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Cascade, Registry, VersionedTable

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
class _Reached:
    """The rows of one table that a statement reaches, by what identifies them."""

    deleted: dict[Key, AffectedRow] = field(default_factory=dict)
    updated: dict[Key, AffectedRow] = field(default_factory=dict)
    written: set[Key] = field(default_factory=set)

    def add(self, key: Key, row: AffectedRow, effect: Operation) -> bool:
        """Note a row; tell whether it is reached so for the first time."""
        found = self.deleted if effect is Operation.DELETE else self.updated
        if key in found:
            return False
        found[key] = row
        return True


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
            self._refuse_insertion(clause, cascades)
            return
        parameters = parameter_sets(multiparams, params)
        cause = Operation.DELETE if clause.is_delete else Operation.UPDATE
        sets = values_set(clause, parameters) if clause.is_update else []
        concerned = [each for each in cascades if each.cause is cause and is_set(each, sets)]
        if not concerned:
            return
        self.current.get(connection)
        begin_on_sqlite(connection, "BEGIN IMMEDIATE")
        rows = self._written(connection, clause, parameters, sets, concerned, flush=flush)
        reached = self._follow(connection, concerned[0].parent, cause, rows)
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

    def _refuse_insertion(self, clause: Any, cascades: Iterable[Cascade]) -> None:
        """Refuse an INSERT that removes what it finds, or changes what others refer to."""
        words = " ".join(str(text) for text, _ in clause._prefixes).upper()
        if "REPLACE" in words and any(each.cause is Operation.DELETE for each in cascades):
            raise HistoryWriteError(
                f"INSERT OR REPLACE on {clause.table.name} deletes what it finds, and what belongs "
                f"to it, which cannot be captured. Use ON CONFLICT DO UPDATE. Nothing was sent."
            )
        changed = changed_on_conflict(clause)
        for each in cascades:
            names = [c.name for c, _ in each.pairs if c.key in changed]
            if each.cause is Operation.UPDATE and names:
                raise HistoryWriteError(
                    f"This INSERT on {clause.table.name} may change {', '.join(names)} where it "
                    f"finds a row, and the database will change what refers to it in "
                    f"{each.child.name}, which cannot be captured. Leave {', '.join(names)} out of "
                    f"what it sets, or UPDATE the rows that are there. Nothing was sent."
                )

    # -- what the statement itself writes ------------------------------------------------------

    def _written(
        self,
        connection: sa.Connection,
        clause: Any,
        parameters: Parameters,
        sets: Sequence[Mapping[str, Any]],
        cascades: Sequence[Cascade],
        *,
        flush: bool,
    ) -> list[AffectedRow]:
        """Read and lock the parents, so that nobody gives them more children."""
        parent = cascades[0].parent
        key = self._identity(parent)
        columns = self._columns(parent)
        compared = values_compared(clause, key, parameters, only=not flush)
        if compared is not None:
            new = dict(zip(compared, sets or repeat({}), strict=False))
            dialect = self.baseline.writer.dialect(connection)
            found = select_rows(dialect, connection, columns, key, list(new))
            return [AffectedRow(old, new.get(key_of(key, old), {})) for old in found]
        if sets and len(parameters) > 1:
            raise HistoryWriteError(
                f"This UPDATE changes what other tables refer to in {parent.name}, for several "
                f"parameter sets and not by primary key: what the database makes of it cannot be "
                f"captured exactly. Execute it once for each. Nothing was sent."
            )
        query = selection(clause, columns).with_for_update()
        names = [column.key for column in columns]
        return [
            AffectedRow(dict(zip(names, row, strict=True)), sets[0] if sets else {})
            for given in parameters
            for row in connection.execute(query, given, execution_options=OWN).all()
        ]

    # -- what the database will make of it -----------------------------------------------------

    def _follow(
        self,
        connection: sa.Connection,
        parent: sa.Table,
        cause: Operation,
        rows: Sequence[AffectedRow],
    ) -> dict[sa.Table, _Reached]:
        """Go from the parents to their children and on, each row once."""
        written = _Reached()
        for row in rows:
            key = key_of(self._identity(parent), row.old)
            written.add(key, row, cause)
            written.written.add(key)
        reached = {parent: written}
        queue = deque([(parent, cause, list(rows))])
        while queue:
            table, cause, parents = queue.popleft()
            for cascade in self.registry.cascades.get(table, ()):
                if cascade.cause is not cause:
                    continue
                identity = self._identity(cascade.child)
                found = reached.setdefault(cascade.child, _Reached())
                children = [
                    child
                    for child in self._children(connection, cascade, parents)
                    if found.add(key_of(identity, child.old), child, cascade.effect)
                ]
                if children:
                    queue.append((cascade.child, cascade.effect, children))
        return reached

    def _children(
        self, connection: sa.Connection, cascade: Cascade, parents: Sequence[AffectedRow]
    ) -> Iterator[AffectedRow]:
        """Read and lock the rows that refer to the parents."""
        referenced = [parent for parent, _ in cascade.pairs]
        referring = [child for _, child in cascade.pairs]
        sources = {
            value: row
            for row in parents
            if None not in (value := key_of(referenced, row.old)) and concerns(cascade, row)
        }
        if not sources:
            return
        dialect = self.baseline.writer.dialect(connection)
        columns = self._columns(cascade.child)
        for old in select_rows(dialect, connection, columns, referring, list(sources)):
            yield AffectedRow(old, consequence(cascade, old, sources.get(key_of(referring, old))))

    def _identity(self, table: sa.Table) -> Columns:
        entry = self.registry.tables.get(table)
        return entry.key if entry is not None else tuple(table.primary_key) or tuple(table.c)

    def _columns(self, table: sa.Table) -> Columns:
        """Return what must be known of a table's rows: what they are, refer to, are referred by."""
        above = (
            child
            for cascades in self.registry.cascades.values()
            for each in cascades
            if each.child is table
            for _, child in each.pairs
        )
        below = (p for each in self.registry.cascades.get(table, ()) for p, _ in each.pairs)
        return tuple(dict.fromkeys((*self._identity(table), *above, *below)))

    # -- what is noted -------------------------------------------------------------------------

    def _effects(
        self, connection: sa.Connection, reached: Mapping[sa.Table, _Reached]
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
