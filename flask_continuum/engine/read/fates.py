"""A model's table at a moment: how many records it had, what has become of them since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    is_newest,
    key_columns,
    known,
    moment,
    operation,
    same_record,
)
from flask_continuum.engine.read.keys import Key, among, chunks
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


def count_then(session: Session, model: Any, at: int) -> tuple[int, int]:
    """Return how many records there were at a transaction, and how many had been deleted by then.

    One statement, over the versions of that time.
    """
    entry = versioned(model)
    version = aliased(entry.version_class)
    deleted = operation(entry, version) == Operation.DELETE
    statement = (
        sa.select(
            sa.func.coalesce(sa.func.sum(sa.case((deleted, 0), else_=1)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((deleted, 1), else_=0)), 0),
        )
        .select_from(version)
        .where(*known(entry, version, at))
    )
    row = session.execute(statement, bind_arguments=connection_arguments(session, entry)).one()
    return int(row[0]), int(row[1])


def fates(session: Session, model: Any, keys: Collection[Key], at: int) -> Mapping[Key, Fate]:
    """Return what became of records since a transaction, in one statement for a few hundred."""
    entry = versioned(model)
    found: dict[Key, Fate] = {}
    for part in chunks(keys):
        version, since = whole(entry), aliased(entry.version_class)
        changes = (
            sa.select(sa.func.count())
            .select_from(since)
            .where(*same_record(entry, since, version), moment(entry, since) > at)
            .scalar_subquery()
        )
        statement = with_transaction(session, entry, version).add_columns(changes)
        statement = statement.where(
            is_newest(entry, version), among(key_columns(entry, version), part)
        )
        for row in session.execute(statement):
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
