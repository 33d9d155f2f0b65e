"""Under which key a record lived earlier that has another one now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.read.conditions import (
    begins_life,
    key_columns,
    moment,
    transaction_class_of,
)
from flask_continuum.engine.read.keys import Key, among, chunks
from flask_continuum.engine.read.loading import connection_arguments
from flask_continuum.engine.read.moved import key_before, plain_key
from flask_continuum.engine.registry import VersionedClass

Birth = tuple[int, Any]
"""A transaction with which a life begins, and what its context says."""


def keys_then(
    session: Session, entry: VersionedClass, keys: Sequence[Key], then: int, now: int
) -> Mapping[Key, Key | None]:
    """Return the keys that records had at an earlier transaction, by those at a later one.

    One statement for every few hundred records, and one more for each time that keys changed.

    :returns: ``None`` for a record whose life had not begun.
    """
    found: dict[Key, Key | None] = {}
    places = {key: (key, now) for key in keys}
    while places:
        births = _births(session, entry, {key for key, _ in places.values()}, then)
        onward = {}
        for asked, (key, until) in places.items():
            seen = births[plain_key(entry.table, key)]
            born, context = max(
                (birth for birth in seen if birth[0] <= until), key=_when, default=(then, None)
            )
            before = key_before(entry.table, context, key) if born > then else None
            if before is not None:
                onward[asked] = (before, born - 1)
            else:
                found[asked] = None if born > then else key
        places = onward
    return found


def _births(
    session: Session, entry: VersionedClass, keys: Iterable[Key], then: int
) -> Mapping[Key, list[Birth]]:
    """Return the beginnings of lives under some keys after a transaction."""
    version, transaction = entry.version_class, transaction_class_of(entry)
    columns = key_columns(entry, version)
    found: dict[Key, list[Birth]] = defaultdict(list)
    for chunk in chunks(keys):
        statement = (
            sa.select(*columns, moment(entry, version), transaction.context)
            .outerjoin(transaction, transaction.id == moment(entry, version))
            .where(
                among(columns, chunk), moment(entry, version) > then, begins_life(entry, version)
            )
        )
        rows = session.execute(statement, bind_arguments=connection_arguments(session, entry))
        for *key, at, context in rows:
            found[plain_key(entry.table, key)].append((at, context))
    return found


def _when(birth: Birth) -> int:
    return birth[0]
