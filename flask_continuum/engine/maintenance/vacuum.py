"""Deletes versions that say nothing: those equal to the one before them.

They are left by changes of the schema, such as a dropped column, and in histories that were
written elsewhere. The database does it all, in a constant number of statements for each table:
what is futile is marked, its neighbours are linked to each other, and what is marked is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.introspect import get_versioning_manager
from flask_continuum.engine.maintenance.scope import Place, places
from flask_continuum.engine.maintenance.transactions import MAY_BE_EMPTY, VACUUMED
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import differs
from flask_continuum.engine.registry import VersionedTable, model_of
from flask_continuum.engine.version import VersionClassBase

_MARK = -1
"""The operation of a version that is about to be deleted; no commit ever leaves one."""


def vacuum(
    session: Session | scoped_session[Any],
    model: Any,
    yield_per: int = 1000,
    *,
    dry_run: bool = False,
) -> int:
    """Delete the versions of a model's records and links that are equal to the one before.

    What counts is all that is recorded, in every table of a hierarchy. Insertions and deletions
    stay. So do transactions: one that has no version left is of the kind ``"vacuumed"`` from now
    on. The commit is the caller's.

    :param model: a versioned class; the records that share its tables are meant too.
    :param yield_per: kept for compatibility: no version is loaded.
    :param dry_run: only count them.
    :returns: how many versions were, or are, equal to the one before.
    :raises ClassNotVersioned: when the model is not versioned.
    :raises HistoryWriteError: when the session holds changes whose versions are not written yet.
    """
    manager = get_versioning_manager(model)
    whole = {(each.connection, each.history): each for each in places(session, manager)}
    count = 0
    for place in places(session, manager, [model]):
        for table in _groups(place, model_of(model)):
            if dry_run:
                count += place.count(table.futile(place.dialect))
            else:
                count += _vacuum(place, table, whole[place.connection, place.history].tables)
    if count and not dry_run:
        _expire(session)
    return count


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Tables that share their versions: those of a hierarchy, or one that stands by itself.

    :ivar own: the table that has a row for each version that is meant.
    :ivar above: tables that have one too.
    :ivar below: tables that may have one.
    """

    own: VersionedTable
    above: tuple[VersionedTable, ...] = ()
    below: tuple[VersionedTable, ...] = ()

    def futile(self, dialect: str, *, newest: bool = False) -> sa.Subquery:
        """Return the versions that are equal to the one before, by their key and beginning.

        :param newest: only those that no other follows.
        """
        began, operation = self.own.transaction_id, self.own.operation_type
        window: dict[str, Any] = {"partition_by": self.own.version_key, "order_by": began}
        rows: Any = self.own.version
        for table in self.above:
            rows = rows.join(table.version, _same_version(table, self.own))
        for table in self.below:
            rows = rows.outerjoin(table.version, _same_version(table, self.own))
        changed = [
            differs(column, sa.func.lag(column, type_=column.type).over(**window), column, dialect)
            for table in (self.own, *self.above, *self.below)
            for _, column in table.columns
            if column not in table.version_key
        ]
        compared = (
            sa.select(
                *_named(self.own),
                operation.label("operation"),
                sa.func.lag(operation, type_=operation.type).over(**window).label("earlier"),
                sa.func.lead(began, type_=began.type).over(**window).label("follows"),
                sa.case((sa.or_(sa.false(), *changed), 1), else_=0).label("changed"),
            )
            .select_from(rows)
            .subquery()
        )
        c = compared.c
        wanted = [
            c.operation == Operation.UPDATE,
            c.earlier.in_((Operation.INSERT, Operation.UPDATE)),
            c.changed == 0,
        ]
        if newest:
            wanted.append(c.follows.is_(None))
        names = [column.name for column in _named(self.own)]
        return sa.select(*(c[name] for name in names)).where(*wanted).subquery("futile")


def _groups(place: Place, model: type[Any]) -> Iterator[_Group]:
    """Yield the model's own tables as one group, and each of its link tables."""
    *above, own = place.registry.tables_of(model)
    below: list[VersionedTable] = []
    for mapper in sa.inspect(model).self_and_descendants:
        table = place.registry.tables.get(mapper.local_table)
        if table is not None and not mapper.concrete and table not in (own, *above, *below):
            below.append(table)
    group = _Group(own, tuple(above), tuple(below))
    if own in place.tables:
        yield group
    for table in place.tables:
        if table.is_link:
            yield _Group(table)


