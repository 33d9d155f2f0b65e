"""What a foreign key makes of one row, before the database has done it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.dialects.rows import Columns
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Action, Cascade, VersionedTable

_UNKNOWN = object()
"""A value that only the database knows, until it has written it."""


@dataclass(frozen=True, slots=True, eq=False)
class AffectedRow:
    """A row that is deleted or changed.

    :ivar old: what it holds, by column key; the key's columns and those of foreign keys.
    :ivar new: what changes, by column key.
    """

    old: Mapping[str, Any]
    new: Mapping[str, Any]


def key_of(columns: Columns, row: Mapping[str, Any]) -> Key:
    """Return what a row holds in some columns."""
    return tuple([row[column.key] for column in columns])


def is_set(cascade: Cascade, sets: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a statement may be a cascade's cause; a deletion, which sets nothing, is."""
    return not sets or any(parent.key in row for row in sets for parent, _ in cascade.pairs)


def concerns(cascade: Cascade, row: AffectedRow) -> bool:
    """Tell whether a parent's fate is one that the foreign key knows."""
    if cascade.cause is Operation.DELETE:
        return True
    return any(_changes(row, parent.key) for parent, _ in cascade.pairs)


def _changes(row: AffectedRow, name: str) -> bool:
    new = row.new.get(name, row.old[name])
    return isinstance(new, sa.ClauseElement) or bool(new != row.old[name])


def consequence(
    cascade: Cascade, old: Mapping[str, Any], source: AffectedRow | None
) -> Mapping[str, Any]:
    """Return what the database gives the columns of a child's foreign key."""
    if cascade.effect is Operation.DELETE:
        return {}
    if cascade.action is Action.SET_NULL:
        return {child.key: None for _, child in cascade.pairs}
    if cascade.action is Action.SET_DEFAULT or source is None:
        return {child.key: _UNKNOWN for _, child in cascade.pairs}
    return {
        child.key: source.new.get(parent.key, old[child.key]) for parent, child in cascade.pairs
    }


def is_plain(value: Any) -> bool:
    """Tell whether a value is known before the database has written it."""
    return value is not _UNKNOWN and not isinstance(value, sa.ClauseElement)


def new_key(table: VersionedTable, row: AffectedRow) -> Key:
    """Return the key that a record has afterwards.

    :raises HistoryWriteError: when only the database knows.
    """
    new = tuple([row.new.get(column.key, row.old[column.key]) for column in table.key])
    if not all(map(is_plain, new)):
        raise HistoryWriteError(
            f"The database is about to change keys of {table.live.name} to values that are not "
            f"known before, because of a foreign key. Give the new values of the parents as plain "
            f"ones, or write the records themselves. The statement was not sent."
        )
    return new
