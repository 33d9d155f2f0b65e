"""Deletes versions that say nothing: those equal to the one before them.

They are left by changes of the schema, such as a dropped column, and in histories that were
written elsewhere. The database does it all, in a constant number of statements for each table:
what is futile is marked, its neighbours are linked to each other, and what is marked is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.introspect import get_versioning_manager
from flask_continuum.engine.maintenance.emptied import forget_names
from flask_continuum.engine.maintenance.marked import (
    EVERYTHING,
    Group,
    delete_marked,
    has_marked,
    has_unmarked,
    mark,
    named,
    same_version,
)
from flask_continuum.engine.maintenance.scope import Place, places
from flask_continuum.engine.maintenance.sealing.letting_go import release
from flask_continuum.engine.maintenance.transactions import MAY_BE_EMPTY, VACUUMED
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import differs
from flask_continuum.engine.registry import VersionedTable, model_of
from flask_continuum.engine.version import VersionClassBase


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
                count += place.count(_futile(table, place.dialect))
            else:
                count += _vacuum(place, table, whole[place.connection, place.history].tables)
    if count and not dry_run:
        _expire(session)
    return count


def _futile(group: Group, dialect: str, *, newest: bool = False) -> sa.Subquery:
    """Return the versions that are equal to the one before, by their key and beginning.

    :param newest: only those that no other follows.
    """
    began, operation = group.own.transaction_id, group.own.operation_type
    window: dict[str, Any] = {"partition_by": group.own.version_key, "order_by": began}
    rows: Any = group.own.version
    for table in group.above:
        rows = rows.join(table.version, same_version(table, group.own))
    for table in group.below:
        rows = rows.outerjoin(table.version, same_version(table, group.own))
    changed = [
        differs(column, sa.func.lag(column, type_=column.type).over(**window), column, dialect)
        for table in (group.own, *group.above, *group.below)
        for _, column in table.columns
        if column not in table.version_key
    ]
    compared = (
        sa.select(
            *named(group.own),
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
    names = [column.name for column in named(group.own)]
    return sa.select(*(c[name] for name in names)).where(*wanted).subquery("futile")


def _groups(place: Place, model: type[Any]) -> Iterator[Group]:
    """Yield the model's own tables as one group, and each of its link tables."""
    *above, own = place.registry.tables_of(model)
    below: list[VersionedTable] = []
    for mapper in sa.inspect(model).self_and_descendants:
        table = place.registry.tables.get(mapper.local_table)
        if table is not None and not mapper.concrete and table not in (own, *above, *below):
            below.append(table)
    group = Group(own, tuple(above), tuple(below))
    if own in place.tables:
        yield group
    for table in place.tables:
        if table.is_link:
            yield Group(table)


def _vacuum(place: Place, group: Group, everything: tuple[VersionedTable, ...]) -> int:
    _lock(place, group)
    found = mark(place, group, _futile(group, place.dialect))
    if found:
        _tell_transactions(place, group.own, everything)
        forget_names(place, group.own)
        delete_marked(place, group)
    return found


def _lock(place: Place, group: Group) -> None:
    """Lock the live rows whose open version is about to go, as those who write them do.

    Another transaction that is ending such a version would find it gone.
    """
    if place.dialect == "sqlite":
        return  # there is one writer at a time
    live = group.own.live
    open_ones = _futile(group, place.dialect, newest=True)
    key = zip(group.own.key, open_ones.c, strict=False)
    rows = sa.select(*group.own.key).join(open_ones, sa.and_(*(own == c for own, c in key)))
    for _ in place.stream(rows.with_for_update(of=live)):
        pass


def _tell_transactions(
    place: Place, marked: VersionedTable, everything: tuple[VersionedTable, ...]
) -> None:
    """Say of transactions that nothing will be left of them."""
    transaction = place.history.transaction
    kind = transaction.c.kind
    emptied = sa.and_(
        has_marked(marked, transaction.c.id, EVERYTHING),
        sa.or_(kind.is_(None), kind.not_in(MAY_BE_EMPTY)),
        *(~has_unmarked(table, transaction.c.id) for table in everything),
    )
    release(place, transaction, emptied, [kind.name], replaced=True)
    place.write(sa.update(transaction).values({kind: VACUUMED}).where(emptied))


def _expire(session: Session | scoped_session[Any]) -> None:
    """Have the session look again at the versions it knows: some are gone, some end elsewhere."""
    for known in list(session.identity_map.values()):
        if isinstance(known, VersionClassBase):
            session.expire(known)
