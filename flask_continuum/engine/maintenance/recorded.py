"""What ``history_column`` says: which histories are complete, since when a column is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from flask_continuum.engine.build.history import WHOLE_TABLE
from flask_continuum.engine.maintenance.findings import Collector, Finding, FindingKind
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.registry import VersionedTable

Span = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The rows of ``history_column``.

    :ivar complete: version tables that began with an empty live table.
    :ivar spans: from which transaction to which a column was recorded, by version table and
        column; those that always were are not among them.
    :ivar retired: the last transaction that a history was part of whose model is gone, 0 without.
    """

    complete: frozenset[str] = frozenset()
    spans: Mapping[tuple[str, str], Span] = field(default_factory=dict)
    retired: int = 0

    def is_complete(self, table: VersionedTable) -> bool:
        """Tell whether every record of a table has a version."""
        return table.version.fullname in self.complete

    def span(self, table: VersionedTable, column: sa.Column[object]) -> Span:
        """Return the first and the last transaction that recorded a column."""
        return self.spans.get((table.version.fullname, column.name), (None, None))


def load_recorded(place: Place, found: Collector) -> Recorded:
    """Read ``history_column``; rows that name what is not recorded are findings.

    A row with an end is not one of them: it tells of a table or column that has been retired.
    """
    history = place.history.history_column
    columns = {
        table.version.fullname: {c.name for c in table.version.c}
        for table in place.registry.tables.values()
        if table.live.metadata is history.metadata
    }
    complete: set[str] = set()
    spans: dict[tuple[str, str], Span] = {}
    retired = 0
    rows = sa.select(
        history.c.table_name, history.c.column_name, history.c.since, history.c.until
    ).order_by(history.c.table_name, history.c.column_name)
    for table, column, since, until in place.stream(rows):
        if until is None and (
            table not in columns or (column != WHOLE_TABLE and column not in columns[table])
        ):
            what = f"the column {table}.{column}" if column != WHOLE_TABLE else f"the table {table}"
            found.add(
                Finding(
                    FindingKind.HISTORY_COLUMN_UNKNOWN,
                    history.fullname,
                    (table, column),
                    None,
                    f"it says that {what} is recorded, which nothing versions.",
                )
            )
        elif column != WHOLE_TABLE:
            spans[table, column] = (since, until)
        elif until is not None:
            retired = max(retired, until)
        elif since == 0:
            complete.add(table)
    return Recorded(frozenset(complete), spans, retired)
