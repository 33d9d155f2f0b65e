"""Records of several tables are locked as one: by their row in the root table, before any other.

Two transactions that write different tables of one record hold the locks of different rows, and
would write its versions side by side. The lock is taken where the application's statement would
take its own, so that records which are written in one order are locked in that order, whichever
of their tables it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import ref

import sqlalchemy as sa
from sqlalchemy.orm import InstanceState, Session

from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.objects import differs
from flask_continuum.engine.capture.ordering import in_order
from flask_continuum.engine.capture.statements import Statement
from flask_continuum.engine.capture.writer import Writer
from flask_continuum.engine.dialects.rows import select_rows
from flask_continuum.engine.registry import Hierarchy, Registry, VersionedTable


@dataclass(slots=True, eq=False)
class Flush:
    """A flush that is under way.

    :ivar session: refers to its session.
    :ivar ordered: the hierarchies whose changed, or deleted, objects have been looked at.
    """

    session: ref[Session]
    ordered: set[tuple[Hierarchy, bool]] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class RootLocks:
    """Locks root rows where a statement writes another table of their hierarchy.

    :ivar tables: the tables that the objects of each class are captured in, root first.
    """

    registry: Registry
    current: CurrentUnits
    writer: Writer
    tables: Mapping[type[Any], tuple[VersionedTable, ...]]

    def before_flushed(
        self, connection: sa.Connection, statement: Statement, flush: Flush | None
    ) -> None:
        """Lock the records of a flush's own statement, and those that the flush will come to.

        The root rows of all of them at once, in the order of their keys: that is the order in
        which the flush would update these rows.
        """
        hierarchy = self._hierarchy(connection, statement)
        if hierarchy is None or statement.clause.is_insert:
            return
        deletes = statement.clause.is_delete
        session = None if flush is None else flush.session()
        if flush is not None and session is not None and (hierarchy, deletes) not in flush.ordered:
            flush.ordered.add((hierarchy, deletes))
            states = list(self._states(session, hierarchy, deletes=deletes))
            if any(self._is_partial(state, hierarchy, deletes=deletes) for state in states):
                keys = [tuple(state.identity or ()) for state in states]
                self.lock(connection, hierarchy.root, keys, keys_stay=not deletes)
        keys = statement.keys_compared() or []
        if statement.table is hierarchy.root:
            self.current.get(connection).hold(hierarchy.root, keys)  # it locks them itself
        else:
            self.lock(connection, statement.table, keys, keys_stay=not deletes)

    def before_statement(self, connection: sa.Connection, statement: Statement) -> None:
        """Lock the records of a statement past the unit of work, as far as it can be told."""
        hierarchy = self._hierarchy(connection, statement)
        if hierarchy is None or statement.table is hierarchy.root:
            return
        clause = statement.clause
        if clause.is_insert:
            keys = statement.keys_given() or []
        else:
            compared = statement.keys_compared()
            # read without locks first: rows of the root come before those of other tables
            found = statement.keys_found(connection, lock=False)
            keys = list(found) if compared is None else compared
        self.lock(connection, statement.table, keys, keys_stay=not clause.is_delete)

    def after_locked(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Sequence[Key],
        *,
        keys_stay: bool = True,
    ) -> None:
        """Lock the root rows of records whose row in ``table`` has been locked just now."""
        hierarchy = self.registry.joined.get(table)
        if hierarchy is not None and table is hierarchy.root:
            self.current.get(connection).hold(table, keys)
        else:
            self.lock(connection, table, keys, keys_stay=keys_stay)

    def lock(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Iterable[Key],
        *,
        keys_stay: bool = True,
    ) -> None:
        """Lock the root rows of records that this transaction does not hold yet.

        :param table: any table of a hierarchy; of any other, nothing is locked.
        :param keys_stay: whether the records are not about to go, nor to get other keys.
        """
        hierarchy = self.registry.joined.get(table)
        dialect = self.writer.dialect(connection)
        if hierarchy is None or not dialect.locking:
            return
        unit, root = self.current.get(connection), hierarchy.root
        free = in_order(key for key in dict.fromkeys(keys) if not unit.holds(root, key))
        if free:
            rows = select_rows(dialect, connection, root.key, root.key, free, keys_stay=keys_stay)
            for _ in rows:
                pass  # to lock them is all
            unit.hold(root, free)

    def _hierarchy(self, connection: sa.Connection, statement: Statement) -> Hierarchy | None:
        hierarchy = self.registry.joined.get(statement.table)
        if hierarchy is None or not self.writer.dialect(connection).locking:
            return None
        return hierarchy

    def _states(
        self, session: Session, hierarchy: Hierarchy, *, deletes: bool
    ) -> Iterator[InstanceState[Any]]:
        """Yield the objects of a hierarchy that a flush updates, or deletes."""
        for instance in session.deleted if deletes else session.dirty:
            tables = self.tables.get(type(instance), ())
            if tables and self.registry.joined.get(tables[0]) is hierarchy:
                state = sa.inspect(instance)
                if state.identity is not None and (deletes or session.is_modified(instance)):
                    yield state

    def _is_partial(
        self, state: InstanceState[Any], hierarchy: Hierarchy, *, deletes: bool
    ) -> bool:
        """Tell whether a flush writes another row of a record before that in the root table."""
        if len(self.tables[state.class_]) == 1:
            return False
        columns = hierarchy.root.live.c
        names = (
            prop.key
            for prop in state.mapper.column_attrs
            if any(columns.contains_column(c) for c in prop.columns if isinstance(c, sa.Column))
        )
        return deletes or not differs(state, names)
