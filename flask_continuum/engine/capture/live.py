"""Live rows by their keys."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.registry import Hierarchy, VersionedTable


def rows_held(
    connection: sa.Connection, table: VersionedTable, keys: Sequence[Key]
) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    """Yield what records hold, by column key."""
    columns = [live for live, _ in table.columns]
    for start in range(0, len(keys), 500):
        query = sa.select(*columns).where(among(table.key, keys[start : start + 500]))
        if table.repeats:
            query = query.order_by(*(column.desc() for column in table.live.primary_key))
        for row in connection.execute(query, execution_options=OWN):
            values = {c.key: row._mapping[c] for c in columns}
            yield tuple(values[c.key] for c in table.key), values


def among(columns: Sequence[sa.Column[Any]], values: Sequence[Key]) -> Any:
    """Return the condition that columns hold one of these combinations of values."""
    if len(columns) == 1:
        return columns[0].in_([value[0] for value in values])
    return sa.tuple_(*columns).in_(values)


def move_parts(
    connection: sa.Connection,
    unit: UnitOfWork,
    hierarchy: Hierarchy,
    told: Container[VersionedTable],
    keys: Mapping[Key, Key],
) -> None:
    """Note that moved records have other keys in those tables too of which nobody tells.

    Where their rows have not followed, their versions cannot be made, and the commit fails.

    :param told: the tables of the hierarchy whose rows have been noted.
    :param keys: the new key of each old one.
    """
    for table in hierarchy.tables:
        if table in told:
            continue
        found = dict(rows_held(connection, table, list(keys.values())))
        moved = {old: new for old, new in keys.items() if new in found}
        if moved:
            unit.move(table, moved, {old: found[new] for old, new in moved.items()})
