"""Under which key a record lives on that had another one when a version was made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    RESTORING,
    key_columns,
    moment,
    operation,
    transaction_class_of,
)
from flask_continuum.engine.read.keys import Key, among, chunks
from flask_continuum.engine.read.loading import connection_arguments
from flask_continuum.engine.read.moved import moved_pairs, plain_key
from flask_continuum.engine.registry import VersionedClass

Event = tuple[int, Operation, Any, Any]


def whereabouts(
    session: Session, entry: VersionedClass, versions: Iterable[Any]
) -> Mapping[Any, Key]:
    """Return under which key the records of some versions live now, by version.

    Records that are deleted by now are left out. One statement for every few hundred records,
    and one more for each time that keys have changed.
    """
    places = {
        each: (entry.key_of(each), moment(entry, each), operation(entry, each) == Operation.DELETE)
        for each in versions
    }
    found: dict[Any, Key] = {}
    while places:
        events = events_of(session, entry, {key for key, _, _ in places.values()})
        onward = {}
        for version, (key, at, leaving) in places.items():
            seen = events[plain_key(entry.table, key)]
            goes_on, target, then = _follow(entry, key, seen, at if leaving else at + 1)
            if target is not None:
                onward[version] = (target, then, False)
            elif goes_on:
                found[version] = key
        places = onward
    return found


def _follow(
    entry: VersionedClass, key: Key, events: Sequence[Event], since: int
) -> tuple[bool, Key | None, int]:
    """Return whether a life goes on, the key that it goes on under if another, and since when."""
    alive = True
    for at, done, kind, context in events:
        if at < since:
            continue
        if done is Operation.DELETE:
            new = moved_pairs(entry.table, context).get(plain_key(entry.table, key))
            if new is not None:
                return True, new, at
            alive = False
        elif not alive and kind not in RESTORING:
            break
        else:
            alive = True
    return alive, None, 0


def events_of(
    session: Session, entry: VersionedClass, keys: Iterable[Key]
) -> Mapping[Key, list[Event]]:
    """Return the beginnings and ends under some keys, oldest first."""
    version, transaction = entry.version_class, transaction_class_of(entry)
    columns = key_columns(entry, version)
    found: dict[Key, list[Event]] = defaultdict(list)
    for chunk in chunks(keys):
        statement = (
            sa.select(
                *columns,
                moment(entry, version),
                operation(entry, version),
                transaction.kind,
                transaction.context,
            )
            .outerjoin(transaction, transaction.id == moment(entry, version))
            .where(among(columns, chunk), operation(entry, version) != Operation.UPDATE)
            .order_by(moment(entry, version))
        )
        rows = session.execute(statement, bind_arguments=connection_arguments(session, entry))
        for *key, at, done, kind, context in rows:
            event = (at, Operation(done), kind, context)
            found[plain_key(entry.table, key)].append(event)
    return found
