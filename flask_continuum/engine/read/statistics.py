"""Numbers: of each model's history, and of each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    RESTORING,
    is_newest,
    moment,
    operation,
    transaction_class_of,
)
from flask_continuum.engine.read.databases import databases
from flask_continuum.engine.read.families import bases
from flask_continuum.engine.read.loading import (
    connection_arguments,
    transactions_by_id,
    versioned,
)
from flask_continuum.engine.read.results import DayCount, ModelStats
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.typed import AnySelect


def model_stats(session: Session, manager: Any) -> tuple[ModelStats, ...]:
    """Return the numbers of every versioned model, in the order of definition.

    Costs two statements for each database. A model that inherits from another versioned one is
    counted with it.
    """
    found: dict[VersionedClass, ModelStats] = {}
    for database in databases(session, manager.registry):
        entries = database.entries
        rows = _union(session, entries, [_numbers(place, e) for place, e in enumerate(entries)])
        last = transactions_by_id(
            session, entries[0], (row.last for row in rows if row.last is not None)
        )
        for row in rows:
            entry = entries[row.place]
            found[entry] = ModelStats(
                model=entry.model,
                live=int(row.live or 0),
                deleted=int(row.deleted or 0),
                changes=row.changes,
                last=last.get(row.last),
            )
    return tuple(found[entry] for entry in bases(manager.registry))


def _numbers(place: int, entry: VersionedClass) -> AnySelect:
    version = aliased(entry.version_class)
    newest = is_newest(entry, version)
    deletion = operation(entry, version) == Operation.DELETE

    def count(condition: Any) -> Any:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    return sa.select(
        sa.literal_column(str(place), sa.Integer).label("place"),
        sa.func.count().label("changes"),
        count(sa.and_(newest, ~deletion)).label("live"),
        count(sa.and_(newest, deletion)).label("deleted"),
        sa.func.max(moment(entry, version)).label("last"),
    ).select_from(version)


def activity(
    session: Session,
    manager: Any,
    since: date,
    until: date,
    *,
    models: Sequence[Any] | None = None,
    user_id: Any = None,
) -> tuple[DayCount, ...]:
    """Return how much changed on each day, in one statement for each database.

    :param since: the first day (UTC).
    :param until: the last day, which counts too.
    :param models: only these; every model by default.
    :param user_id: only what this user changed.
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
    for entries in every:
        parts = [_days(entry, since, until, user_id) for entry in entries]
        for row in _union(session, entries, parts):
            name = "reverted" if row.restoring else names[Operation(row.operation)]
            days[row.day][name] += row.number
    return tuple(
        DayCount(day, *(days[day][name] for name in (*names.values(), "reverted")))
        for day in sorted(days)
    )


def _days(entry: VersionedClass, since: date, until: date, user_id: Any) -> AnySelect:
    version, transaction = aliased(entry.version_class), aliased(transaction_class_of(entry))
    day = sa.func.date(transaction.issued_at, type_=sa.Date)
    # 1 and 0 rather than a truth value, which not every database can group by
    restoring = sa.case((transaction.kind.in_(RESTORING), 1), else_=0)
    done = operation(entry, version)
    each = (
        sa.select(day.label("day"), done.label("operation"), restoring.label("restoring"))
        .select_from(version)
        .join(transaction, transaction.id == moment(entry, version))
        .where(
            transaction.issued_at >= datetime.combine(since, time()),
            transaction.issued_at < datetime.combine(until + timedelta(days=1), time()),
            *(() if user_id is None else (transaction.user_id == user_id,)),
        )
        .subquery()
    )
    columns = (each.c.day, each.c.operation, each.c.restoring)
    return sa.select(*columns, sa.func.count().label("number")).group_by(*columns)


def _union(
    session: Session, entries: Sequence[VersionedClass], parts: Sequence[AnySelect]
) -> Sequence[Any]:
    if not parts:
        return ()
    statement: Any = parts[0] if len(parts) == 1 else sa.union_all(*parts)
    return session.execute(
        statement, bind_arguments=connection_arguments(session, entries[0])
    ).all()
