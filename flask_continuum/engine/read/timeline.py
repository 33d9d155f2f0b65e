"""The changes of one record, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import cursors
from flask_continuum.engine.read.conditions import (
    birth,
    fits,
    is_record,
    moment,
    transaction_class_of,
)
from flask_continuum.engine.read.entries import Place, entries_at
from flask_continuum.engine.read.links import links_of
from flask_continuum.engine.read.loading import (
    connection_arguments,
    transactions_by_id,
    versioned,
)
from flask_continuum.engine.read.made import Made
from flask_continuum.engine.read.moments import Filter, Window, moments
from flask_continuum.engine.read.results import Author, Entry, Page
from flask_continuum.engine.read.tracked import children_at
from flask_continuum.engine.registry import VersionedClass

CURSOR = "timeline"

ANYHOW = Made()
"""By anybody, at any time."""


def timeline(
    session: Session,
    model: Any,
    key: Sequence[Any],
    *,
    cursor: str | None = None,
    limit: int = 50,
    field: str | None = None,
    operation: Operation | int | None = None,
    at: int | None = None,
    tracked: Sequence[str] = (),
    children: int | None = None,
    made: Made = ANYHOW,
) -> Page[Entry]:
    """Return a page of the changes of a record, newest first.

    Changes of its many-to-many relationships are among them, also where the record's own row did
    not change (:attr:`~flask_continuum.engine.read.results.Entry.only_links`).

    :param cursor: ``newer`` or ``older`` of another page with the same filters.
    :param field: only changes of this attribute, many-to-many or tracked relationship.
    :param operation: only insertions, updates or deletions.
    :param at: a transaction of the life that is wanted; the newest life of the key by default.
    :param made: only changes by these people, at this time, in such transactions.
    :param tracked: relationships of the option ``track`` whose changes are merged in; what happened
        to children stands under ``children`` of the entry of their transaction, which may be there
        for them alone (:attr:`~flask_continuum.engine.read.results.Entry.own`).
    :param children: how many changes of one relationship and transaction; the rest is counted.
    :raises BadCursor: when the cursor is not one of a timeline.
    :raises ValueError: when the model has no such field.
    """
    entry = versioned(model)
    wanted = Filter(
        **asdict(made),
        field=field,
        operation=None if operation is None else Operation(operation),
        at=at,
        tracked=tuple(tracked),
    )
    window, newer = _window(cursor, limit)
    places = _places(session, entry, key, wanted, window)
    more = len(places) > limit
    places = places[:limit]
    if newer:
        places.reverse()
    items = entries_at(session, entry, key, places)
    if wanted.tracked:
        items = _with_children(session, entry, key, wanted, items, children)
    return Page(
        items=items,
        newer=_cursor(places[0][0], newer=True) if places and (more if newer else cursor) else None,
        older=_cursor(places[-1][0], newer=False) if places and (newer or more) else None,
    )


def _with_children(
    session: Session,
    entry: VersionedClass,
    key: Sequence[Any],
    wanted: Filter,
    items: Sequence[Entry],
    limit: int | None,
) -> tuple[Entry, ...]:
    found = children_at(
        session,
        entry,
        key,
        [name for name in wanted.tracked if wanted.field in (None, name)],
        {it.transaction.id: it.transaction for it in items if it.transaction is not None},
        operation=wanted.operation,
        limit=limit,
    )
    return tuple(
        it if it.transaction is None else replace(it, children=found.get(it.transaction.id, ()))
        for it in items
    )


def entry(session: Session, model: Any, key: Sequence[Any], transaction_id: int) -> Entry | None:
    """Return what one transaction did to a record, ``None`` when it did nothing to it."""
    found = versioned(model)
    if not fits(transaction_id):
        return None
    version = found.version_class
    statement = (
        sa.select(moment(found, version))
        .where(*is_record(found, version, key), moment(found, version) <= transaction_id)
        .order_by(moment(found, version).desc())
        .limit(2)
    )
    ids = session.scalars(statement, bind_arguments=connection_arguments(session, found)).all()
    if not ids:
        return None
    before = ids[0] if ids[0] != transaction_id else (ids[1] if len(ids) > 1 else None)
    if ids[0] != transaction_id and not links_of(found):
        return None
    (made,) = entries_at(session, found, key, [Place(transaction_id, before)])
    return None if made.only_links and not made.links else made


def entries_since(
    session: Session, model: Any, key: Sequence[Any], transaction_id: int, *, limit: int = 50
) -> tuple[Entry, ...]:
    """Return what happened to a record after a transaction, newest first, whatever its life."""
    found = versioned(model)
    window = Window(limit=limit, above=transaction_id)
    places = _places(session, found, key, Filter(every_life=True), window)
    return entries_at(session, found, key, places)


def newest_change(session: Session, model: Any, key: Sequence[Any]) -> int | None:
    """Return the transaction id of the newest change of a record, its links included."""
    found = versioned(model)
    places = _places(session, found, key, Filter(every_life=True), Window(limit=1))
    return places[0][0] if places else None


def authors(session: Session, model: Any, key: Sequence[Any]) -> tuple[Author, ...]:
    """Return who changed a record in its newest life, the busiest first, in two statements.

    People are told apart by user and by the label that they acted under.
    """
    found = versioned(model)
    version = found.version_class
    transaction_class = transaction_class_of(found)
    columns = [transaction_class.actor]
    if hasattr(transaction_class, "user_id"):
        columns.append(transaction_class.user_id)
    newest = sa.func.max(moment(found, version)).label("newest")
    counted = (
        sa.select(newest, sa.func.count().label("number"))
        .select_from(version)
        .outerjoin(transaction_class, transaction_class.id == moment(found, version))
        .where(*is_record(found, version, key), moment(found, version) >= birth(found, key))
        .group_by(*columns)
    )
    rows = session.execute(counted, bind_arguments=connection_arguments(session, found)).all()
    loaded = transactions_by_id(session, found, (row.newest for row in rows))
    ordered = sorted(rows, key=lambda row: (-row.number, -row.newest))
    return tuple(Author(loaded.get(row.newest), row.number) for row in ordered)


def _window(cursor: str | None, limit: int) -> tuple[Window, bool]:
    """Return the window that a cursor asks for, one row longer to see whether more follow."""
    if limit < 1:
        raise ValueError(f"A page has at least one entry, not {limit}.")
    if cursor is None:
        return Window(limit=limit + 1), False
    found = cursors.read(cursor, CURSOR, (sa.BigInteger(),))
    (at,) = found.values
    if found.newer:
        return Window(limit=limit + 1, above=at, rising=True), True
    return Window(limit=limit + 1, below=at), False


def _cursor(at: int, *, newer: bool) -> str:
    return cursors.write(CURSOR, newer, (at,))


def _places(
    session: Session, entry: VersionedClass, key: Sequence[Any], wanted: Filter, window: Window
) -> list[Place]:
    arguments = connection_arguments(session, entry)
    dialect = arguments["bind"].dialect.name
    statement = moments(entry, key, wanted, window, dialect)
    rows = session.execute(statement, bind_arguments=arguments)
    return [Place(row.at, row.previous, bool(row.own)) for row in rows]
