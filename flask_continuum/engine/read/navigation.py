"""From one version of a record to another: neighbours, positions, moments.

Neighbours stay within a life of the record: what an earlier record of the same key was like is
no predecessor (:class:`~flask_continuum.engine.read.results.Life`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, undefer

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    begins_life,
    birth,
    fits,
    is_record,
    moment,
    operation,
    registry_of,
)
from flask_continuum.engine.read.instants import instant
from flask_continuum.engine.read.loading import (
    begins,
    connect,
    connection_arguments,
    of_record,
    versioned,
    whole,
    with_transaction,
)
from flask_continuum.engine.read.results import Life
from flask_continuum.engine.registry import VersionedClass


def previous(session: Session, version: Any) -> Any | None:
    """Return the version before ``version`` in the same life, in one statement."""
    entry = versioned(version)
    at = moment(entry, version)
    other = whole(entry)
    statement = (
        sa.select(other)
        .where(*is_record(entry, other, entry.key_of(version)), moment(entry, other) < at)
        .order_by(moment(entry, other).desc())
        .limit(1)
        .options(undefer("*"))
    )
    if operation(entry, version) == Operation.INSERT:
        # only a restoration goes on with what was before
        this = aliased(entry.version_class)
        statement = statement.where(
            sa.exists().where(
                *is_record(entry, this, entry.key_of(version)),
                moment(entry, this) == at,
                ~begins_life(entry, this),
            )
        )
    return session.scalars(statement).first()


def next(session: Session, version: Any) -> Any | None:
    """Return the version after ``version`` in the same life, in one statement."""
    entry = versioned(version)
    other = whole(entry)
    statement = (
        with_transaction(session, entry, other)
        .where(
            *is_record(entry, other, entry.key_of(version)),
            moment(entry, other) > moment(entry, version),
        )
        .order_by(moment(entry, other))
        .limit(1)
    )
    found = session.execute(statement).first()
    if found is None or begins(entry, found[0], found[1]):
        return None
    return connect(found[0], found[1])


def neighbours(session: Session, version: Any) -> tuple[Any | None, Any | None]:
    """Return the versions before and after ``version`` in the same life."""
    return previous(session, version), next(session, version)


def index(session: Session, version: Any) -> int:
    """Return the position of ``version`` among those of its life, from 0, in one statement."""
    entry = versioned(version)
    key, at = entry.key_of(version), moment(entry, version)
    other = entry.version_class
    statement = sa.select(sa.func.count()).where(
        *is_record(entry, other, key),
        moment(entry, other) < at,
        moment(entry, other) >= birth(entry, key, at),
    )
    return session.scalars(statement, bind_arguments=connection_arguments(session, entry)).one()


def version_at(
    session: Session,
    version_class: type[Any],
    primary_key_values: Mapping[str, Any],
    transaction_id: int,
) -> Any | None:
    """Return the version valid at a transaction; for a deleted record that of its deletion.

    :param primary_key_values: value by attribute key.
    """
    entry = versioned(version_class)
    return _newest(session, entry, _key(entry, primary_key_values), transaction_id)


def as_of_version(
    session: Session, model: Any, key: Sequence[Any], transaction_id: int
) -> Any | None:
    """Return the version valid at a transaction; ``None`` where the record did not exist."""
    entry = versioned(model)
    found = _newest(session, entry, key, transaction_id)
    if found is None or operation(entry, found) == Operation.DELETE:
        return None
    return found


def newest(session: Session, model: Any, key: Sequence[Any]) -> Any | None:
    """Return the newest version of a record, be it a deletion."""
    return _newest(session, versioned(model), key, None)


def versions_of(session: Session, model: Any, key: Sequence[Any]) -> list[Any]:
    """Return all versions of a key, oldest first, those of earlier lives included."""
    return list(session.scalars(of_record(model, key)))


def all_versions(
    session: Session,
    version_class: type[Any],
    primary_key_values: Mapping[str, Any],
    *,
    limit: int | None = None,
    offset: int = 0,
    desc: bool = True,
) -> list[Any]:
    """Return versions of one key in one statement.

    :param primary_key_values: value by attribute key.
    :param desc: newest first.
    """
    entry = versioned(version_class)
    statement = of_record(entry, _key(entry, primary_key_values), newest_first=desc)
    if limit is not None or offset:
        # MariaDB has no OFFSET without a LIMIT
        statement = statement.limit(2**31 if limit is None else limit).offset(offset)
    return list(session.scalars(statement))


def lives(
    session: Session, model: Any, key: Sequence[Any], *, most: int | None = None
) -> tuple[Life, ...]:
    """Return the lives of a key, newest first, in one statement.

    More than one means that a key was used again: that an earlier record is a different one.

    :param most: look at this many of the newest versions only; the oldest life that is found may
        be one that has more (:attr:`~flask_continuum.engine.read.results.Life.is_partial`).
    """
    entry = versioned(model)
    version = entry.version_class
    since = moment(entry, version)
    beginning = sa.case((begins_life(entry, version), 1), else_=0)
    looked_at = sa.select(since.label("at"), beginning.label("begins")).where(
        *is_record(entry, version, key)
    )
    if most is not None:
        looked_at = looked_at.order_by(since.desc()).limit(most + 1)
    each = looked_at.subquery()
    numbered = sa.select(
        each.c.at, sa.func.sum(each.c.begins).over(order_by=each.c.at).label("life")
    ).subquery()
    statement = (
        sa.select(sa.func.min(numbered.c.at), sa.func.max(numbered.c.at), sa.func.count())
        .group_by(numbered.c.life)
        .order_by(numbered.c.life.desc())
    )
    arguments = connection_arguments(session, entry)
    found = [Life(*row) for row in session.execute(statement, bind_arguments=arguments)]
    if most is not None and sum(life.count for life in found) > most:
        found[-1] = replace(found[-1], is_partial=True)
    return tuple(found)


def transaction_at(session: Session, model: Any, when: Any) -> int | None:
    """Return the transaction id that a model is read as of at a point in history.

    :param when: what :func:`~flask_continuum.engine.read.instants.instant` takes.
    """
    entry = versioned(model)
    statement = sa.select(instant(when, registry_of(entry).history_of(entry.table)))
    return session.scalar(statement, bind_arguments=connection_arguments(session, entry))


def _newest(
    session: Session, entry: VersionedClass, key: Sequence[Any], at: int | None
) -> Any | None:
    if at is not None and not fits(at):
        return None
    version = whole(entry)
    statement = with_transaction(session, entry, version).where(*is_record(entry, version, key))
    if at is not None:
        statement = statement.where(moment(entry, version) <= at)
    found = session.execute(statement.order_by(moment(entry, version).desc()).limit(1)).first()
    return None if found is None else connect(found[0], found[1])


def _key(entry: VersionedClass, values: Mapping[str, Any]) -> tuple[Any, ...]:
    missing = [name for name in entry.key_attributes if name not in values]
    if missing:
        raise ValueError(
            f"The primary key of {entry.model.__name__} needs a value for {', '.join(missing)}."
        )
    return tuple(values[name] for name in entry.key_attributes)
