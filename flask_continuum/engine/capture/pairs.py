"""Links that several rows may hold: whether they have come or gone is asked of the rows.

A link is there while one row with its pair is, whatever a statement has done to another one.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from flask_continuum.engine.capture.changes import Changes
from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.dialects.rows import select_rows
from flask_continuum.engine.operation import Operation


def settle(connection: sa.Connection, dialect: Dialect, changes: Changes) -> Changes | None:
    """Return what has become of the links that were touched; ``None`` when nothing has.

    The rows are locked: of two who write the same pair, the later one sees what the other has
    left of it.
    """
    table = changes.table
    keys = [*(key for key, _ in changes.live), *changes.gone]
    dialect.prepare(connection, table)
    there = {
        tuple(row.values()): None
        for row in select_rows(dialect, connection, table.key, table.key, keys)
    }
    began = set(dialect.alive(connection, table, keys))
    live = tuple((k, Operation.UPDATE if k in began else Operation.INSERT) for k in there)
    gone = tuple(key for key in keys if key in began and key not in there)
    if not live and not gone:
        return None
    return replace(changes, live=live, gone=gone, altered=changes.altered & set(gone))
