"""What a foreign key would do, done beforehand by statements: MariaDB fires no triggers for it.

Rows that would go are deleted by level, those first that nothing refers to, so that nothing is left
for the database to do; keys that would follow theirs are set with the foreign keys' checks switched
off. A savepoint takes it all back when the statement itself fails, as the database would.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.consequences import AffectedRow, is_plain, is_set, key_of
from flask_continuum.engine.capture.reached import Following, Reached, refuse_insertion
from flask_continuum.engine.capture.roots import RootLocks
from flask_continuum.engine.capture.statements import parameter_sets, table_of, values_set
from flask_continuum.engine.dialects.aborts import has_rolled_back
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.dialects.jobs import parts
from flask_continuum.engine.dialects.rows import select_rows
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Cascade, Registry

_SAVEPOINT = "continuum_by_hand"
_CHUNK = 500

Node = tuple[sa.Table, Key]


@dataclass(slots=True, eq=False)
class CascadesByHand:
    """Does what foreign keys say to tables whose versions triggers write, where these see nothing.

    :ivar roots: locks records of several tables.
    """

    registry: Registry
    roots: RootLocks
    _running: WeakKeyDictionary[Any, Any] = field(default_factory=WeakKeyDictionary)

    def before_execute(
        self, connection: sa.Connection, clause: Any, multiparams: Any, params: Any, *, flush: bool
    ) -> None:
        """Do to other tables what the database would do because of a statement.

        :param flush: whether the statement is a flush's own, which names what it writes by keys.
        :raises HistoryWriteError: when it cannot be told exactly, or would not be undone with the
            statement.
        """
        live = table_of(clause)
        cascades = self.registry.unseen_cascades.get(live, ())
        if not cascades or connection.dialect.name not in ("mariadb", "mysql"):
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
        if len(sets) > 1 and _swaps(concerned, parameters, sets):
            raise HistoryWriteError(
                f"This UPDATE of {live.name}, for several parameter sets, gives rows what others "
                f"have had, and foreign keys follow: what becomes of it cannot be told beforehand. "
                f"Execute it once for each. Nothing was sent."
            )
        following = Following(self.registry, self.roots.writer, self.registry.unseen_cascades)
        rows = following.written(connection, clause, parameters, sets, concerned, flush=flush)
        reached = following.follow(connection, concerned[0].parent, cause, rows)
        if sum(len(r.deleted) + len(r.updated) - len(r.written) for r in reached.values()) <= 0:
            return
        checked = connection.exec_driver_sql("SELECT @@foreign_key_checks", execution_options=OWN)
        if not checked.scalar_one():
            return  # then the database does nothing either
        if connection._is_autocommit_isolation():
            raise HistoryWriteError(
                f"This statement on {live.name} would change rows of other tables because of "
                f"foreign keys. Their history needs a transaction: AUTOCOMMIT would leave the half "
                f"when the statement fails. Nothing was sent."
            )
        work = _Work(self.registry, following, self.roots, connection, reached)
        _run(connection, f"SAVEPOINT {_SAVEPOINT}")
        try:
            work.update(cause)
            work.delete()
        except DBAPIError as error:
            self._take_back(connection, error.orig)
            raise
        self._running[connection] = clause

    def after_execute(self, connection: sa.Connection, clause: Any) -> None:
        """Keep what was done: the statement has succeeded."""
        if self._running.get(connection) is clause:
            del self._running[connection]
            _run(connection, f"RELEASE SAVEPOINT {_SAVEPOINT}")

    def failed(self, connection: sa.Connection, error: BaseException) -> None:
        """Take back what was done for a statement that has failed."""
        if self._running.pop(connection, None) is not None:
            self._take_back(connection, error)

    def _take_back(self, connection: sa.Connection, error: BaseException | None) -> None:
        if error is None or not has_rolled_back(connection, error):
            _run(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    registry: Registry
    following: Following
    roots: RootLocks
    connection: sa.Connection
    reached: Mapping[sa.Table, Reached]

    # -- rows that stay ------------------------------------------------------------------------

    def update(self, cause: Operation) -> None:
        """Give rows what their foreign keys would get."""
        changes = [
            (table, key, row)
            for table, rows in self.reached.items()
            for key, row in rows.updated.items()
            if key not in rows.deleted and key not in rows.written
        ]
        for table, _, row in changes:
            if not all(map(is_plain, row.new.values())):
                raise HistoryWriteError(
                    f"The database is about to change keys of {table.name} to values that are not "
                    f"known before, because of a foreign key. Give the new values of the parents "
                    f"as plain ones, or write the records themselves. Nothing was sent."
                )
        if not changes or (cause is Operation.UPDATE and self._is_refused()):
            return
        if cause is Operation.UPDATE:  # the new key of the parent is not there yet
            _run(self.connection, "SET foreign_key_checks = 0")
        try:
            for (table, new), keys in self._in_turn(changes):
                self._lock(table, keys)
                values: dict[str, Any] = {c.key: c for c in table.c if c.onupdate is not None}
                self._execute(table.update().values(values | dict(new)), table, keys)
        finally:
            if cause is Operation.UPDATE:
                _run(self.connection, "SET foreign_key_checks = 1")

    def _in_turn(
        self, changes: Sequence[tuple[sa.Table, Key, AffectedRow]]
    ) -> Iterator[tuple[tuple[sa.Table, tuple[tuple[str, Any], ...]], list[Key]]]:
        """Yield what rows are set to together, where no other row has the key that one gets."""
        waiting = {(table, key): row for table, key, row in changes}
        while waiting:
            free = {
                (table, key): row
                for (table, key), row in waiting.items()
                if (new := self._new_key(table, row)) == key or (table, new) not in waiting
            }
            found: dict[Any, list[Key]] = defaultdict(list)
            for (table, key), row in list((free or waiting).items()):
                del waiting[table, key]
                found[table, tuple(sorted(row.new.items()))].append(key)
            yield from found.items()

    def _new_key(self, table: sa.Table, row: AffectedRow) -> Key:
        columns = self.following.identity(table)
        return tuple([row.new.get(column.key, row.old[column.key]) for column in columns])

    def _is_refused(self) -> bool:
        """Tell whether the database will refuse the statement, because of rows that refer on."""
        for table, rows in self.reached.items():
            changed = {name for row in rows.updated.values() for name in row.new}
            for other in table.metadata.tables.values():
                for constraint in other.foreign_key_constraints:
                    if constraint.referred_table is not table or _follows(constraint):
                        continue
                    referred = [each.column for each in constraint.elements]
                    if changed.isdisjoint(column.key for column in referred):
                        continue
                    if any(c.key not in next(iter(rows.updated.values())).old for c in referred):
                        continue
                    values = {key_of(referred, row.old) for row in rows.updated.values()}
                    dialect = self.roots.writer.dialect(self.connection)
                    columns = [each.parent for each in constraint.elements]
                    if list(select_rows(dialect, self.connection, columns, columns, list(values))):
                        return True
        return False

    # -- rows that go --------------------------------------------------------------------------

    def delete(self) -> None:
        """Delete rows that would go, those first that no other one of them refers to."""
        parents = self._parents()
        while parents:
            referred = {parent for above in parents.values() for parent, _ in above}
            leaves = [node for node in parents if node not in referred]
            if not leaves:  # they refer to each other in a circle
                table, key = node = next(iter(parents))
                self._sever(node, parents[node])
                if key in self.reached[table].written:
                    del parents[node]  # the statement itself deletes it
                else:
                    parents[node] = []
                continue
            by_table: dict[sa.Table, list[Key]] = defaultdict(list)
            for node in leaves:
                del parents[node]
                by_table[node[0]].append(node[1])
            for table, keys in by_table.items():
                self._lock(table, keys)
                self._execute(table.delete(), table, keys)

    def _parents(self) -> dict[Node, list[tuple[Node, Cascade]]]:
        """Return what each row that goes with others refers to of these."""
        found: dict[Node, list[tuple[Node, Cascade]]] = defaultdict(list)
        for parent, rows in self.reached.items():
            for cascade in self.following.cascades.get(parent, ()):
                below = self.reached.get(cascade.child)
                if cascade.cause is not Operation.DELETE or cascade.effect is not Operation.DELETE:
                    continue
                referred = [column for column, _ in cascade.pairs]
                index = {key_of(referred, row.old): key for key, row in rows.deleted.items()}
                referring = [column for _, column in cascade.pairs]
                for key, row in below.deleted.items() if below is not None else ():
                    above = index.get(key_of(referring, row.old))
                    if above is not None and (cascade.child, key) != (parent, above):
                        found[cascade.child, key].append(((parent, above), cascade))
        return found

    def _sever(self, node: Node, above: Sequence[tuple[Node, Cascade]]) -> None:
        """Have a row refer to none of the others."""
        table, key = node
        columns = [child for _, cascade in above for _, child in cascade.pairs if child.nullable]
        if not columns:
            raise HistoryWriteError(
                f"Rows of {table.name} refer to each other in a circle: the database deletes them "
                f"together, and no trigger sees it. Delete them one by one. Nothing was sent."
            )
        self._execute(table.update().values({c.key: None for c in columns}), table, [key])

    # -- statements ----------------------------------------------------------------------------

    def _lock(self, table: sa.Table, keys: Iterable[Key]) -> None:
        entry = self.registry.tables.get(table)
        if entry is not None:
            self.roots.lock(self.connection, entry, keys, keys_stay=False)

    def _execute(self, statement: Any, table: sa.Table, keys: Sequence[Key]) -> None:
        columns = self.following.identity(table)
        for part in parts(keys, _CHUNK):
            # one pair by a list of pairs would read the whole table
            each = (sa.and_(*map(operator.eq, columns, key)) for key in part)
            one = len(columns) == 1
            condition = columns[0].in_([value for (value,) in part]) if one else sa.or_(*each)
            self.connection.execute(statement.where(condition), execution_options=OWN)


def _swaps(
    cascades: Iterable[Cascade],
    parameters: Sequence[Mapping[str, Any]],
    sets: Sequence[Mapping[str, Any]],
) -> bool:
    """Tell whether a statement may give a row what another one of its rows is found by."""
    referred = {parent.key for each in cascades for parent, _ in each.pairs}
    given = [value for row in sets for name, value in row.items() if name in referred]
    return any(
        value in given and value not in own.values()
        for row, own in zip(parameters, sets, strict=True)
        for value in row.values()
    )


def _follows(constraint: sa.ForeignKeyConstraint) -> bool:
    """Tell whether a foreign key's columns change with what they refer to."""
    return (constraint.onupdate or "").upper() in ("CASCADE", "SET NULL")


def _run(connection: sa.Connection, statement: str) -> None:
    connection.exec_driver_sql(statement, execution_options=OWN)
