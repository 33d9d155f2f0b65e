"""Numbers: of each model's history, and of each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    RESTORING,
    is_newest,
    key_columns,
    moment,
    operation,
    transaction_class_of,
)
from flask_continuum.engine.read.counts import Activity, DayCount, ModelStats
from flask_continuum.engine.read.databases import databases
from flask_continuum.engine.read.families import bases
from flask_continuum.engine.read.loading import (
    connection_arguments,
    transactions_by_id,
    versioned,
)
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.typed import AnySelect

OF_USER = -1
"""In place of a model: the row that tells how many transactions of a user were looked at."""


def model_stats(
    session: Session, manager: Any, *, most: int | None = None
) -> tuple[ModelStats, ...]:
    """Return the numbers of every versioned model, in the order of definition.

    Costs two statements for each database. A model that inherits from another versioned one is
    counted with it.

    :param most: count up to this number only, so that the cost does not grow with the history:
        see :attr:`~flask_continuum.engine.read.counts.ModelStats.most`.
    """
    found: dict[VersionedClass, ModelStats] = {}
    for database in databases(session, manager.registry):
        entries = database.entries
        parts = [_numbers(place, entry, most) for place, entry in enumerate(entries)]
        rows = _union(session, entries, parts)
        last = transactions_by_id(
            session, entries[0], (row.last for row in rows if row.last is not None)
        )
        for row in rows:
            entry = entries[row.place]
            beyond = most is not None and row.changes > most
            found[entry] = ModelStats(
                model=entry.model,
                live=int((row.there if beyond else row.live) or 0),
                deleted=int(row.deleted or 0),
                changes=row.changes,
                last=last.get(row.last),
                most=most,
            )
    return tuple(found[entry] for entry in bases(manager.registry))


def _numbers(place: int, entry: VersionedClass, most: int | None) -> AnySelect:
    version = aliased(entry.version_class)
    newest = is_newest(entry, version)
    deletion = operation(entry, version) == Operation.DELETE
    each = _newest_of(
        sa.select(
            moment(entry, version).label("at"),
            sa.case((sa.and_(newest, ~deletion), 1), else_=0).label("live"),
            sa.case((sa.and_(newest, deletion), 1), else_=0).label("deleted"),
        ),
        moment(entry, version),
        most,
    )
    return sa.select(
        sa.literal_column(str(place), sa.Integer).label("place"),
        sa.func.count().label("changes"),
        sa.func.sum(each.c.live).label("live"),
        sa.func.sum(each.c.deleted).label("deleted"),
        sa.func.max(each.c.at).label("last"),
        (sa.null() if most is None else _live_rows(entry, most)).label("there"),
    ).select_from(each)


def _live_rows(entry: VersionedClass, most: int) -> sa.ScalarSelect[Any]:
    """Count the rows of a model's table that have a history, up to one more than ``most``."""
    version, table = aliased(entry.version_class), entry.table.live
    pairs = zip(key_columns(entry, version), entry.table.key, strict=True)
    recorded = sa.exists().where(*(recorded == live for recorded, live in pairs))
    rows: AnySelect = (
        sa.select(sa.literal_column("1")).select_from(table).where(recorded).limit(most + 1)
    )
    return sa.select(sa.func.count()).select_from(rows.subquery()).scalar_subquery()


def _newest_of(statement: AnySelect, at: Any, most: int | None) -> sa.Subquery:
    """Cut versions to the newest ones, one more than are wanted to see whether there are more."""
    if most is not None:
        statement = statement.order_by(at.desc()).limit(most + 1)
    return statement.subquery()


