"""Since when, and until when, a column's values were recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.read.conditions import registry_of
from flask_continuum.engine.read.loading import connection_arguments
from flask_continuum.engine.registry import VersionedClass

Span = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Answers whether history knows a field's value at a transaction.

    :ivar spans: the first and last transaction id (``None``: open) of columns that were not
        always recorded, by attribute key.
    :ivar gone: the same of columns that were recorded and are not any more, by their name.
    """

    spans: Mapping[str, Span]
    gone: Mapping[str, Span] = field(default_factory=dict)

    def knows(self, key: str, at: int) -> bool:
        """Tell whether the value of field ``key`` was recorded by transaction ``at``."""
        return _within(self.spans.get(key, (None, None)), at)

    def gone_since(self, at: int) -> tuple[str, ...]:
        """Return the names of columns that were recorded by transaction ``at``, and are gone."""
        return tuple(sorted(name for name, span in self.gone.items() if _within(span, at)))


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
    there = {
        (own.version.fullname, column.name) for own in entry.tables for column in own.version.c
    }
    return Recorded(
        {
            key: spans[name]
            for key, column in entry.attributes.items()
            if (name := (names[column.table], column.name)) in spans
        },
        {name[1]: span for name, span in spans.items() if name not in there},
    )


def _within(span: Span, at: int) -> bool:
    since, until = span
    return (since is None or at >= since) and (until is None or at <= until)
