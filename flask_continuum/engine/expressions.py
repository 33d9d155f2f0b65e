"""From live tables and columns to those of their history, without a manager at hand."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql import coercions, roles, visitors

from flask_continuum.engine.errors import ClassNotVersioned
from flask_continuum.engine.introspect import get_versioning_manager
from flask_continuum.engine.read import navigation
from flask_continuum.engine.registry import LIVE_TABLE, class_of, entry_of


def version_table(table: Any) -> sa.Table:
    """Return the table with the history of a table, whatever it is called.

    :param table: the table; a model or an object of it stand for their own table.
    :raises ClassNotVersioned: when it has none.
    """
    live = table if isinstance(table, sa.Table) else sa.inspect(class_of(table)).local_table
    found = _find(live)
    if found is None:
        raise ClassNotVersioned(
            f"The table {live.name!r} has no version table. It gets one when a class that is "
            f"mapped to it is marked with __versioned__ = {{}}, or when it links such classes."
        )
    return found


class VersioningClauseAdapter(visitors.ReplacingExternalTraversal):
    """Rewrites expressions over live tables into the same over their history."""

    def replace(self, elem: Any) -> Any:
        """Return the version column for a live one; ``None`` leaves an element as it is."""
        if not isinstance(elem, sa.Column) or not isinstance(elem.table, sa.Table):
            return None
        version = _find(elem.table)
        return None if version is None else version.c.get(elem.key)


def adapt_columns(expr: Any) -> Any:
    """Return an expression with the columns of versioned tables replaced by their history's.

    What is not recorded stays: the column of the live table.
    """
    return VersioningClauseAdapter().traverse(coercions.expect(roles.ExpressionElementRole, expr))


def version_obj(session: Session, parent_obj: Any) -> Any | None:
    """Return the version that the present transaction makes of an object, ``None`` without one.

    The session is flushed, and the version written as a draft: it is the one that the commit
    leaves, unless the object is changed once more.

    :raises ClassNotVersioned: when its class is not versioned.
    """
    entry = entry_of(parent_obj)
    if not session._flushing:  # as in a plugin's hook
        session.flush()
    key = sa.inspect(parent_obj).identity
    if key is None:
        return None
    found = navigation.newest(session, entry, key)
    if found is None:
        return None
    unit = get_versioning_manager(entry.model).unit_of_work(session)
    written = getattr(found, entry.options.transaction_column_name)
    return found if written == unit.draft_id(entry.mapper) else None


def _find(live: sa.Table) -> sa.Table | None:
    """Look among the tables beside a table for the one that has its history."""
    for table in live.metadata.tables.values():
        if table.info.get(LIVE_TABLE) == live.key:
            return table
    return None
