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
    GREATEST_ID,
    birth,
    fits,
    is_record,
    moment,
    out_of_reach,
    transaction_class_of,
)
from flask_continuum.engine.read.counts import Author
from flask_continuum.engine.read.entries import Place, entries_at
from flask_continuum.engine.read.links import links_of
from flask_continuum.engine.read.loading import (
    connection_arguments,
    transactions_by_id,
    versioned,
)
from flask_continuum.engine.read.made import Made
from flask_continuum.engine.read.moments import Filter, Stretch, Window, moments, stretch
from flask_continuum.engine.read.results import Entry, Page
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
    reach: int | None = None,
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
    :param reach: look through this many versions for what is wanted, in one more statement. A page
        may be shorter then, or empty; where it is and there are more versions, its cursor goes on
        behind those that were looked through.
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
    window, newer = _window(cursor, limit, reach)
    part, further = stretch(entry, key, wanted, window), None
    if reach is not None:
        part, further = _settled(session, entry, part, newer)
    places = _places(session, entry, key, wanted, window, part)
    if len(places) > limit:
        places = places[:limit]
        further = places[-1].at
    back = None
    if cursor is not None and places:
        back = places[0].at
    elif cursor is not None and reach is not None:
        back = (window.above or 0) + 1 if newer else (window.below or 0) - 1
    if newer:
        places.reverse()
    items = entries_at(session, entry, key, places)
    if wanted.tracked:
        items = _with_children(session, entry, key, wanted, items, children)
    return Page(
        items=items,
        newer=_cursor(further if newer else back, newer=True),
        older=_cursor(back if newer else further, newer=False),
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


def neighbours(
    session: Session, model: Any, key: Sequence[Any], transaction_id: int, *, limit: int
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the transactions around one in which a record changed, its links included.

    :param limit: how many after it, and how many before it.
    :returns: those after it and those before it, the newest first in both.
    """
    found = versioned(model)
    wanted = Filter(every_life=True)
    windows = (
        Window(limit=limit, above=transaction_id, rising=True),
        Window(limit=limit, below=transaction_id),
    )
    after, before = (
        [place.at for place in _places(session, found, key, wanted, window)] for window in windows
    )
    loaded = transactions_by_id(session, found, (*after, *before))
    return (
        tuple(loaded[at] for at in reversed(after) if at in loaded),
        tuple(loaded[at] for at in before if at in loaded),
    )


def authors(
    session: Session, model: Any, key: Sequence[Any], *, most: int | None = None
) -> tuple[Author, ...]:
    """Return who changed a record in its newest life, the busiest first, in two statements.

    People are told apart by user and by the label that they acted under.

    :param most: look at this many of the newest versions, and at one more to know whether there
        are more.
    """
    found = versioned(model)
    version = found.version_class
    transaction_class = transaction_class_of(found)
    at = moment(found, version)
    above = None if most is None else out_of_reach(found, key, most + 1)
    own = Stretch(birth(found, key, above=above), above)
    looked_at = (
        sa.select(at.label("at"))
        .where(*is_record(found, version, key), *own.conditions(at))
        .subquery()
    )
    columns = [transaction_class.actor]
    if hasattr(transaction_class, "user_id"):
        columns.append(transaction_class.user_id)
    newest = sa.func.max(looked_at.c.at).label("newest")
    counted = (
        sa.select(newest, sa.func.count().label("number"))
        .select_from(looked_at)
        .outerjoin(transaction_class, transaction_class.id == looked_at.c.at)
        .group_by(*columns)
    )
    rows = session.execute(counted, bind_arguments=connection_arguments(session, found)).all()
    loaded = transactions_by_id(session, found, (row.newest for row in rows))
    ordered = sorted(rows, key=lambda row: (-row.number, -row.newest))
    return tuple(Author(loaded.get(row.newest), row.number) for row in ordered)


def _window(cursor: str | None, limit: int, reach: int | None) -> tuple[Window, bool]:
    """Return the window that a cursor asks for, one row longer to see whether more follow."""
    if limit < 1:
        raise ValueError(f"A page has at least one entry, not {limit}.")
    if cursor is None:
        return Window(limit=limit + 1, reach=reach), False
    found = cursors.read(cursor, CURSOR, (sa.BigInteger(),))
    (at,) = found.values
    if found.newer:
        return Window(limit=limit + 1, above=at, rising=True, reach=reach), True
    return Window(limit=limit + 1, below=at, reach=reach), False


def _cursor(at: int | None, *, newer: bool) -> str | None:
    return None if at is None else cursors.write(CURSOR, newer, (at,))


def _settled(
    session: Session, entry: VersionedClass, part: Stretch, newer: bool
) -> tuple[Stretch, int | None]:
    """Return a stretch in numbers, and the transaction that goes on where it ends short of all."""
    columns = (
        sa.null() if each is None else sa.type_coerce(each, sa.BigInteger)
        for each in (part.born, part.above, part.below)
    )
    arguments = connection_arguments(session, entry)
    row: Any = session.execute(sa.select(*columns), bind_arguments=arguments).one()
    born, above, below = row
    if newer:
        edge = below - 1 if below != GREATEST_ID else None
    else:
        edge = above + 1 if above and not born else None
    return Stretch(born, above, below), edge


def _places(
    session: Session,
    entry: VersionedClass,
    key: Sequence[Any],
    wanted: Filter,
    window: Window,
    part: Stretch | None = None,
) -> list[Place]:
    arguments = connection_arguments(session, entry)
    dialect = arguments["bind"].dialect.name
    part = stretch(entry, key, wanted, window) if part is None else part
    statement = moments(entry, key, wanted, window, part, dialect)
    rows = session.execute(statement, bind_arguments=arguments)
    return [Place(row.at, row.previous, bool(row.own)) for row in rows]
