"""Transactions: the feed over all models, one by its address, what it did, its neighbours.

Rows of the transaction table with one ``uid`` are one transaction: where another transaction had
overtaken it, part of its versions stand under a later id. It is shown by its last row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import cursors
from flask_continuum.engine.read.conditions import GREATEST_ID, read_id
from flask_continuum.engine.read.databases import (
    Database,
    database_of,
    databases,
    is_from,
    where_is,
)
from flask_continuum.engine.read.feed import EVERYTHING, FeedFilter, conditions
from flask_continuum.engine.read.loading import user_loading, versioned
from flask_continuum.engine.read.made import Made
from flask_continuum.engine.read.results import Entry, Page, TransactionRow
from flask_continuum.engine.read.touched import counts, samples, touched_entries
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.typed import AnySelect

SAMPLES = 3


def transactions(
    session: Session,
    manager: Any,
    *,
    cursor: str | None = None,
    limit: int = 50,
    wanted: FeedFilter = EVERYTHING,
    reach: int | None = None,
) -> Page[TransactionRow]:
    """Return a page of the transactions over all models, newest first.

    Costs, for each database, three statements and one or more for each model that was touched,
    whatever the length of the page.

    :param cursor: ``newer`` or ``older`` of another page with the same filters.
    :param wanted: which transactions; all by default.
    :param reach: look through this many transactions of each database for them, in one more
        statement each. A page may be shorter then, or empty; where it is and there are more
        transactions, its cursor goes on behind those that were looked through.
    :raises BadCursor: when the cursor is not one of this list.
    :raises ValueError: when the filter asks for what is not recorded.
    """
    if limit < 1:
        raise ValueError(f"A page has at least one transaction, not {limit}.")
    groups: Sequence[Database] = databases(session, manager.registry)
    if wanted.text and "\0" in wanted.text:
        return Page((), None, None)
    if wanted.model is not None:
        groups = [where_is(session, versioned(wanted.model))]
    newer, edges = _edges(cursor, len(groups))
    found = []
    ends: list[int | None] = []
    for place, database in enumerate(groups):
        statement = _feed(database, edges[place], newer, limit + 1)
        if reach is not None:
            candidates = _candidates(database, edges[place], newer, wanted)
            ends.append(_out_of_reach(session, database, candidates, reach))
            # a join, as MariaDB has no LIMIT inside of IN; PostgreSQL learns how few there are
            within = candidates.limit(reach).subquery()
            statement = statement.join(within, within.c.id == database.transaction_class.id)
        statement = statement.where(
            *conditions(wanted, database.transaction_class, database.entries, database.dialect)
        )
        rows = session.scalars(statement, bind_arguments=database.arguments)
        found += [(each, place) for each in rows]
    found.sort(key=_order, reverse=not newer)
    more = len(found) > limit
    found = found[:limit]
    if newer:
        found.reverse()
    further = back = None
    if found and more:
        further = _cursor(found, edges, newer, to_newer=newer)
    elif any(end is not None for end in ends):
        further = _behind(ends, newer)
    if found and cursor is not None:
        back = _cursor(found, edges, newer, to_newer=not newer)
    elif cursor is not None and reach is not None:
        turned = [0 if each is None else each + 1 if newer else each - 1 for each in edges]
        back = cursors.write("transactions", not newer, turned)
    return Page(
        items=tuple(_rows(session, groups, found)),
        newer=further if newer else back,
        older=back if newer else further,
    )


def _order(found: tuple[Any, int]) -> tuple[Any, ...]:
    issued_at = found[0].issued_at
    return (issued_at is not None, issued_at, found[0].id)


def _candidates(database: Database, edge: int | None, newer: bool, wanted: FeedFilter) -> AnySelect:
    """Select the ids of what may be on a page, in its order, narrowed by what has an index."""
    transaction: Any = aliased(database.transaction_class)
    narrowed = Made(user_id=wanted.user_id, since=wanted.since, until=wanted.until)
    order = transaction.id if newer else transaction.id.desc()
    statement = sa.select(transaction.id).where(*narrowed.conditions(transaction)).order_by(order)
    if edge is not None:
        statement = statement.where(transaction.id > edge if newer else transaction.id < edge)
    return statement


def _out_of_reach(
    session: Session, database: Database, candidates: AnySelect, reach: int
) -> int | None:
    """Return the transaction that comes behind so many others, if there is one."""
    statement = candidates.offset(reach).limit(1)
    found: int | None = session.scalar(statement, bind_arguments=database.arguments)
    return found


def _behind(ends: Sequence[int | None], newer: bool) -> str:
    """Return the cursor behind what was looked through; of an exhausted database, to nothing."""
    last = GREATEST_ID if newer else 0
    values = [last if end is None else end - 1 if newer else end + 1 for end in ends]
    return cursors.write("transactions", newer, values)


def _feed(database: Database, edge: int | None, newer: bool, limit: int) -> AnySelect:
    transaction: Any = database.transaction_class
    later = aliased(transaction)
    statement = sa.select(transaction).where(
        ~sa.exists().where(later.uid == transaction.uid, later.id > transaction.id)
    )
    if edge is not None:
        statement = statement.where(transaction.id > edge if newer else transaction.id < edge)
    order = transaction.id if newer else transaction.id.desc()
    return (
        statement.order_by(order).limit(limit).options(*user_loading(transaction, database.token))
    )


def _edges(cursor: str | None, number: int) -> tuple[bool, list[int | None]]:
    """Return the direction, and for each database the id that the page begins behind."""
    if cursor is None:
        return False, [None] * number
    found = cursors.read(cursor, "transactions", [sa.BigInteger()] * number)
    return found.newer, list(found.values)


def _cursor(
    found: Sequence[tuple[Any, int]], edges: Sequence[int | None], newer: bool, *, to_newer: bool
) -> str:
    values = []
    for place, edge in enumerate(edges):
        ids = [each.id for each, at in found if at == place]
        if ids:
            values.append(max(ids) if to_newer else min(ids))
        elif edge is None:
            values.append(GREATEST_ID)
        elif newer == to_newer:
            values.append(edge)
        else:
            # nothing of this database is on the page: step back over its edge
            values.append(edge - 1 if to_newer else edge + 1)
    return cursors.write("transactions", to_newer, values)


def _rows(
    session: Session,
    groups: Sequence[Database],
    found: Sequence[tuple[Any, int]],
) -> list[TransactionRow]:
    numbers: dict[Any, dict[type[Any], dict[Operation, int]]] = defaultdict(dict)
    shown: dict[Any, dict[type[Any], tuple[Any, ...]]] = defaultdict(dict)
    for place, database in enumerate(groups):
        whole = rows_of(session, database, [each for each, at in found if at == place])
        counted = counts(session, database.entries, whole)
        touched: dict[VersionedClass, set[int]] = defaultdict(set)
        for (entry, at), operations in counted.items():
            touched[entry].add(at)
            total = numbers[whole[at]].setdefault(entry.model, {})
            for done, number in operations.items():
                total[done] = total.get(done, 0) + number
        for entry, ids in touched.items():
            for at, versions in samples(session, entry, ids, SAMPLES).items():
                before = shown[whole[at]].get(entry.model, ())
                shown[whole[at]][entry.model] = (*before, *versions)[:SAMPLES]
    return [TransactionRow(each, numbers[each], shown[each]) for each, _ in found]


def rows_of(session: Session, database: Database, found: Sequence[Any]) -> dict[int, Any]:
    """Return all ids that belong to some transactions, with the transaction of each."""
    whole = {each.id: each for each in found}
    by_uid = {each.uid: each for each in found if each.uid is not None}
    if by_uid:
        cls: Any = database.transaction_class
        statement = sa.select(cls.id, cls.uid).where(cls.uid.in_(list(by_uid)))
        for at, uid in session.execute(statement, bind_arguments=database.arguments):
            whole[at] = by_uid[uid]
    return whole


def transaction_by_uid(session: Session, manager: Any, uid_or_id: str) -> Any | None:
    """Return the transaction with a uid, or with an id in decimal digits; ``None`` without one."""
    number = read_id(uid_or_id)
    if "\0" in uid_or_id:
        return None
    for database in databases(session, manager.registry):
        cls: Any = database.transaction_class
        condition: Any = cls.uid == uid_or_id if number is None else cls.id == number
        statement = (
            sa.select(cls)
            .where(condition)
            .order_by(cls.id.desc())
            .limit(1)
            .options(*user_loading(cls, database.token))
        )
        found = session.scalars(statement, bind_arguments=database.arguments).first()
        if found is not None:
            return found
    return None


def transaction_entries(
    session: Session, manager: Any, transaction: Any, *, limit_per_model: int | None = None
) -> Mapping[type[Any], tuple[Entry, ...]]:
    """Return all that a transaction did, by model in the order of definition.

    Costs statements by model that it touched, never by record.

    :param limit_per_model: how many entries of each model; all by default.
    """
    found: dict[type[Any], tuple[Entry, ...]] = {}
    for database in databases(session, manager.registry):
        rows = _all_rows(session, database, transaction)
        counted = counts(session, database.entries, rows)
        touched = {entry for entry, _ in counted}
        for entry in database.entries:
            if entry in touched:
                found[entry.model] = touched_entries(session, entry, rows, limit=limit_per_model)
    return found


def _all_rows(session: Session, database: Database, transaction: Any) -> dict[int, Any]:
    """Return the rows of one transaction in one database, by id."""
    cls: Any = database.transaction_class
    if transaction.uid is None:
        own = is_from(transaction, database)
        return {transaction.id: transaction} if own else {}
    statement = sa.select(cls).where(cls.uid == transaction.uid)
    found = session.scalars(
        statement.options(*user_loading(cls, database.token)), bind_arguments=database.arguments
    )
    return {each.id: each for each in found}


def transaction_neighbours(session: Session, transaction: Any) -> tuple[Any | None, Any | None]:
    """Return the transactions before and after one, in two statements."""
    cls: Any = type(transaction)
    database = database_of(session, transaction)
    other = sa.select(cls).limit(1).options(*user_loading(cls, database.token))
    if transaction.uid is not None:
        other = other.where(sa.or_(cls.uid.is_(None), cls.uid != transaction.uid))
    before = other.where(cls.id < transaction.id).order_by(cls.id.desc())
    after = other.where(cls.id > transaction.id).order_by(cls.id)
    arguments = database.arguments
    return (
        session.scalars(before, bind_arguments=arguments).first(),
        session.scalars(after, bind_arguments=arguments).first(),
    )


def newest_beside(session: Session, transaction: Any) -> int:
    """Return the newest id of all transactions in the database of one."""
    cls: Any = type(transaction)
    statement = sa.select(sa.func.max(cls.id))
    found: int = session.execute(
        statement, bind_arguments=database_of(session, transaction).arguments
    ).scalar_one()
    return found
