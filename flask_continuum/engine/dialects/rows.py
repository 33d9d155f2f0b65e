"""Live rows read, and locked, by what any columns hold: many in one statement, as few are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.base import Dialect
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.options import Options
from flask_continuum.engine.registry import VersionedTable

Columns = Sequence[sa.Column[Any]]


def select_rows(
    dialect: Dialect,
    connection: sa.Connection,
    columns: Columns,
    by: Columns,
    values: Sequence[tuple[Any, ...]],
    *,
    lock: bool = True,
    keys_stay: bool = False,
) -> Iterator[dict[str, Any]]:
    """Read the rows of a table, versioned or not.

    :param columns: what is read.
    :param by: columns of the same table, without NULLs in ``values``.
    :param values: what they hold in the rows that are read, each combination once.
    :param lock: whether they are locked, where there are row locks.
    :param keys_stay: whether others may refer to these rows meanwhile, by foreign keys.
    :returns: what each row holds, by column key.
    """
    live = by[0].table
    assert isinstance(live, sa.Table), "columns of a table"
    # a key source finds rows by a key, here by the columns that take the key's place
    table = VersionedTable(live, live, tuple(by), is_link=False, options=Options())
    dialect.prepare(connection, table)
    names = ", ".join(f"s.{dialect.q(column)}" for column in columns)
    # in one order always, so that two who lock the same rows wait for each other but once
    order = ", ".join(f"s.{dialect.q(column)}" for column in by)
    locking = dialect.locking_values if keys_stay else dialect.locking
    keys = [column.key for column in columns]
    for start in range(0, len(values), dialect.chunk):
        part = [(value, Operation.UPDATE) for value in values[start : start + dialect.chunk]]
        source = dialect.keys(table, part)
        found = dialect.run(
            connection,
            f"SELECT {names} FROM {source.sql} k {dialect.join} {dialect.name(live)} s "
            f"ON {dialect.matches(table, 's', 'k')} ORDER BY {order}{locking if lock else ''}",
            source.parameters,
            columns,
        )
        for row in found.all():
            yield dict(zip(keys, row, strict=True))
