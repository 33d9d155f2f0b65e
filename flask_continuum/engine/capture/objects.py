"""What a flush does to mapped objects, told to the unit of work: one dictionary write each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstanceState, Mapper
from sqlalchemy.orm.base import NO_VALUE

from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.live import move_parts
from flask_continuum.engine.capture.pauses import Pauses
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Hierarchy, VersionedTable

CurrentUnit = Callable[[sa.Connection], UnitOfWork]


@dataclass(frozen=True, slots=True)
class _TableNames:
    """Attribute names of one table's columns: of its key, and of all recorded ones."""

    table: VersionedTable
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]


class ObjectCapture:
    """The mapper events of one versioned class.

    :param tables: the version tables of the mapper's tables, root first.
    :param current: returns the unit of work of a connection, made if needed.
    :param joined: the hierarchy of each table that shares its records with others.
    :param pauses: tells of tables whose history is switched off.
    """

    def __init__(
        self,
        mapper: Mapper[Any],
        tables: Iterable[VersionedTable],
        current: CurrentUnit,
        joined: Mapping[VersionedTable, Hierarchy],
        pauses: Pauses,
    ) -> None:
        self._mapper = mapper
        self._tables = tuple(tables)
        self._current = current
        self._joined = joined
        self._pauses = pauses
        self._names: tuple[_TableNames, ...] = ()
        self._resolved_from: Any = None
        self._watched: frozenset[str] = frozenset()

    @property
    def listeners(self) -> tuple[tuple[str, Callable[..., None]], ...]:
        """Every event that is attached, with its handler; all of them raw."""
        return (
            ("after_insert", self.after_insert),
            ("after_update", self.after_update),
            ("before_delete", self.before_delete),
            ("after_delete", self.after_delete),
        )

    def after_insert(
        self, mapper: Mapper[Any], connection: sa.Connection, state: InstanceState[Any]
    ) -> None:
        """Note a new record."""
        if self._skips(connection):
            return
        unit = self._current(connection)
        values = state.dict
        for names in self._resolved():
            unit.touch(names.table, tuple([values[k] for k in names.key]), Operation.INSERT)

    def after_update(
        self, mapper: Mapper[Any], connection: sa.Connection, state: InstanceState[Any]
    ) -> None:
        """Note a changed record; a changed key ends one record and begins another."""
        names = self._resolved()
        if not self._may_have_changed(state) or self._skips(connection):
            return
        unit = self._current(connection)
        for each in names:
            old = self._identity(state, each)
            new = tuple([state.dict.get(k, o) for k, o in zip(each.key, old, strict=True)])
            if new == old:
                unit.touch(each.table, old, Operation.UPDATE, hierarchy=self._untold(each.table))
            else:
                unit.move(each.table, {old: new}, {old: _values_before(state, each)})
                hierarchy = self._untold(each.table)
                if hierarchy is not None and each is names[0]:
                    move_parts(connection, unit, hierarchy, self._tables, {old: new})

    def before_delete(
        self, mapper: Mapper[Any], connection: sa.Connection, state: InstanceState[Any]
    ) -> None:
        """Load what a record holds if its last version no longer tells it and memory cannot."""
        if self._skips(connection):
            return
        unit = self._current(connection)
        for each in self._resolved():
            key = self._identity(state, each)
            if each.table.is_native or not unit.is_altered(each.table, key):
                continue
            if all(attribute in state.dict for _, attribute in each.columns):
                continue
            live = each.table.live
            row = connection.execute(
                sa.select(*(column for column, _ in each.table.columns)).where(
                    *(c == v for c, v in zip(each.table.key, key, strict=True))
                )
            ).first()
            if row is not None:
                frame = unit.frames[-1]
                frame.remembered[each.table, key] = {
                    column.key: row._mapping[column] for column in live.c if column in row._mapping
                }

    def after_delete(
        self, mapper: Mapper[Any], connection: sa.Connection, state: InstanceState[Any]
    ) -> None:
        """Note a deleted record and remember what it held."""
        if self._skips(connection):
            return
        unit = self._current(connection)
        for each in self._resolved():
            key = self._identity(state, each)
            known = unit.frames[-1].remembered.get((each.table, key), {})
            values = {**known, **_values_before(state, each)}
            unit.touch(each.table, key, Operation.DELETE, values, self._untold(each.table))

    def _skips(self, connection: sa.Connection) -> bool:
        if self._tables[0].is_native and connection._is_autocommit_isolation():
            return True  # each statement is a transaction, as triggers see them
        return any([self._pauses.skips(connection, table) for table in self._tables])

    def _untold(self, table: VersionedTable) -> Hierarchy | None:
        """Return the tables that a record may have further rows in, unknown to its mapper.

        Where no column tells the classes of a hierarchy apart, a record is loaded as one of the
        class that was asked for.
        """
        return self._joined.get(table) if self._mapper.polymorphic_on is None else None

    def _may_have_changed(self, state: InstanceState[Any]) -> bool:
        watched = self._watched
        if differs(state, watched & state.committed_state.keys()):
            return True
        # an SQL expression, or a value that the database made: the attribute waits to be loaded
        return not watched.isdisjoint(state.expired_attributes)

    def _identity(self, state: InstanceState[Any], names: _TableNames) -> Key:
        if state.key is None:
            # deleted and added with the same key in one flush: its row is updated
            return tuple([state.dict[k] for k in names.key])
        return tuple(state.key[1])

    def _resolved(self) -> tuple[_TableNames, ...]:
        """Look the attribute names up at the first flush: mappers are configured then.

        A mapper that is given another column lists its attributes anew.
        """
        if self._resolved_from is not self._mapper.column_attrs:
            found = []
            for table in self._tables:
                attributes: dict[str, str] = {}
                for prop in self._mapper.column_attrs:
                    for column in prop.columns:
                        if isinstance(column, sa.Column) and column.table is table.live:
                            attributes[column.key] = prop.key
                found.append(
                    _TableNames(
                        table=table,
                        key=tuple(attributes[c.key] for c in table.key),
                        columns=tuple(
                            (c.key, attributes[c.key])
                            for c, _ in table.columns
                            if c.key in attributes
                        ),
                    )
                )
            # any of them: the database itself may change one because of another
            self._watched = frozenset(prop.key for prop in self._mapper.column_attrs)
            self._names = tuple(found)
            self._resolved_from = self._mapper.column_attrs
        return self._names


def differs(state: InstanceState[Any], names: Iterable[str]) -> bool:
    """Tell whether one of these attributes has another value than the database, if it was set."""
    committed, now = state.committed_state, state.dict
    for key in names:
        if key in committed and (
            key not in now or not state.manager[key].impl.is_equal(now[key], committed[key])
        ):
            return True
    return False


def _values_before(state: InstanceState[Any], names: _TableNames) -> Mapping[str, Any]:
    """Return what the database held before this flush, as far as the object knows."""
    found = {}
    for column, attribute in names.columns:
        value = state.committed_state.get(attribute, NO_VALUE)
        if value is NO_VALUE and attribute not in state.committed_state:
            value = state.dict.get(attribute, NO_VALUE)
        if value is not NO_VALUE:
            found[column] = value
    return found
