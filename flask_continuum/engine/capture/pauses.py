"""Tables whose history is switched off at run time: nothing is captured, and that is noted."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from flask_continuum.engine.capture.completeness import Completeness
from flask_continuum.engine.registry import Registry, VersionedTable


@dataclass(frozen=True, slots=True)
class Pauses:
    """Tells whether a write is left out, and takes note of the gap that this makes."""

    registry: Registry
    completeness: Completeness

    def switch(self, *, on: bool) -> None:
        """Switch the history of all classes off or on that do not say themselves how it is."""
        self.registry.paused = frozenset() if on else self._undecided()

    def _undecided(self) -> frozenset[VersionedTable]:
        decided = {
            table
            for model in self.registry.options
            if "versioning" in model.__versioned__
            for table in self.registry.tables_of(model)
        }
        lives = {table.live for table in decided}
        return frozenset(
            table
            for table in self.registry.tables.values()
            if table not in decided and not (table.is_link and lives & _linked(table))
        )

    def skips(self, connection: sa.Connection, table: VersionedTable) -> bool:
        """Tell whether what is written to a table now is left out of its history.

        The table does not count as complete any more: a record that comes unseen has its first
        version written just before its next change, as one that is older than its history.
        """
        if table not in self.registry.paused:
            return False
        if self.completeness.is_complete(connection, table):
            self.completeness.doubt(connection, table)
        return True

    def capturing(self, connection: sa.Connection, live: sa.Table) -> VersionedTable | None:
        """Return the entry of a live table, ``None`` where nothing of it is captured."""
        table = self.registry.tables.get(live)
        return None if table is None or self.skips(connection, table) else table


def _linked(table: VersionedTable) -> set[sa.Table]:
    return {key.column.table for key in table.live.foreign_keys}
