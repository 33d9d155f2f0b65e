"""What an INSERT does to rows that are there already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.functions import FunctionElement

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.errors import HistoryWriteError


def changed_on_conflict(clause: Any) -> frozenset[str]:
    """Return the keys of the columns that an upsert may give another value in a row it finds.

    Those that it finds the row by keep theirs when they are set to what was given.
    """
    upsert = clause._post_values_clause
    # ON CONFLICT and ON DUPLICATE KEY have names of their own for it
    told = getattr(upsert, "update_values_to_set", None) or getattr(upsert, "update", None) or {}
    sets = dict(told)
    found_by = _found_by(clause)
    columns = clause.table.c
    changed = set()
    for name, value in sets.items():
        column = name if isinstance(name, sa.Column) else columns.get(name)
        if column is None:  # called by its name in the database
            column = next((c for c in columns if c.name == name), None)
        if column is None or _stays(column, value):
            continue
        if column not in found_by or not _comes_from(value, column, "excluded", "inserted"):
            changed.add(column.key)
    return frozenset(changed)


def refuse_replacing(connection: sa.Connection, clause: Any) -> None:
    """Refuse an INSERT OR REPLACE of SQLite that removes rows which triggers do not see.

    A row with the same key is merely changed. Others go where a value of theirs is unique, and what
    belongs to a row goes with it.

    :raises HistoryWriteError: before anything is sent.
    """
    words = " ".join(str(text) for text, _ in clause._prefixes).upper()
    if connection.dialect.name != "sqlite" or "REPLACE" not in words:
        return
    live: sa.Table = clause.table
    acting = (key for t in live.metadata.tables.values() for key in t.foreign_key_constraints)
    is_parent = any(key.ondelete and key.referred_table.key == live.key for key in acting)
    if not is_parent and len(set(unique_columns(live))) < 2:
        return
    if connection.exec_driver_sql("PRAGMA recursive_triggers", execution_options=OWN).scalar():
        return
    raise HistoryWriteError(
        f"INSERT OR REPLACE on {live.name} may remove rows whose deletion SQLite's triggers "
        f"are not told of. Use ON CONFLICT DO UPDATE, or set PRAGMA recursive_triggers on each "
        f"connection. Nothing was sent."
    )


def _found_by(clause: Any) -> set[Any]:
    """Return the columns that any row has in common with the one that it is found for."""
    upsert = clause._post_values_clause
    named = getattr(upsert, "inferred_target_elements", None)
    if named:
        names = {getattr(each, "key", each) for each in named}
        return {c for c in clause.table.c if c.key in names or c.name in names}
    return set.intersection(*map(set, unique_columns(clause.table)))


def _stays(column: sa.Column[Any], value: Any) -> bool:
    """Tell whether a column is set to itself, as MariaDB is asked for the key of what it finds."""
    if isinstance(value, FunctionElement):
        if getattr(value, "name", "").lower() != "last_insert_id":
            return False
        value = next(iter(value.clauses), None)
    return _comes_from(value, column, column.table.name)


def _comes_from(value: Any, column: sa.Column[Any], *sources: str) -> bool:
    """Tell whether a value is that of the same column in a table of such a name."""
    source = getattr(getattr(value, "table", None), "name", None)
    return source in sources and value.key == column.key


def unique_columns(live: sa.Table) -> Iterator[tuple[sa.Column[Any], ...]]:
    """Yield the sets of columns that no two rows share: key, unique constraints and indexes."""
    if live.primary_key:
        yield tuple(live.primary_key)
    for constraint in live.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            yield tuple(constraint.columns)
    for index in live.indexes:
        if index.unique and all(isinstance(e, sa.Column) for e in index.expressions):
            yield tuple(index.columns)
