"""First versions of records that predate their history, written just before they change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.completeness import Completeness
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.failures import noting_failure
from flask_continuum.engine.capture.writer import Writer
from flask_continuum.engine.registry import Registry, VersionedTable


@dataclass(slots=True, eq=False)
class Baseline:
    """Writes baselines where a table's history is not complete; elsewhere it costs nothing."""

    registry: Registry
    current: CurrentUnits
    writer: Writer
    completeness: Completeness
    tables: dict[type[Any], tuple[VersionedTable, ...]]

    def before_flush(self, session: Session) -> None:
        """Write baselines for versioned objects that the coming flush changes or deletes."""
        touched: dict[VersionedTable, dict[Any, list[Key]]] = {}
        incomplete: dict[type[Any], tuple[VersionedTable, ...]] = {}
        for instance in _persistent(session):
            model = type(instance)
            if model not in incomplete:
                incomplete[model] = self._incomplete(session, model)
            if incomplete[model] and _changes(session, instance):
                state = sa.inspect(instance)
                connection = session.connection(bind_arguments={"mapper": state.mapper})
                for table in incomplete[model]:
                    keys = touched.setdefault(table, {}).setdefault(connection, [])
                    keys.append(tuple(state.identity))
        for table in sorted(touched, key=self._order):
            for connection, keys in touched[table].items():
                self.write(connection, table, keys)

    def _order(self, table: VersionedTable) -> tuple[bool, str]:
        """Order tables by their names; the root of a hierarchy is locked first."""
        hierarchy = self.registry.joined.get(table)
        return hierarchy is not None and hierarchy.root is not table, table.version.fullname

    def _incomplete(self, session: Session, model: type[Any]) -> tuple[VersionedTable, ...]:
        tables = self.tables.get(model, ())
        if not tables or self.registry.is_paused(model):
            return ()
        mapper = sa.inspect(model)
        if mapper.polymorphic_on is None and tables[0] in self.registry.joined:
            # a record that is loaded as one of this class may be one of a class below
            tables = tuple(self.registry.joined[tables[0]].tables)
        connection = session.connection(bind_arguments={"mapper": mapper})
        return tuple(
            table
            for table in tables
            if not table.is_native and not self.completeness.is_complete(connection, table)
        )

    def write_all(
        self, connection: sa.Connection, table: VersionedTable, keys: Sequence[Key]
    ) -> None:
        """Write baselines of records that a statement on one of their tables is about to change."""
        if keys and not self.completeness.is_complete(connection, table):
            self.write(connection, table, list(keys))
        self.write_siblings(connection, table, keys)

    def write_siblings(
        self, connection: sa.Connection, table: VersionedTable, keys: Sequence[Key]
    ) -> None:
        """Write baselines in the other tables of a hierarchy, where a record has rows too."""
        hierarchy = self.registry.joined.get(table)
        if hierarchy is None or not keys:
            return
        for other in hierarchy.tables:
            if other is not table and not self.completeness.is_complete(connection, other):
                self.write(connection, other, list(keys))

    def write(self, connection: sa.Connection, table: VersionedTable, keys: list[Key]) -> None:
        """Write baselines for records that this transaction has not touched before."""
        unit = self.current.get(connection)
        fresh = sorted({key for key in keys if not unit.is_altered(table, key)}, key=repr)
        if fresh:
            with noting_failure(unit):
                self.writer.write_baseline(connection, unit, table, fresh)


def _persistent(session: Session) -> Iterable[Any]:
    yield from session.deleted
    yield from session.dirty


def _changes(session: Session, instance: Any) -> bool:
    return instance in session.deleted or session.is_modified(instance, include_collections=False)
