"""What happens when an application creates its tables, or drops them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.capture.attachments import Attachments
from flask_continuum.engine.capture.completeness import Completeness
from flask_continuum.engine.native.installing import install, remove
from flask_continuum.engine.registry import Registry, VersionedTable


@dataclass(slots=True, eq=False)
class Creation:
    """Settles tables before they are created, notes what was empty, and makes triggers.

    :ivar prepare: settles what only later statements tell of a metadata's tables.
    """

    registry: Registry
    completeness: Completeness
    attachments: Attachments
    prepare: Callable[[sa.MetaData], None]
    _late: set[sa.Table] = field(default_factory=set)

    def watch(self, metadata: sa.MetaData) -> None:
        """Listen to a metadata that history begins in."""
        self.attachments.add(metadata, "before_create", self.before_create)
        self.attachments.add(metadata, "after_create", self.after_create)
        self.attachments.add(metadata, "before_drop", self.before_drop)

    def before_create(
        self, metadata: sa.MetaData, connection: sa.Connection, **arguments: Any
    ) -> None:
        """Settle the tables, and create those that were found only now."""
        known = set(metadata.tables)
        self.prepare(metadata)
        inspector = sa.inspect(connection)
        for name in sorted(set(metadata.tables) - known):
            # named link tables, found only now: this run has already listed what it creates
            table = metadata.tables[name]
            if not inspector.has_table(table.name, table.schema):
                table.create(connection)
                self._late.add(table)

    def after_create(
        self, metadata: sa.MetaData, connection: sa.Connection, **arguments: Any
    ) -> None:
        """Note which tables were empty when their history began; make triggers."""
        late = {table for table in self._late if table.metadata is metadata}
        self._late -= late
        created = late | set(arguments.get("tables") or ())
        versioned = [table for table in self.registry.tables.values() if table.version in created]
        if versioned:
            self.completeness.register(connection, versioned, created)
        native = [
            table
            for table in self._native(metadata, created)
            if table.version in created
            or sa.inspect(connection).has_table(table.version.name, table.version.schema)
        ]
        if native:
            install(connection, self.registry, native)

    def before_drop(
        self, metadata: sa.MetaData, connection: sa.Connection, **arguments: Any
    ) -> None:
        """Remove triggers, which would write to tables that are gone, and their functions."""
        native = self._native(metadata, set(arguments.get("tables") or ()))
        if native:
            remove(connection, self.registry, native)

    def _native(self, metadata: sa.MetaData, among: set[sa.Table]) -> list[VersionedTable]:
        return [
            table
            for table in self.registry.native_tables(metadata)
            if table.live in among or table.version in among
        ]
