"""A model's table at a moment: how many records it had, what has become of them since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    key_columns,
    known,
    moment,
    operation,
    same_record,
)
from flask_continuum.engine.read.keys import Key, chunks, placed
from flask_continuum.engine.read.latest import newest_places
from flask_continuum.engine.read.loading import (
    connect,
    connection_arguments,
    transactions_by_id,
    versioned,
    whole,
    with_transaction,
)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a record since a moment.

    :ivar version: its newest version, with its transaction.
    :ivar changes: how many versions it got since; 0 when it is as it was.
    """

    version: Any
    changes: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The transactions that changed a model last before a moment and first after it."""

    before: Any | None
    after: Any | None


def count_then(
    session: Session, model: Any, at: int, *, most: int | None = None
) -> tuple[int, int] | None:
    """Return how many records there were at a transaction, and how many had been deleted by then.

    One statement, over the versions of that time.

    :param most: look at this many versions at most; ``None`` is returned when there are more.
    """
    entry = versioned(model)
    version = aliased(entry.version_class)
    deleted = operation(entry, version) == Operation.DELETE
    then = sa.and_(*known(entry, version, at))
    each = sa.select(
        sa.case((sa.and_(then, ~deleted), 1), else_=0).label("live"),
        sa.case((sa.and_(then, deleted), 1), else_=0).label("gone"),
    ).where(moment(entry, version) <= at)
    if most is not None:
        each = each.order_by(moment(entry, version).desc()).limit(most + 1)
    looked_at = each.subquery()
    statement = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(looked_at.c.live), 0),
        sa.func.coalesce(sa.func.sum(looked_at.c.gone), 0),
    ).select_from(looked_at)
    row = session.execute(statement, bind_arguments=connection_arguments(session, entry)).one()
    return None if most is not None and row[0] > most else (int(row[1]), int(row[2]))


def fates(
    session: Session, model: Any, keys: Collection[Key], at: int, *, most: int | None = None
) -> Mapping[Key, Fate]:
    """Return what became of records since a transaction, in two statements for a few hundred.

    :param most: count the changes up to this number only; one more says that there are more.
    """
    entry = versioned(model)
    found: dict[Key, Fate] = {}
    version, since = whole(entry), aliased(entry.version_class)
    own = (*same_record(entry, since, version), moment(entry, since) > at)
    changes: Any = sa.select(sa.func.count()).select_from(since).where(*own).scalar_subquery()
    if most is not None:
        beyond = sa.select(moment(entry, since)).where(*own).order_by(moment(entry, since))
        is_beyond = beyond.offset(most).limit(1).scalar_subquery().is_not(None)
        changes = sa.case((is_beyond, most + 1), else_=changes)
    columns = (*key_columns(entry, version), moment(entry, version))
    for part in chunks(newest_places(session, entry, keys)):
        statement = with_transaction(session, entry, version).add_columns(changes)
        for row in session.execute(statement.where(placed(columns, part))):
            newest = connect(row[0], row[1])
            found[entry.key_of(newest)] = Fate(newest, int(row[2]))
    return found


def surroundings(session: Session, model: Any, at: int, *, exact: bool) -> Surroundings:
    """Return the transactions around a moment that changed a model, in two statements.

    :param at: the newest transaction up to the moment.
    :param exact: the moment is that of the transaction itself, which is neither before nor after.
    """
    entry = versioned(model)
    version = aliased(entry.version_class)
    when = moment(entry, version)
    before = sa.select(sa.func.max(when)).where(when < at if exact else when <= at)
    after = sa.select(sa.func.min(when)).where(when > at)
    arguments = connection_arguments(session, entry)
    statement = sa.select(before.scalar_subquery(), after.scalar_subquery())
    earlier, later = session.execute(statement, bind_arguments=arguments).one()
    wanted = [each for each in (earlier, later) if each is not None]
    loaded = transactions_by_id(session, entry, wanted)
    return Surroundings(loaded.get(earlier), loaded.get(later))
