"""Which tables have a complete history: only the others need a baseline before they change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from flask_continuum.engine.build.history import WHOLE_TABLE
from flask_continuum.engine.dialects.fragments import OWN, translation
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.registry import Registry, VersionedTable


@dataclass(slots=True, eq=False)
class Completeness:
    """Knows, per database, the tables whose history began with an empty table.

    :ivar registry: what is versioned.
    """

    registry: Registry
    _known: WeakKeyDictionary[Any, dict[Any, frozenset[str]]] = field(
        default_factory=WeakKeyDictionary
    )

    def is_complete(self, connection: sa.Connection, table: VersionedTable) -> bool:
        """Tell whether every record of a table has a version.

        One statement per database in the life of a process.

        :raises ImproperlyConfigured: when the tables of history are missing.
        """
        engine = connection.engine.pool
        metadata = table.live.metadata
        known = self._known.setdefault(engine, {})
        place = (metadata, translation(connection))
        if place not in known:
            known[place] = self._load(connection, metadata)
        return table.version.fullname in known[place]

    def forget(self, connection: sa.Connection) -> None:
        """Ask again: tables were created, or a baseline was written."""
        self._known.pop(connection.engine.pool, None)

    def confirm(self, connection: sa.Connection, table: VersionedTable) -> None:
        """Note that every record of a table has a version now."""
        self.doubt(connection, table)
        connection.execute(
            self.registry.history_of(table).history_column.insert(),
            {"table_name": table.version.fullname, "column_name": WHOLE_TABLE, "since": 0},
            execution_options=OWN,
        )

    def doubt(self, connection: sa.Connection, table: VersionedTable) -> None:
        """Note that a table has, or will have, records without a version."""
        history = self.registry.history_of(table).history_column
        connection.execute(
            history.delete().where(
                history.c.table_name == table.version.fullname,
                history.c.column_name == WHOLE_TABLE,
            ),
            execution_options=OWN,
        )
        self.forget(connection)

    def register(
        self, connection: sa.Connection, tables: Iterable[VersionedTable], created: set[sa.Table]
    ) -> None:
        """Note, when version tables have been created, which live tables were empty then.

        :param created: tables that were created with them, which are empty for certain.
        """
        for table in tables:
            history = self.registry.history_of(table).history_column
            name = table.version.fullname
            connection.execute(
                history.delete().where(history.c.table_name == name), execution_options=OWN
            )
            empty = (
                table.live in created
                or not connection.execute(
                    sa.select(sa.literal(1)).select_from(table.live).limit(1), execution_options=OWN
                ).first()
            )
            if empty:
                connection.execute(
                    history.insert(),
                    {"table_name": name, "column_name": WHOLE_TABLE, "since": 0},
                    execution_options=OWN,
                )
        self.forget(connection)

    def _load(self, connection: sa.Connection, metadata: sa.MetaData) -> frozenset[str]:
        history = self.registry.history[metadata].history_column
        try:
            rows = connection.execute(
                sa.select(history.c.table_name).where(
                    history.c.column_name == WHOLE_TABLE, history.c.since == 0
                ),
                execution_options=OWN,
            ).all()
        except DBAPIError as error:
            raise ImproperlyConfigured(
                f"The table {history.name!r} cannot be read, without which history cannot know "
                f"what it has missed. Create the tables of history (metadata.create_all, or a "
                f"migration)."
            ) from error
        return frozenset(row[0] for row in rows)
