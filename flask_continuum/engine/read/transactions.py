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
) -> Page[TransactionRow]:
    """Return a page of the transactions over all models, newest first.

    Costs, for each database, three statements and one or more for each model that was touched,
    whatever the length of the page.

    :param cursor: ``newer`` or ``older`` of another page with the same filters.
    :param wanted: which transactions; all by default.
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
    for place, database in enumerate(groups):
        statement = _feed(database, edges[place], newer, limit + 1).where(
            *conditions(wanted, database.transaction_class, database.entries, database.dialect)
        )
        rows = session.scalars(statement, bind_arguments=database.arguments)
        found += [(each, place) for each in rows]
    found.sort(key=_order, reverse=not newer)
    more = len(found) > limit
    found = found[:limit]
    if newer:
        found.reverse()
    return Page(
        items=tuple(_rows(session, groups, found)),
        newer=_cursor(found, edges, newer, to_newer=True)
        if found and (more if newer else cursor is not None)
        else None,
        older=_cursor(found, edges, newer, to_newer=False) if found and (newer or more) else None,
    )


def _order(found: tuple[Any, int]) -> tuple[Any, ...]:
    issued_at = found[0].issued_at
    return (issued_at is not None, issued_at, found[0].id)


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
