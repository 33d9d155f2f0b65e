"""Transactions in an order to go on from: oldest first, and none comes in before another later.

Each row of the transaction table is an item. One that was overtaken while it held an id has several
rows with one ``uid``: its changes come where they stand in the histories of their records, since
that is the order in which they can be repeated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.dialects.settled import settled
from flask_continuum.engine.read import cursors
from flask_continuum.engine.read.databases import Database, databases
from flask_continuum.engine.read.loading import user_loading, versioned
from flask_continuum.engine.read.results import Entry
from flask_continuum.engine.read.touched import counts, touched_entries
from flask_continuum.engine.registry import Registry, VersionedClass

_NAME = "feed"


@dataclass(frozen=True, slots=True)
class FeedItem:
    """A transaction with all that it changed.

    :ivar transaction: who, when and why. Its ``id`` is unique in its database.
    :ivar entries: its changes by model, in the order of keys.
    :ivar rows: the ids of all rows of the transaction; several where it was overtaken. Its items
        have one ``uid``.
    :ivar cursor: asks for what comes after it.
    """

    transaction: Any
    entries: Mapping[type[Any], tuple[Entry, ...]]
    rows: tuple[int, ...]
    cursor: str

    @property
    def is_last(self) -> bool:
        """Whether no other item of the transaction follows."""
        return bool(self.transaction.id == self.rows[-1])

    def __iter__(self) -> Iterator[Entry]:
        """Yield all changes."""
        for entries in self.entries.values():
            yield from entries


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A part of the feed, oldest first.

    :ivar cursor: asks for what comes after it, now or at any time later.
    """

    items: tuple[FeedItem, ...]
    cursor: str

    def __iter__(self) -> Iterator[FeedItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(slots=True)
class _Position:
    """How far one database has been read.

    :ivar drawn: up to which id nothing is in flight, as far as is known.
    """

    after: int = 0
    drawn: int = 0


@dataclass(slots=True)
class _Part:
    """What one database has to give: its transactions in order, with their changes."""

    database: Database
    rows: Sequence[Any]
    whole: Mapping[str, tuple[int, ...]]
    entries: Mapping[int, Mapping[type[Any], tuple[Entry, ...]]] = field(default_factory=dict)


def page_of_feed(
    session: Session,
    registry: Registry,
    *,
    after: str | None,
    limit: int,
    models: Sequence[Any] | None,
    patience: float,
) -> FeedPage:
    """Return the first settled transactions behind a cursor, with their changes.

    Costs a constant number of statements for each database and model that was touched.

    :raises BadCursor: when the cursor is not one of a feed over as many databases.
    """
    groups = databases(session, registry)
    positions = _positions(after, len(groups))
    parts = []
    for position, database in zip(positions, groups, strict=True):
        found = settled(
            database.bind,
            database.transaction_class.__table__,
            after=position.after,
            drawn=position.drawn,
            limit=limit,
            patience=patience,
        )
        position.drawn = found.drawn
        parts.append(_load(session, database, found.ids))
    # a merge keeps the order of each database, whatever its clocks say
    heads = [[(row.issued_at, place, row) for row in part.rows] for place, part in enumerate(parts)]
    chosen = list(merge(*heads, key=_instant))[:limit]
    for place, part in enumerate(parts):
        rows = [row for _, at, row in chosen if at == place]
        part.entries = _entries(session, part.database, rows, models)
    items = []
    for _, place, row in chosen:
        positions[place].after = row.id
        entries = parts[place].entries.get(row.id, {})
        if entries or models is None:
            rows_of = parts[place].whole.get(row.uid, (row.id,))
            items.append(FeedItem(row, entries, rows_of, _cursor(positions)))
    return FeedPage(tuple(items), _cursor(positions))


def _instant(head: tuple[Any, int, Any]) -> tuple[Any, ...]:
    issued_at, place, _ = head
    return (issued_at is not None, issued_at, place)


def _positions(after: str | None, number: int) -> list[_Position]:
    if after is None:
        return [_Position() for _ in range(number)]
    values = cursors.read(after, _NAME, [sa.BigInteger()] * (2 * number)).values
    return [_Position(*pair) for pair in zip(values[::2], values[1::2], strict=True)]


def _cursor(positions: Sequence[_Position]) -> str:
    values = [value for each in positions for value in (each.after, each.drawn)]
    return cursors.write(_NAME, True, values)


def _load(session: Session, database: Database, ids: Sequence[int]) -> _Part:
    """Load transactions, up to the first one that the session does not see yet."""
    cls: Any = database.transaction_class
    if not ids:
        return _Part(database, (), {})
    statement = sa.select(cls).where(cls.id.in_(ids))
    statement = statement.options(*user_loading(cls, database.token))
    found = {
        each.id: each for each in session.scalars(statement, bind_arguments=database.arguments)
    }
    rows = []
    for at in ids:
        if at not in found:  # its snapshot is older
            break
        rows.append(found[at])
    return _Part(database, rows, _whole(session, database, rows))


def _whole(
    session: Session, database: Database, rows: Sequence[Any]
) -> Mapping[str, tuple[int, ...]]:
    """Return the ids of all rows of some transactions, by uid."""
    uids = [row.uid for row in rows if row.uid is not None]
    found: dict[str, list[int]] = defaultdict(list)
    if uids:
        cls: Any = database.transaction_class
        statement = sa.select(cls.uid, cls.id).where(cls.uid.in_(uids)).order_by(cls.id)
        for uid, at in session.execute(statement, bind_arguments=database.arguments):
            found[uid].append(at)
    return {uid: tuple(its) for uid, its in found.items()}


def _entries(
    session: Session, database: Database, rows: Sequence[Any], models: Sequence[Any] | None
) -> dict[int, dict[type[Any], tuple[Entry, ...]]]:
    """Return what transactions did, by id and model."""
    wanted = None if models is None else {versioned(model) for model in models}
    among = [each for each in database.entries if wanted is None or each in wanted]
    by_id = {row.id: row for row in rows}
    touched: dict[VersionedClass, dict[int, Any]] = defaultdict(dict)
    for entry, at in counts(session, among, by_id):
        touched[entry][at] = by_id[at]
    found: dict[int, dict[type[Any], tuple[Entry, ...]]] = defaultdict(dict)
    for entry in among:
        its: dict[int, list[Entry]] = defaultdict(list)
        for each in touched_entries(session, entry, touched[entry]) if entry in touched else ():
            its[each.transaction.id].append(each)
        for at, entries in its.items():
            found[at][entry.model] = tuple(entries)
    return found
