"""What is added to versions that were written: what plugins have set on them, and their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.dialects.overlays import write_over
from flask_continuum.engine.plugins.base import PluginCollection, TablePlugin, Written
from flask_continuum.engine.registry import Registry, VersionedTable

Tables = Collection[VersionedTable]


@dataclass(frozen=True, slots=True)
class Finishing:
    """The plugins of one manager, as the writer meets them."""

    registry: Registry
    plugins: PluginCollection

    def lay_over(
        self,
        connection: sa.Connection,
        unit: UnitOfWork,
        metadata: sa.MetaData,
        tables: Tables,
        transaction_id: int,
    ) -> None:
        """Write once more what plugins have set on versions that were written anew."""
        rows: dict[VersionedTable, dict[Key, Mapping[str, Any]]] = defaultdict(dict)
        for (table, key), values in unit.overlay.items():
            if values and table in tables:
                rows[table][key] = values
        if rows:
            ids = self._ids(connection, unit, metadata, transaction_id)
            for table, overlay in rows.items():
                write_over(connection, table, ids, overlay)

    def complete(
        self,
        connection: sa.Connection,
        dialect: Dialect,
        unit: UnitOfWork,
        metadata: sa.MetaData,
        tables: Tables,
        transaction_id: int,
    ) -> None:
        """Have plugins write what only the final versions tell."""
        history = self.registry.history[metadata]
        told = [
            plugin
            for plugin in self.plugins
            if isinstance(plugin, TablePlugin)
            and plugin.completes
            and plugin.table_name in history.further
        ]
        if told:
            ids = self._ids(connection, unit, metadata, transaction_id)
            written = Written(
                self.registry, history, ids, tuple(tables), asked=metadata in unit.asked
            )
            for plugin in told:
                plugin.complete(connection, dialect, written)

    def _ids(
        self,
        connection: sa.Connection,
        unit: UnitOfWork,
        metadata: sa.MetaData,
        transaction_id: int,
    ) -> tuple[int, ...]:
        """Return the id of a transaction; where it was asked for also that of its continuation."""
        if metadata not in unit.asked:
            return (transaction_id,)
        transaction = self.registry.history[metadata].transaction
        assert unit.attribution is not None
        query = sa.select(transaction.c.id).where(
            transaction.c.uid == unit.attribution.uid, transaction.c.id >= transaction_id
        )
        return tuple(connection.scalars(query, execution_options=OWN))
