"""What transactions touched: counts, samples and entries over all models.

Costs statements by model that was touched, never by record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, undefer

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    key_columns,
    known,
    moment,
    nearest_before,
    operation,
    same_record,
)
from flask_continuum.engine.read.databases import database_of
from flask_continuum.engine.read.entries import changes_of, entry_of_version
from flask_continuum.engine.read.links import Link, link_changes, links_of, owned_links
from flask_continuum.engine.read.loading import another, connect, connection_arguments, whole
from flask_continuum.engine.read.recorded import recorded
from flask_continuum.engine.read.results import Entry
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.typed import AnySelect

Counts = Mapping[tuple[VersionedClass, int], Mapping[Operation, int]]


def counts(
    session: Session, entries: Sequence[VersionedClass], transaction_ids: Collection[int]
) -> Counts:
    """Count the versions of some transactions by model and transaction, in one statement.

    A model of which a transaction changed only links has an empty mapping.
    """
    if not transaction_ids or not entries:
        return {}
    ids = sorted(transaction_ids)
    parts: list[AnySelect] = []
    for place, entry in enumerate(entries):
        version = aliased(entry.version_class)
        at, done = moment(entry, version), operation(entry, version)
        parts.append(_counted(place, at, done, ids).group_by(at, done))
        for link in owned_links(entry):
            at = link.table.transaction_id
            none = sa.literal_column("-1", sa.Integer)
            parts.append(_counted(place, at, none, ids).group_by(at))
    statement: Any = parts[0] if len(parts) == 1 else sa.union_all(*parts)
    found: dict[tuple[VersionedClass, int], dict[Operation, int]] = defaultdict(dict)
    for row in session.execute(statement, bind_arguments=connection_arguments(session, entries[0])):
        numbers = found[entries[row.place], row.at]
        if row.operation >= 0:
            numbers[Operation(row.operation)] = row.number
    return found


def _counted(place: int, at: Any, done: Any, ids: Sequence[int]) -> AnySelect:
    return sa.select(
        sa.literal_column(str(place), sa.Integer).label("place"),
        at.label("at"),
        done.label("operation"),
        sa.func.count().label("number"),
    ).where(at.in_(ids))


def changed_entities(session: Session, transaction: Any) -> Mapping[type[Any], list[Any]]:
    """Return the versions that a transaction has made, by version class.

    Costs a statement for each base model; what went to a continuation of it is there too.
    """
    found: dict[type[Any], list[Any]] = defaultdict(list)
    cls, database = type(transaction), database_of(session, transaction)
    ids = {transaction.id}
    if transaction.uid is not None:
        same = sa.select(cls.id).where(cls.uid == transaction.uid)
        ids.update(session.scalars(same, bind_arguments=database.arguments))
    for entry in database.entries:
        version = whole(entry)
        statement = sa.select(version).where(moment(entry, version).in_(sorted(ids)))
        statement = statement.order_by(*key_columns(entry, version)).options(undefer("*"))
        for each in session.scalars(statement):
            found[type(each)].append(each)
    return dict(found)


def samples(
    session: Session, entry: VersionedClass, transaction_ids: Collection[int], limit: int
) -> Mapping[int, tuple[Any, ...]]:
    """Return up to ``limit`` versions of a model for each transaction, by transaction id.

    Where a transaction changed only links, they are the versions of the records then.
    """
    version = whole(entry)
    inner = aliased(version)
    place = sa.func.row_number().over(
        partition_by=moment(entry, inner), order_by=key_columns(entry, inner)
    )
    numbered = (
        sa.select(*_named(entry, inner), moment(entry, inner).label("at"), place.label("place"))
        .where(moment(entry, inner).in_(sorted(transaction_ids)))
        .subquery()
    )
    statement = (
        sa.select(version)
        .join(
            numbered,
            sa.and_(moment(entry, version) == numbered.c.at, *_is_named(entry, version, numbered)),
        )
        .where(numbered.c.place <= limit)
        .order_by(*key_columns(entry, version))
        .options(undefer("*"))
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for each in session.scalars(statement):
        found[moment(entry, each)].append(each)
    for link in owned_links(entry):
        for each, at in session.execute(only_linked(entry, link, transaction_ids, limit)):
            if len(found[at]) < limit and each not in found[at]:
                found[at].append(each)
    return {at: tuple(versions) for at, versions in found.items()}


def _named(entry: VersionedClass, entity: Any) -> list[Any]:
    columns = key_columns(entry, entity)
    return [column.label(f"key_{place}") for place, column in enumerate(columns)]


def _is_named(entry: VersionedClass, entity: Any, numbered: Any) -> list[Any]:
    columns = key_columns(entry, entity)
    return [column == numbered.c[f"key_{place}"] for place, column in enumerate(columns)]


def only_linked(
    entry: VersionedClass, link: Link, transaction_ids: Collection[int], limit: int | None
) -> AnySelect:
    """Select ``(version, transaction id)`` of records of which only links changed.

    :param limit: how many for each transaction.
    """
    table, own, version = link.table, aliased(entry.version_class), whole(entry)
    at = table.transaction_id
    near = [column for _, column in link.near]
    moments = (
        sa.select(*near, at)
        .where(
            at.in_(sorted(transaction_ids)),
            table.operation_type != Operation.UPDATE,
            ~sa.exists().where(
                *(getattr(own, key) == column for key, column in link.near),
                moment(entry, own) == at,
            ),
        )
        .group_by(*near, at)
        .subquery()
    )
    columns = [moments.c[column.key] for column in near]
    when = moments.c[at.key]
    place = sa.func.row_number().over(partition_by=when, order_by=columns)
    numbered = sa.select(*columns, when.label("at"), place.label("place")).subquery()
    statement = (
        sa.select(version, numbered.c.at)
        .join(
            numbered,
            sa.and_(
                *(getattr(version, key) == numbered.c[column.key] for key, column in link.near),
                *known(entry, version, numbered.c.at),
            ),
        )
        .order_by(numbered.c.at, numbered.c.place)
        .options(undefer("*"))
    )
    return statement if limit is None else statement.where(numbered.c.place <= limit)


def touched_entries(
    session: Session,
    entry: VersionedClass,
    transactions: Mapping[int, Any],
    *,
    limit: int | None = None,
) -> tuple[Entry, ...]:
    """Return what some transactions did to the records of one model, in the order of keys.

    Costs a statement for the versions with their predecessors, one for the recorded spans and
    two for each relationship.

    :param transactions: the Transaction objects by id.
    """
    ids = sorted(transactions)
    known_spans = recorded(session, entry)
    changes = link_changes(session, entry, ids, links=_all_links(entry))
    found = []
    for version, before in session.execute(_with_predecessor(entry, ids, limit)):
        at = moment(entry, version)
        transaction = transactions[at]
        connect(version, transaction)
        links = changes_of(entry, changes, version, at)
        found.append(entry_of_version(entry, known_spans, version, before, transaction, links))
    seen = {(entry.key_of(each.version), each.transaction) for each in found if each is not None}
    for link in owned_links(entry):
        if not changes.get(link.relationship):
            continue
        for version, at in session.execute(only_linked(entry, link, ids, limit)):
            place = (entry.key_of(version), transactions[at])
            if place in seen or (limit is not None and len(found) >= limit):
                continue
            seen.add(place)
            links = changes_of(entry, changes, version, at)
            found.append(
                entry_of_version(entry, known_spans, None, version, transactions[at], links)
            )
    return tuple(each for each in found if each is not None)


def _all_links(entry: VersionedClass) -> tuple[Link, ...]:
    """Return the links of a model, and those that its subclasses own."""
    by_name = {link.relationship: link for link in (*owned_links(entry), *links_of(entry))}
    return tuple(by_name.values())


def _with_predecessor(entry: VersionedClass, ids: Iterable[int], limit: int | None) -> AnySelect:
    version, before = whole(entry), another(entry)
    nearest = nearest_before(entry, version)
    statement = (
        sa.select(version, before)
        .outerjoin(
            before,
            sa.and_(*same_record(entry, before, version), moment(entry, before) == nearest),
        )
        .where(moment(entry, version).in_(ids))
        .order_by(*key_columns(entry, version))
        .options(undefer("*"))
    )
    return statement if limit is None else statement.limit(limit)
