"""The records of a model, live or deleted, those changed last first."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import cursors
from flask_continuum.engine.read.conditions import (
    is_newest,
    key_columns,
    known,
    moment,
    operation,
)
from flask_continuum.engine.read.keys import beyond
from flask_continuum.engine.read.loading import versioned, whole, with_transaction
from flask_continuum.engine.read.results import Page, RecordRow
from flask_continuum.engine.read.search import label_attributes, matches, record_row
from flask_continuum.engine.registry import VersionedClass


def records(
    session: Session,
    model: Any,
    *,
    deleted: bool = False,
    search: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
    fields: Collection[str] | None = None,
    at: int | None = None,
) -> Page[RecordRow]:
    """Return a page of the records of a model, the newest change first, in one statement.

    :param deleted: the deleted records instead of the live ones.
    :param search: only records with this key, or with this text in one of ``fields``.
    :param cursor: ``newer`` or ``older`` of another page with the same filters.
    :param fields: the attributes to search in; by default the one that names a record.
    :param at: the records as they were when this transaction had committed; as they are now
        without it.
    :raises BadCursor: when the cursor is not one of this list.
    """
    entry = versioned(model)
    if limit < 1:
        raise ValueError(f"A page has at least one record, not {limit}.")
    version = whole(entry)
    is_deletion = operation(entry, version) == Operation.DELETE
    then = (is_newest(entry, version),) if at is None else known(entry, version, at)
    statement = with_transaction(session, entry, version).where(
        *then, is_deletion if deleted else ~is_deletion
    )
    if search is not None and (text := search.strip()):
        if "\0" in text:
            return Page((), None, None)
        chosen = label_attributes(entry) if fields is None else fields
        statement = statement.where(matches(entry, version, text, chosen))
    name = f"{entry.table.live.fullname}:{int(deleted)}" + ("" if at is None else f":{at}")
    since, keys = moment(entry, version), key_columns(entry, version)
    newer = False
    if cursor is not None:
        types = (sa.BigInteger(), *(entry.attributes[key].type for key in entry.key_attributes))
        found = cursors.read(cursor, name, types)
        newer = found.newer
        statement = statement.where(beyond((since, *keys), found.values, rising=newer))
    order = [column if newer else column.desc() for column in (since, *keys)]
    rows = list(session.execute(statement.order_by(*order).limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    if newer:
        rows.reverse()
    return Page(
        items=tuple(record_row(entry, row[0], row[1]) for row in rows),
        newer=_cursor(entry, name, rows[0][0], newer=True)
        if rows and (more if newer else cursor is not None)
        else None,
        older=_cursor(entry, name, rows[-1][0], newer=False) if rows and (newer or more) else None,
    )


def _cursor(entry: VersionedClass, name: str, version: Any, *, newer: bool) -> str:
    return cursors.write(name, newer, (moment(entry, version), *entry.key_of(version)))
