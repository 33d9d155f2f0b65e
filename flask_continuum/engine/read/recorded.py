"""Since when, and until when, a column's values were recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.read.conditions import registry_of
from flask_continuum.engine.read.loading import connection_arguments
from flask_continuum.engine.registry import VersionedClass


@dataclass(frozen=True, slots=True)
class Recorded:
    """Answers whether history knows a field's value at a transaction.

    :ivar spans: the first and last transaction id (``None``: open) of columns that were not
        always recorded, by attribute key.
    """

    spans: Mapping[str, tuple[int | None, int | None]]

    def knows(self, key: str, at: int) -> bool:
        """Tell whether the value of field ``key`` was recorded by transaction ``at``."""
        since, until = self.spans.get(key, (None, None))
        return (since is None or at >= since) and (until is None or at <= until)


def recorded(session: Session, entry: VersionedClass) -> Recorded:
    """Load the spans of a model's columns, in one statement."""
    table = registry_of(entry).history_of(entry.table).history_column
    names = {own.live: own.version.fullname for own in entry.tables}
    statement = sa.select(table.c.table_name, table.c.column_name, table.c.since, table.c.until)
    rows = session.execute(
        statement.where(table.c.table_name.in_(sorted(names.values())), table.c.column_name != ""),
        bind_arguments=connection_arguments(session, entry),
    )
    spans = {(row.table_name, row.column_name): (row.since, row.until) for row in rows}
    return Recorded(
        {
            key: spans[name]
            for key, column in entry.attributes.items()
            if (name := (names[column.table], column.name)) in spans
        }
    )
