"""Children whose changes belong to the history of their parent: the option ``track``.

A child is a record of a one-to-many relationship. What happened to it counts for its parent when it
was the parent's after that, or just before it: also where it came from, or went to, another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import ONETOMANY, Session, aliased, undefer

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    is_record,
    key_columns,
    moment,
    nearest_before,
    operation,
    registry_of,
    same_record,
    transaction_class_of,
)
from flask_continuum.engine.read.counts import Author
from flask_continuum.engine.read.entries import entry_of_version
from flask_continuum.engine.read.loading import (
    another,
    connect,
    connection_arguments,
    transactions_by_id,
    whole,
)
from flask_continuum.engine.read.recorded import recorded
from flask_continuum.engine.read.results import ChildChange, Children
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.typed import AnySelect


@dataclass(frozen=True, slots=True)
class Child:
    """A one-to-many relationship that is tracked.

    :ivar pairs: attributes of the parent's key, each with the child's attribute that refers to it.
    """

    relationship: str
    entry: VersionedClass
    pairs: tuple[tuple[str, str], ...]

    def is_of(
        self, parent: VersionedClass, key: Sequence[Any], entity: Any
    ) -> sa.ColumnElement[bool]:
        """Select the children of one record."""
        values = dict(zip(parent.key_attributes, key, strict=True))
        return sa.and_(*(getattr(entity, far) == values[near] for near, far in self.pairs))

    def belongs(self, parent: VersionedClass, key: Sequence[Any], version: Any) -> bool:
        """Tell whether a version is one of a child of one record."""
        values = dict(zip(parent.key_attributes, key, strict=True))
        return all(getattr(version, far) == values[near] for near, far in self.pairs)


def children_of(entry: VersionedClass, names: Collection[str]) -> tuple[Child, ...]:
    """Return those of some tracked relationships that have children."""
    known = registry_of(entry).entries
    found = []
    for name in names:
        prop = entry.mapper.relationships[name]
        if prop.direction is ONETOMANY:
            pairs = tuple(
                (
                    entry.mapper.get_property_by_column(near).key,
                    prop.mapper.get_property_by_column(far).key,
                )
                for near, far in prop.synchronize_pairs
            )
            found.append(Child(name, known[prop.mapper.class_], pairs))
    return tuple(found)


def changes_of_children(
    parent: VersionedClass, child: Child, key: Sequence[Any], done: Operation | None
) -> tuple[tuple[AnySelect, Any], ...]:
    """Select the transactions that changed children of a record, each with its column.

    :param done: only those that inserted, updated or deleted a child.
    """
    entry = child.entry
    own, before, after = (aliased(entry.version_class) for _ in range(3))
    there = sa.select(moment(entry, own).label("at")).where(child.is_of(parent, key, own))
    gone = (
        sa.select(moment(entry, after).label("at"))
        .select_from(before)
        .join(
            after,
            sa.and_(
                *same_record(entry, after, before),
                moment(entry, after) == _end(entry, before),
            ),
        )
        .where(child.is_of(parent, key, before), operation(entry, before) != Operation.DELETE)
    )
    if done is not None:
        there = there.where(operation(entry, own) == done)
        gone = gone.where(operation(entry, after) == done)
    return tuple(
        (_since_its_parent(parent, key, statement, at), at)
        for statement, at in ((there, moment(entry, own)), (gone, moment(entry, after)))
    )


def _end(entry: VersionedClass, version: Any) -> Any:
    """Return the transaction that ended a version, as an expression."""
    if entry.table.end_transaction_id is not None:
        return getattr(version, entry.options.end_transaction_column_name)
    later = aliased(entry.version_class)
    return (
        sa.select(sa.func.min(moment(entry, later)))
        .where(*same_record(entry, later, version), moment(entry, later) > moment(entry, version))
        .correlate(version)
        .scalar_subquery()
    )


def _since_its_parent(
    parent: VersionedClass, key: Sequence[Any], statement: AnySelect, at: Any
) -> AnySelect:
    """Leave out what children did before the history of their parent began."""
    version = aliased(parent.version_class)
    return statement.where(
        sa.exists().where(*is_record(parent, version, key), moment(parent, version) <= at)
    )


def children_at(
    session: Session,
    parent: VersionedClass,
    key: Sequence[Any],
    names: Collection[str],
    transactions: Mapping[int, Any],
    *,
    operation: Operation | None = None,
    limit: int | None = None,
) -> Mapping[int, tuple[Children, ...]]:
    """Return what some transactions did to the children of a record, in two statements for each
    relationship.

    :param names: the relationships that are tracked.
    :param transactions: the Transaction objects by id.
    :param operation: only insertions, updates or deletions of children.
    :param limit: how many changes of each relationship and transaction; the rest is counted.
    """
    found: dict[int, list[Children]] = defaultdict(list)
    for child in children_of(parent, names) if transactions else ():
        known = recorded(session, child.entry)
        changes: dict[int, list[ChildChange]] = defaultdict(list)
        totals: dict[int, int] = {}
        statement = _with_predecessors(parent, child, key, sorted(transactions), operation, limit)
        for version, before, total in session.execute(statement):
            at = moment(child.entry, version)
            connect(version, transactions[at])
            made = entry_of_version(child.entry, known, version, before, transactions[at], ())
            if made is not None:
                effect = _effect(parent, child, key, made.version, made.previous)
                changes[at].append(ChildChange(made, effect))
                totals[at] = total
        for at, each in changes.items():
            found[at].append(Children(child.relationship, tuple(each), totals[at] - len(each)))
    return {at: tuple(children) for at, children in found.items()}


def _effect(
    parent: VersionedClass, child: Child, key: Sequence[Any], version: Any, before: Any | None
) -> Operation:
    """Return what the change of a child meant for its parent: it came, went or stayed."""
    done = operation(child.entry, version)
    if done == Operation.DELETE or not child.belongs(parent, key, version):
        return Operation.DELETE
    stayed = before is not None and child.belongs(parent, key, before)
    return Operation.UPDATE if stayed and done != Operation.INSERT else Operation.INSERT


def _with_predecessors(
    parent: VersionedClass,
    child: Child,
    key: Sequence[Any],
    ids: Sequence[int],
    done: Operation | None,
    limit: int | None,
) -> AnySelect:
    """Select ``(version, version before it, how many there are in its transaction)``."""
    entry = child.entry
    own, prior = aliased(entry.version_class), aliased(entry.version_class)
    columns = key_columns(entry, own)
    names = [f"key_{place}" for place in range(len(columns))]
    at = moment(entry, own)
    numbered = (
        sa.select(
            *(column.label(name) for column, name in zip(columns, names, strict=True)),
            at.label("at"),
            moment(entry, prior).label("before"),
            sa.func.row_number().over(partition_by=at, order_by=columns).label("place"),
            sa.func.count().over(partition_by=at).label("total"),
        )
        .outerjoin(
            prior,
            sa.and_(
                *same_record(entry, prior, own), moment(entry, prior) == nearest_before(entry, own)
            ),
        )
        .where(
            at.in_(ids),
            sa.or_(
                child.is_of(parent, key, own),
                sa.and_(
                    child.is_of(parent, key, prior), operation(entry, prior) != Operation.DELETE
                ),
            ),
        )
    )
    if done is not None:
        numbered = numbered.where(operation(entry, own) == done)
    chosen = numbered.subquery()
    version, before = whole(entry), another(entry)
    statement = (
        sa.select(version, before, chosen.c.total)
        .join(
            chosen,
            sa.and_(
                *(
                    column == chosen.c[name]
                    for column, name in zip(key_columns(entry, version), names, strict=True)
                ),
                moment(entry, version) == chosen.c.at,
            ),
        )
        .outerjoin(
            before,
            sa.and_(
                *same_record(entry, before, version),
                moment(entry, before) == chosen.c.before,
            ),
        )
        .order_by(chosen.c.at, chosen.c.place)
        .options(undefer("*"))
    )
    return statement if limit is None else statement.where(chosen.c.place <= limit)


def authors_of_children(
    session: Session, parent: VersionedClass, key: Sequence[Any], names: Iterable[str]
) -> tuple[Author, ...]:
    """Return the users who changed children of a record, those first who did last.

    In two statements; one where nothing is tracked or nobody did.

    :returns: each with their newest change, which are counted by transaction.
    """
    transaction = transaction_class_of(parent)
    branches = [
        statement
        for child in children_of(parent, tuple(names))
        for statement, _ in changes_of_children(parent, child, key, None)
    ]
    if not branches or not hasattr(transaction, "user_id"):
        return ()
    parts = [sa.select(branch.subquery().c.at) for branch in branches]
    moments = sa.union(*parts).subquery()
    newest = sa.func.max(transaction.id)
    statement = (
        sa.select(newest, sa.func.count())
        .join(moments, moments.c.at == transaction.id)
        .where(transaction.user_id.is_not(None))
        .group_by(transaction.user_id)
        .order_by(newest.desc())
    )
    rows = session.execute(statement, bind_arguments=connection_arguments(session, parent)).all()
    loaded = transactions_by_id(session, parent, (at for at, _ in rows))
    return tuple(Author(loaded[at], number) for at, number in rows if at in loaded)
