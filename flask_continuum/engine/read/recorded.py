"""Since when, and until when, a column's values were recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.read.conditions import registry_of
from flask_continuum.engine.read.erasures import Erasures, any_erasure
from flask_continuum.engine.read.loading import connection_arguments
from flask_continuum.engine.registry import VersionedClass

Span = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Answers whether history knows a field's value at a transaction.

    :ivar spans: the first and last transaction id (``None``: open) of columns that were not
        always recorded, by attribute key.
    :ivar gone: the same of columns that were recorded and are not any more, by their name.
    :ivar erasures: what was erased, ``None`` while that is nothing.
    """

    spans: Mapping[str, Span]
    gone: Mapping[str, Span] = field(default_factory=dict)
    erasures: Erasures | None = None

    def knows(self, key: str, at: int) -> bool:
        """Tell whether the value of field ``key`` was recorded by transaction ``at``."""
        return _within(self.spans.get(key, (None, None)), at)

    def gone_since(self, at: int) -> tuple[str, ...]:
        """Return the names of columns that were recorded by transaction ``at``, and are gone."""
        return tuple(sorted(name for name, span in self.gone.items() if _within(span, at)))


def recorded(session: Session, entry: VersionedClass) -> Recorded:
    """Load the spans of a model's columns, in one statement."""
    table, erased = spans_table(entry), sa.select(any_erasure(entry).label("any")).subquery()
    statement = (
        sa.select(*span_columns(table), erased.c.any)
        .select_from(erased)
        .outerjoin(table, speaks_of(entry, table))
    )
    arguments = connection_arguments(session, entry)
    rows = session.execute(statement, bind_arguments=arguments).all()
    erasures = Erasures(session, entry) if rows[0][-1] else None
    return recorded_by(entry, (row[:-1] for row in rows), erasures)


def spans_table(entry: VersionedClass) -> Any:
    """Return the table that says since when columns are recorded, to be selected from."""
    return registry_of(entry).history_of(entry.table).history_column.alias()


def span_columns(table: Any) -> tuple[Any, ...]:
    """Return what :func:`recorded_by` reads of a row of that table."""
    return (table.c.table_name, table.c.column_name, table.c.since, table.c.until)


def speaks_of(entry: VersionedClass, table: Any, key: str | None = None) -> sa.ColumnElement[bool]:
    """Select the spans of a model's columns, or of one attribute."""
    if key is None:
        names = sorted(own.version.fullname for own in entry.tables)
        return sa.and_(table.c.table_name.in_(names), table.c.column_name != "")
    owner, column = _name(entry, key)
    return sa.and_(table.c.table_name == owner, table.c.column_name == column)


def recorded_by(
    entry: VersionedClass, rows: Iterable[Any], erasures: Erasures | None = None
) -> Recorded:
    """Return what rows of :func:`span_columns` say; rows of nothing but NULL say nothing."""
    spans = {(table, column): (since, until) for table, column, since, until in rows}
    there = {
        (own.version.fullname, column.name) for own in entry.tables for column in own.version.c
    }
    return Recorded(
        {key: spans[name] for key in entry.attributes if (name := _name(entry, key)) in spans},
        {
            name[1]: span
            for name, span in spans.items()
            if name[1] is not None and name not in there
        },
        erasures,
    )


def _name(entry: VersionedClass, key: str) -> tuple[str, str]:
    """Return the names under which an attribute's column stands in that table."""
    column = entry.attributes[key]
    owner = next(own for own in entry.tables if own.live is column.table)
    return owner.version.fullname, column.name


def _within(span: Span, at: int) -> bool:
    since, until = span
    return (since is None or at >= since) and (until is None or at <= until)
