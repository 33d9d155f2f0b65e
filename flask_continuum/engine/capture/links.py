"""Rows of link tables, which relationships write as plain statements during a flush."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.capture.baseline import Baseline
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.unit_of_work import Key
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Registry, VersionedTable


@dataclass(slots=True, eq=False)
class LinkCapture:
    """Notes the links that insertions and deletions name by their parameters."""

    registry: Registry
    current: CurrentUnits
    baseline: Baseline

    def before_execute(
        self, connection: sa.Connection, clause: Any, multiparams: Any, params: Any
    ) -> None:
        """Write baselines of links that are about to go, where history is not complete."""
        table = self.registry.tables[clause.table]
        self.current.get(connection)
        if clause.is_insert or self.baseline.completeness.is_complete(connection, table):
            return
        keys = list(_keys(table, multiparams, params))
        if keys:
            self.baseline.write(connection, table, keys)

    def after_execute(
        self, connection: sa.Connection, clause: Any, multiparams: Any, params: Any, result: Any
    ) -> None:
        """Note links that have come or gone."""
        table = self.registry.tables[clause.table]
        operation = Operation.INSERT if clause.is_insert else Operation.DELETE
        if operation is Operation.DELETE and result.rowcount == 0:
            return
        unit = self.current.get(connection)
        for key in _keys(table, multiparams, params):
            values = None
            if operation is Operation.DELETE:
                values = dict(zip((c.key for c in table.key), key, strict=True))
            unit.touch(table, key, operation, values)

    def is_told(self, clause: Any, multiparams: Any, params: Any) -> bool:
        """Tell whether a statement writes links that its parameters name.

        So do those of a flush; others are captured as statements on any table are.
        """
        table = self.registry.link_table(clause.table)
        if table is None or clause.is_update:
            return False
        if clause.is_insert and (
            clause.select is not None or clause._post_values_clause is not None or clause._prefixes
        ):
            return False
        rows = [row for row in (multiparams or [params]) if row]
        return bool(rows) and len(list(_keys(table, multiparams, params))) == len(rows)


def _keys(table: VersionedTable, multiparams: Any, params: Any) -> Iterator[Key]:
    """Yield the keys that the parameters name, in whatever form they were given."""
    rows = multiparams if multiparams else [params]
    for row in rows:
        for each in row if isinstance(row, list | tuple) else (row,):
            if isinstance(each, Mapping) and all(c.key in each for c in table.key):
                yield tuple(each[c.key] for c in table.key)
