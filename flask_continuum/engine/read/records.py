"""The records of a model, live or deleted, those changed last first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
from flask_continuum.engine.read.loading import (
    connection_arguments,
    versioned,
    whole,
    with_transaction,
)
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
    reach: int | None = None,
) -> Page[RecordRow]:
    """Return a page of the records of a model, the newest change first, in one statement.

    :param deleted: the deleted records instead of the live ones.
    :param search: only records with this key, or with this text in one of ``fields``.
    :param cursor: ``newer`` or ``older`` of another page with the same filters.
    :param fields: the attributes to search in; by default the one that names a record.
    :param at: the records as they were when this transaction had committed; as they are now
        without it.
    :param reach: look through this many versions of the model for them, in one more statement. A
        page may be shorter then, or empty; where it is and there are more versions, its cursor goes
        on behind those that were looked through.
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
    begins, newer = None, False
    plain, begin = entry.version_class, []
    if at is not None:
        begin.append(moment(entry, plain) <= at)
    if cursor is not None:
        types = [sa.BigInteger(), *(entry.attributes[key].type for key in entry.key_attributes)]
        found = _read(cursor, name, types)
        newer, begins = found.newer, found.values[0]
        columns = (since, *keys)[: len(found.values)]
        statement = statement.where(beyond(columns, found.values, rising=newer))
        columns = (moment(entry, plain), *key_columns(entry, plain))[: len(found.values)]
        begin.append(beyond(columns, found.values, rising=newer))
    edge = None
    if reach is not None:
        edge = _edge(session, entry, begin, newer, reach)
        if edge is not None:
            statement = statement.where(since <= edge if newer else since >= edge)
    order = [column if newer else column.desc() for column in (since, *keys)]
    rows = list(session.execute(statement.order_by(*order).limit(limit + 1)))
    further = None
    if len(rows) > limit:
        rows = rows[:limit]
        further = _cursor(entry, name, rows[-1][0], newer=newer)
    elif edge is not None:
        further = cursors.write(f"{name}{BEHIND}", newer, (edge,))
    back = None
    if cursor is not None and rows:
        back = _cursor(entry, name, rows[0][0], newer=not newer)
    elif begins is not None and reach is not None:
        turned = begins + 1 if newer else begins - 1
        back = cursors.write(f"{name}{BEHIND}", not newer, (turned,))
    if newer:
        rows.reverse()
    return Page(
        items=tuple(record_row(entry, row[0], row[1]) for row in rows),
        newer=further if newer else back,
        older=back if newer else further,
    )


BEHIND = ":behind"
"""Of a cursor that stands between transactions, and not at a record."""


def _read(cursor: str, name: str, types: Sequence[sa.types.TypeEngine[Any]]) -> cursors.Cursor:
    try:
        return cursors.read(cursor, f"{name}{BEHIND}", types[:1])
    except cursors.BadCursor:
        return cursors.read(cursor, name, types)


def _edge(
    session: Session,
    entry: VersionedClass,
    places: Sequence[sa.ColumnElement[bool]],
    newer: bool,
    reach: int,
) -> int | None:
    """Return the transaction of the version that comes behind so many others, if there is one.

    All that it did is within reach: there may be more versions than that in one transaction.
    """
    version = entry.version_class
    when = moment(entry, version)
    statement = sa.select(when).order_by(when if newer else when.desc()).offset(reach).limit(1)
    arguments = connection_arguments(session, entry)
    found: int | None = session.scalar(statement.where(*places), bind_arguments=arguments)
    return found


def _cursor(entry: VersionedClass, name: str, version: Any, *, newer: bool) -> str:
    return cursors.write(name, newer, (moment(entry, version), *entry.key_of(version)))