def _vacuum(place: Place, group: _Group, everything: tuple[VersionedTable, ...]) -> int:
    _lock(place, group)
    own = group.own
    futile = group.futile(place.dialect)
    found = place.write(
        sa.update(own.version)
        .values({own.operation_type: _MARK})
        .where(*(column.element == futile.c[column.name] for column in _named(own)))
    )
    if not found:
        return 0
    for table in (*group.above, *group.below):
        place.write(
            sa.update(table.version)
            .values({table.operation_type: _MARK})
            .where(_same_version(table, own), own.operation_type == _MARK)
        )
    _tell_transactions(place, own, everything)
    for table in (own, *group.above, *group.below):
        if table.end_transaction_id is not None:
            place.write(_relinked(table))
        place.write(sa.delete(table.version).where(table.operation_type == _MARK))
    return found


def _lock(place: Place, group: _Group) -> None:
    """Lock the live rows whose open version is about to go, as those who write them do.

    Another transaction that is ending such a version would find it gone.
    """
    if place.dialect == "sqlite":
        return  # there is one writer at a time
    live = group.own.live
    open_ones = group.futile(place.dialect, newest=True)
    key = zip(group.own.key, open_ones.c, strict=False)
    rows = sa.select(*group.own.key).join(open_ones, sa.and_(*(own == c for own, c in key)))
    for _ in place.stream(rows.with_for_update(of=live)):
        pass


def _tell_transactions(
    place: Place, marked: VersionedTable, everything: tuple[VersionedTable, ...]
) -> None:
    """Say of transactions that nothing will be left of them."""
    transaction = place.history.transaction
    left = (
        sa.exists().where(table.transaction_id == transaction.c.id, table.operation_type != _MARK)
        for table in everything
    )
    concerned = sa.exists().where(
        marked.transaction_id == transaction.c.id, marked.operation_type == _MARK
    )
    kind = transaction.c.kind
    place.write(
        sa.update(transaction)
        .values({kind: VACUUMED})
        .where(
            concerned,
            sa.or_(kind.is_(None), kind.not_in(MAY_BE_EMPTY)),
            *(~each for each in left),
        )
    )


def _relinked(table: VersionedTable) -> sa.Update:
    """End each version whose successor is marked where the next one begins that is not."""
    began, operation, end = table.transaction_id, table.operation_type, table.end_transaction_id
    assert end is not None
    window: dict[str, Any] = {"partition_by": table.version_key, "order_by": began}
    stays = sa.case((operation != _MARK, began))
    rows = sa.select(
        *_named(table),
        operation.label("operation"),
        sa.func.lead(operation, type_=operation.type).over(**window).label("next"),
        sa.func.min(stays, type_=began.type).over(**window, rows=(1, None)).label("follows"),
    ).subquery("links")
    return (
        sa.update(table.version)
        .values({end: rows.c.follows})
        .where(
            *(column.element == rows.c[column.name] for column in _named(table)),
            rows.c.operation != _MARK,
            rows.c.next == _MARK,
        )
    )


def _named(table: VersionedTable) -> list[sa.Label[Any]]:
    """Return what tells versions apart, under names that no column of a model has."""
    names = (*(f"k{position}" for position in range(len(table.key))), "began")
    columns = (*table.version_key, table.transaction_id)
    return [column.label(name) for column, name in zip(columns, names, strict=True)]


def _same_version(one: VersionedTable, other: VersionedTable) -> sa.ColumnElement[bool]:
    pairs = zip(
        (*one.version_key, one.transaction_id),
        (*other.version_key, other.transaction_id),
        strict=True,
    )
    return sa.and_(*(a == b for a, b in pairs))


def _expire(session: Session | scoped_session[Any]) -> None:
    """Have the session look again at the versions it knows: some are gone, some end elsewhere."""
    for known in list(session.identity_map.values()):
        if isinstance(known, VersionClassBase):
            session.expire(known)
