"""What was pruned before the first version that a record has left.

The transaction of that version tells it in its context, under ``pruned``: by the full name of the
live table, for each record its key, the first and the last transaction whose versions are gone, how
many they were and when that was done, ``{"article": [[[7], 3, 17, 15, "2026-03-03T10:20:00"]]}``.
A transaction that begins what is left of very many records tells it of all of them together, with
``null`` in place of the key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.read.conditions import (
    GREATEST_ID,
    is_record,
    moment,
    transaction_class_of,
)
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.loading import connection_arguments, versioned
from flask_continuum.engine.read.moved import key_from_json, key_to_json, plain_key
from flask_continuum.engine.read.results import Pruned
from flask_continuum.engine.registry import VersionedTable

PRUNED = "pruned"
"""The key of a transaction's context that says what is gone before its versions."""

TOLD_APART = 100
"""Records of one table that one transaction tells apart; more are told of together."""


def pruned_before(
    table: VersionedTable, context: Any, key: Sequence[Any], before: int
) -> Pruned | None:
    """Return what a transaction's context says to be gone before a record's version.

    :param before: the transaction.
    """
    found = read_pruned(table, context, before)
    if not found:  # as nearly always: keys need not be looked at
        return None
    return found.get(plain_key(table, key)) or found.get(None)


def pruned_version(
    session: Session, model: Any, key: Sequence[Any], transaction_id: int
) -> Pruned | None:
    """Return what was pruned of a record where a version of it may have been, in one statement.

    :param transaction_id: the transaction of that version.
    :returns: ``None`` when nothing was pruned there.
    """
    if transaction_id > GREATEST_ID:  # no database has it, and some do not take it
        return None
    entry = versioned(model)
    version, transaction = entry.version_class, transaction_class_of(entry)
    at = moment(entry, version)
    statement = (
        sa.select(at, transaction.context)
        .join(transaction, transaction.id == at)
        .where(*is_record(entry, version, key), at > transaction_id)
        .order_by(at)
        .limit(1)
    )
    row = session.execute(statement, bind_arguments=connection_arguments(session, entry)).first()
    found = None if row is None else pruned_before(entry.table, row.context, key, row[0])
    return found if found is not None and found.first <= transaction_id <= found.last else None


def read_pruned(table: VersionedTable, context: Any, before: int) -> dict[Key | None, Pruned]:
    """Return what a context says of a table, by plain key; ``None`` is the key of all together.

    What has another form is the application's own, and is passed over.
    """
    told = context.get(PRUNED) if isinstance(context, Mapping) else None
    rows = told.get(table.live.fullname) if isinstance(told, Mapping) else None
    found: dict[Key | None, Pruned] = {}
    for row in rows if isinstance(rows, list) else ():
        match row:
            case [key, int(first), int(last), int(count), str(at)] if key is None or (
                isinstance(key, list) and len(key) == len(table.key)
            ):
                try:
                    own = None if key is None else plain_key(table, key_from_json(table, key))
                    when = datetime.fromisoformat(at)
                except (ValueError, KeyError, InvalidOperation):
                    continue
                found[own] = Pruned(first, last, count, when, before, exact=own is not None)
    return found


def write_pruned(
    table: VersionedTable, context: Any, told: Mapping[Key, Pruned], before: int
) -> dict[str, Any]:
    """Return a context that says of records of a table what is gone before their versions.

    :param told: what is gone now, by key.
    :param before: the transaction whose context it is.
    """
    own = dict(context) if isinstance(context, Mapping) else {}
    known = read_pruned(table, own, before)
    keys: dict[Key | None, list[Any] | None] = {None: None}
    keys |= {each: key_to_json(table, each) for each in known if each is not None}
    for key, pruned in told.items():
        written = key_to_json(table, key)
        plain = None if written is None else plain_key(table, key)
        keys[plain] = written
        known[plain] = joined(known.get(plain), pruned)
    if len(known) > TOLD_APART:
        together: Pruned | None = None
        for each in known.values():
            together = joined(together, each)
        assert together is not None
        known = {None: together}
    tables = own.get(PRUNED)
    rows = [
        [keys[key], each.first, each.last, each.count, each.at.isoformat()]
        for key, each in known.items()
    ]
    named = dict(tables) if isinstance(tables, Mapping) else {}
    return {**own, PRUNED: {**named, table.live.fullname: rows}}


def joined(one: Pruned | None, other: Pruned) -> Pruned:
    """Return what is gone when both are."""
    if one is None:
        return other
    return Pruned(
        min(one.first, other.first),
        max(one.last, other.last),
        one.count + other.count,
        max(one.at, other.at),
        other.before,
        one.exact and other.exact,
    )