def activity(
    session: Session,
    manager: Any,
    since: date,
    until: date,
    *,
    models: Sequence[Any] | None = None,
    user_id: Any = None,
    most: int | None = None,
) -> Activity:
    """Return how much changed on each day, in one statement for each database.

    :param since: the first day (UTC).
    :param until: the last day, which counts too.
    :param models: only these; every model by default.
    :param user_id: only what this user changed.
    :param most: look at this many of the newest changes of each model only.
    :returns: the days on which something changed, oldest first.
    """
    every = [each.entries for each in databases(session, manager.registry)]
    if models is not None:
        wanted = {versioned(model) for model in models}
        every = [tuple(entry for entry in entries if entry in wanted) for entries in every]
    days: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    names = {
        Operation.INSERT: "inserted",
        Operation.UPDATE: "updated",
        Operation.DELETE: "deleted",
    }
    edges: list[date] = []
    for entries in every:
        period = (None if most is not None else since, until)
        parts = [_days(place, entry, period, user_id, most) for place, entry in enumerate(entries)]
        if user_id is not None and most is not None and entries:
            parts.append(_of_user(entries[0], user_id, most))
        rows = _union(session, entries, parts)
        edges += _edges(rows, most)
        for row in rows:
            if row.place == OF_USER:
                continue
            name = "reverted" if row.restoring else names[Operation(row.operation)]
            days[row.day][name] += row.number
    edge = max((each for each in edges if each >= since), default=None)
    first = since if edge is None else edge
    return Activity(
        days=tuple(
            DayCount(day, *(days[day][name] for name in (*names.values(), "reverted")))
            for day in sorted(days)
            if day >= first
        ),
        since=edge,
    )


def _edges(rows: Sequence[Any], most: int | None) -> Iterator[date]:
    """Yield how far back was looked, where that is not the whole history."""
    counted: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        counted[row.place].append(row)
    for own in counted.values():
        if most is not None and sum(row.number for row in own) > most:
            yield min(row.day for row in own)


def _of_user(entry: VersionedClass, user_id: Any, most: int) -> AnySelect:
    """Select how many of a user's transactions are looked at, and how far back they go."""
    transaction = aliased(transaction_class_of(entry))
    own = _newest_of(
        sa.select(transaction.issued_at).where(transaction.user_id == user_id), transaction.id, most
    )
    return sa.select(
        sa.literal_column(str(OF_USER), sa.Integer).label("place"),
        sa.func.date(sa.func.min(own.c.issued_at), type_=sa.Date).label("day"),
        sa.null().label("operation"),
        sa.null().label("restoring"),
        sa.func.count().label("number"),
    ).select_from(own)


def _days(
    place: int,
    entry: VersionedClass,
    period: tuple[date | None, date],
    user_id: Any,
    most: int | None,
) -> AnySelect:
    since, until = period
    version, transaction = aliased(entry.version_class), aliased(transaction_class_of(entry))
    at = moment(entry, version)
    changes = sa.select(at.label("at"), operation(entry, version).label("operation"))
    if user_id is not None:
        own = _newest_of(
            sa.select(transaction.id.label("id")).where(transaction.user_id == user_id),
            transaction.id,
            most,
        )
        changes = changes.join(own, own.c.id == at)
    looked_at = _newest_of(changes, at, most)
    transaction = aliased(transaction_class_of(entry))
    # 1 and 0 rather than a truth value, which not every database can group by
    restoring = sa.case((transaction.kind.in_(RESTORING), 1), else_=0)
    each = (
        sa.select(
            sa.func.date(transaction.issued_at, type_=sa.Date).label("day"),
            looked_at.c.operation,
            restoring.label("restoring"),
        )
        .select_from(looked_at)
        .join(transaction, transaction.id == looked_at.c.at)
        .where(
            transaction.issued_at < datetime.combine(until + timedelta(days=1), time()),
            *(() if since is None else (transaction.issued_at >= datetime.combine(since, time()),)),
        )
        .subquery()
    )
    columns = (each.c.day, each.c.operation, each.c.restoring)
    which = sa.literal_column(str(place), sa.Integer).label("place")
    return sa.select(which, *columns, sa.func.count().label("number")).group_by(*columns)


def _union(
    session: Session, entries: Sequence[VersionedClass], parts: Sequence[AnySelect]
) -> Sequence[Any]:
    if not parts:
        return ()
    statement: Any = parts[0] if len(parts) == 1 else sa.union_all(*parts)
    return session.execute(
        statement, bind_arguments=connection_arguments(session, entries[0])
    ).all()
