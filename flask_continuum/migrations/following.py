"""What autogenerate makes of changed models: their history follows, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import MigrateOperation, ops

from flask_continuum.engine.build.history import WHOLE_TABLE
from flask_continuum.engine.registry import Registry, VersionedTable
from flask_continuum.migrations.filling import FillEndsOp
from flask_continuum.migrations.recording import (
    RecordColumnOp,
    RecordHistoryOp,
    RecordingOp,
    ResumeColumnOp,
    ResumeHistoryOp,
    RetireColumnOp,
    RetireHistoryOp,
)

Name = tuple[str, str | None]
"""Of a table, with its schema."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the database says about what is recorded.

    :ivar histories: the version tables that it knows, by their full names, each with whether it
        has been retired.
    :ivar retired: columns that are recorded no longer, by full name and column.
    """

    histories: Mapping[str, bool]
    retired: frozenset[tuple[str, str]]


def read_known(connection: sa.Connection, table: sa.Table) -> Known:
    """Read ``history_column``, which may not be there yet."""
    if not sa.inspect(connection).has_table(table.name, schema=table.schema):
        return Known({}, frozenset())
    rows = connection.execute(sa.select(table.c.table_name, table.c.column_name, table.c.until))
    found = [tuple(row) for row in rows]
    return Known(
        {name: until is not None for name, column, until in found if column == WHOLE_TABLE},
        frozenset((n, c) for n, c, until in found if c != WHOLE_TABLE and until is not None),
    )


def follow(
    upgrade: ops.UpgradeOps, registry: Registry, metadata: sa.MetaData, known: Known
) -> None:
    """Add to what was found what makes history follow; take out what would lose some of it."""
    entries = {
        (entry.version.name, entry.version.schema): entry
        for entry in registry.tables.values()
        if entry.version.metadata is metadata
    }
    names = registry.history[metadata]
    said: list[MigrateOperation] = []
    kept: list[MigrateOperation] = []
    for change in upgrade.ops:
        said += _about_table(change, entries, known)
        if isinstance(change, ops.ModifyTableOps):
            said += _about_columns(change, entries, known)
            if not change.ops:
                continue
        if _drops_history(change, known) or _is_index_of_retired(change, known, entries):
            continue
        kept.append(change)
    said += _back_again(entries, known)
    for each in said:
        if isinstance(each, RecordingOp):
            each.transaction_table = names.transaction.name
    upgrade.ops[:] = [*kept, *said]


# -- tables ------------------------------------------------------------------------------------


def _about_table(
    change: MigrateOperation, entries: Mapping[Name, VersionedTable], known: Known
) -> Iterator[MigrateOperation]:
    if isinstance(change, ops.CreateTableOp):
        entry = entries.get((change.table_name, change.schema))
        if entry is not None:
            yield RecordHistoryOp(change.table_name, entry.live.name, schema=change.schema)
    elif isinstance(change, ops.DropTableOp):
        name = _full(change.table_name, change.schema)
        if known.histories.get(name) is False:
            yield RetireHistoryOp(change.table_name, schema=change.schema)


def _drops_history(change: MigrateOperation, known: Known) -> bool:
    """Tell whether a table of versions would be dropped: its model is gone, its history is not."""
    return (
        isinstance(change, ops.DropTableOp)
        and _full(change.table_name, change.schema) in known.histories
    )


def _is_index_of_retired(
    change: MigrateOperation, known: Known, entries: Mapping[Name, VersionedTable]
) -> bool:
    return (
        isinstance(change, ops.DropIndexOp)
        and change.table_name is not None
        and (change.table_name, change.schema) not in entries
        and _full(change.table_name, change.schema) in known.histories
    )


# -- columns -----------------------------------------------------------------------------------


def _about_columns(
    change: ops.ModifyTableOps, entries: Mapping[Name, VersionedTable], known: Known
) -> Iterator[MigrateOperation]:
    entry = entries.get((change.table_name, change.schema))
    if entry is None:
        return
    said: list[MigrateOperation] = []
    for each in list(change.ops):
        if isinstance(each, ops.AddColumnOp):
            said += _about_new_column(entry, each.column.name)
        elif isinstance(each, ops.DropColumnOp):
            change.ops.remove(each)
            if (entry.version.fullname, each.column_name) not in known.retired:
                said.append(
                    RetireColumnOp(change.table_name, each.column_name, schema=change.schema)
                )
        elif isinstance(each, ops.DropIndexOp) and _is_of_retired(each, entry):
            change.ops.remove(each)
        elif isinstance(each, ops.AlterColumnOp):
            # versions never count by themselves, and saying so is only understood by MySQL
            each.kw.pop("autoincrement", None)
    yield from said


def _about_new_column(entry: VersionedTable, name: str) -> Iterator[MigrateOperation]:
    version = entry.version
    end = entry.end_transaction_id
    recorded = {column.name for _, column in entry.columns}
    if name in recorded:
        yield RecordColumnOp(version.name, name, schema=version.schema)
    elif end is not None and name == end.name:
        yield FillEndsOp(
            version.name,
            end_column=end.name,
            transaction_column=entry.transaction_id.name,
            key=[column.name for column in entry.version_key],
            schema=version.schema,
        )


def _is_of_retired(change: ops.DropIndexOp, entry: VersionedTable) -> bool:
    """Tell whether an index is on a column that stays, though no model has it any longer."""
    known = {column.name for column in entry.version.c}
    index = change.to_index()
    return any(column.name not in known for column in index.columns)


def _back_again(entries: Mapping[Name, VersionedTable], known: Known) -> Iterator[MigrateOperation]:
    """Yield what resumes what had been retired, where models have it again."""
    for entry in entries.values():
        version = entry.version
        if known.histories.get(version.fullname):
            yield ResumeHistoryOp(version.name, schema=version.schema)
        for column in version.c:
            if (version.fullname, column.name) in known.retired:
                yield ResumeColumnOp(version.name, column.name, schema=version.schema)


def _full(name: str, schema: Any) -> str:
    return f"{schema}.{name}" if schema else name
