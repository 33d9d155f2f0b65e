"""Records whose primary key changed: which other key a life that ends or begins belongs to.

The transaction's context tells it, under ``moved``: by the full name of the live table, the old
and the new key of each record, ``{"article": [[[7], [12]]]}``. In this transaction the old key's
chain ends with a DELETE version and the new key's begins with an INSERT version.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.orm import Session, undefer

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    is_record,
    key_columns,
    moment,
    operation,
    transaction_class_of,
)
from flask_continuum.engine.read.json_values import from_json, python_type, to_json
from flask_continuum.engine.read.keys import Key, chunks, placed
from flask_continuum.engine.read.loading import (
    connection_arguments,
    versioned,
    whole,
)
from flask_continuum.engine.read.results import Move
from flask_continuum.engine.registry import VersionedClass, VersionedTable

MOVED = "moved"
"""The key of a transaction's context that says which records have other keys since."""

_TEXT = "text"
"""Marks a part of a key of a type that JSON does not know, written as its text."""

_STORED = "stored"
"""Marks one of a type of the application's own, written as that type has it stored."""

_NEUTRAL = DefaultDialect()
"""Has types store values in the same way whatever the database is."""

_NUMBERS = (int, float, Decimal)
"""Equal to each other, whichever of them a key is given as."""

Pair = tuple[Key, Key]


def to_context(tables: Iterable[tuple[VersionedTable, Sequence[Pair]]]) -> Mapping[str, Any]:
    """Return what the context of a transaction says about changed keys, ``{}`` for nothing.

    :param tables: the old and the new keys of each table's records.
    """
    found = {}
    for table, pairs in tables:
        written = [[key_to_json(table, key) for key in pair] for pair in pairs]
        told = [pair for pair in written if None not in pair]
        if told:
            found[table.live.fullname] = told
    return {MOVED: found} if found else {}


def from_context(context: Any, table: VersionedTable) -> Iterator[Pair]:
    """Yield the old and the new keys that the context of a transaction names for a table.

    What has another form is the application's own, and is passed over.
    """
    told = context.get(MOVED) if isinstance(context, Mapping) else None
    pairs = told.get(table.live.fullname) if isinstance(told, Mapping) else None
    for pair in pairs if isinstance(pairs, list) else ():
        match pair:
            case [list(old), list(new)] if len(old) == len(new) == len(table.key):
                try:
                    yield key_from_json(table, old), key_from_json(table, new)
                except (ValueError, KeyError, InvalidOperation):
                    continue


def moved_pairs(table: VersionedTable, context: Any) -> Mapping[Key, Key]:
    """Return the new keys that a context tells, by the old ones in plain form."""
    return {plain_key(table, old): new for old, new in from_context(context, table)}


def key_before(table: VersionedTable, context: Any, key: Sequence[Any]) -> Key | None:
    """Return the key that a record had before the one it got in a transaction.

    :param context: of that transaction; it says so, or nothing.
    """
    pair = _pair(table, context, Operation.INSERT, key)
    return None if pair is None else pair[0]


def plain_key(table: VersionedTable, key: Sequence[Any]) -> Key:
    """Return a key in a form that equals that of the same key, whoever has read it."""
    return tuple(_plain(c, part) for c, part in zip(table.key, key, strict=True))


def moves(session: Session, model: Any, key: Sequence[Any]) -> tuple[Move, ...]:
    """Return how records came to ``key`` and left it for others, newest first, in one statement.

    Those of earlier lives of the key are among them.
    """
    entry = versioned(model)
    version, transaction = entry.version_class, transaction_class_of(entry)
    what = operation(entry, version)
    statement = (
        sa.select(moment(entry, version), what, transaction.context)
        .join(transaction, transaction.id == moment(entry, version))
        .where(
            *is_record(entry, version, key),
            what != Operation.UPDATE,
            transaction.context.is_not(None),
        )
        .order_by(moment(entry, version).desc())
    )
    arguments = connection_arguments(session, entry)
    found = (
        (at, _pair(entry.table, context, done, key))
        for at, done, context in session.execute(statement, bind_arguments=arguments)
    )
    return tuple(Move(entry.model, *pair, at) for at, pair in found if pair is not None)


def moved_from(session: Session, version: Any) -> Any | None:
    """Return the last version under the key that the record of ``version`` had before.

    :returns: ``None`` unless the record got its key in the transaction of ``version``.
    """
    return _counterpart(session, version, Operation.INSERT)


def moved_to(session: Session, version: Any) -> Any | None:
    """Return the first version under the key that the record of ``version`` has since.

    :returns: ``None`` unless the record lost its key in the transaction of ``version``.
    """
    return _counterpart(session, version, Operation.DELETE)


def _counterpart(session: Session, version: Any, what: Operation) -> Any | None:
    entry = versioned(version)
    if operation(entry, version) != what:
        return None
    cls = transaction_class_of(entry)
    transaction = session.scalars(
        sa.select(cls).where(cls.id == moment(entry, version)),
        bind_arguments=connection_arguments(session, entry),
    ).first()
    return counterparts(session, entry, [(version, transaction)]).get(version)


def counterparts(
    session: Session, model: Any, versions: Iterable[tuple[Any, Any]]
) -> Mapping[Any, Any]:
    """Return, by version, the one that ends or begins the same record's life under another key.

    Costs nothing where no transaction says that keys have changed, else one statement for every
    few hundred versions.

    :param versions: versions of one model, each with its transaction.
    """
    entry = versioned(model)
    told: dict[int, dict[tuple[Operation, Key], Pair]] = {}
    wanted: dict[Any, Key] = {}
    for version, transaction in versions:
        context = None if transaction is None else transaction.context
        if not context or MOVED not in context:
            continue
        at, done = moment(entry, version), operation(entry, version)
        if at not in told:
            told[at] = _by_key(context, entry.table)
        pair = told[at].get((done, plain_key(entry.table, entry.key_of(version))))
        if pair is not None:
            wanted[version] = (*_other(pair, done), at)
    there = _versions_at(session, entry, wanted.values())
    found = {}
    for version, (*key, at) in wanted.items():
        opposite = _opposite(operation(entry, version))
        other = there.get((opposite, (*plain_key(entry.table, key), at)))
        if other is not None:
            found[version] = other
    return found


def _versions_at(
    session: Session, entry: VersionedClass, places: Iterable[Key]
) -> Mapping[tuple[Operation, Key], Any]:
    """Load versions by key and transaction; return them by operation too."""
    version = whole(entry)
    columns = (*key_columns(entry, version), moment(entry, version))
    found = {}
    for chunk in chunks(places):
        statement = sa.select(version).where(placed(columns, chunk)).options(undefer("*"))
        for each in session.scalars(statement):
            key = plain_key(entry.table, entry.key_of(each))
            found[operation(entry, each), (*key, moment(entry, each))] = each
    return found


def _pair(table: VersionedTable, context: Any, done: Operation, key: Sequence[Any]) -> Pair | None:
    return _by_key(context, table).get((done, plain_key(table, key)))


def _by_key(context: Any, table: VersionedTable) -> dict[tuple[Operation, Key], Pair]:
    """Return the moves that a context tells, by what happened to either key."""
    found: dict[tuple[Operation, Key], Pair] = {}
    for pair in from_context(context, table):
        found[Operation.DELETE, plain_key(table, pair[0])] = pair
        found[Operation.INSERT, plain_key(table, pair[1])] = pair
    return found


def _other(pair: Pair, done: Operation) -> Key:
    return pair[1] if done == Operation.DELETE else pair[0]


def _opposite(done: Operation) -> Operation:
    return Operation.INSERT if done == Operation.DELETE else Operation.DELETE


# -- keys as JSON ------------------------------------------------------------------------------


def key_to_json(table: VersionedTable, key: Sequence[Any]) -> list[Any] | None:
    """Return a key as JSON carries it; ``None`` where even its text does not tell it apart."""
    found = [_part_to_json(c, part) for c, part in zip(table.key, key, strict=True)]
    return None if None in found else found


def key_from_json(table: VersionedTable, key: Sequence[Any]) -> Key:
    """Return the key that :func:`key_to_json` has written.

    :raises ValueError: when it is none; ``KeyError`` and ``InvalidOperation`` likewise.
    """
    return tuple(_part_from_json(c, part) for c, part in zip(table.key, key, strict=True))


def _part_to_json(column: sa.Column[Any], part: Any) -> Any:
    kind = column.type
    if isinstance(part, float) and not math.isfinite(part):
        return None
    if not isinstance(part, Enum) or getattr(kind, "enum_class", None) is not None:
        found = to_json(part)
        if found is not None:
            return found
    if isinstance(kind, sa.TypeDecorator):
        found = to_json(_stored(kind, part))
        return None if found is None else [_STORED, found]
    if isinstance(part, Enum):
        return to_json(part.value)
    return None if str(part) == object.__repr__(part) else [_TEXT, str(part)]


def _part_from_json(column: sa.Column[Any], part: Any) -> Any:
    kind = column.type
    match part:
        case [str(tag), str(text)] if tag == _TEXT:
            return text
        case [str(tag), stored] if tag == _STORED and isinstance(kind, sa.TypeDecorator):
            processor = kind.dialect_impl(_NEUTRAL).result_processor(_NEUTRAL, None)
            plain = from_json(stored, kind)
            return plain if processor is None else processor(plain)
    found = from_json(part, kind)
    expected = None if isinstance(kind, sa.TypeDecorator) else python_type(kind)
    if expected is None or isinstance(found, expected):
        return found
    if isinstance(found, _NUMBERS) and issubclass(expected, _NUMBERS):
        return found
    raise ValueError(f"{type(found).__name__} in place of {expected.__name__}")


def _stored(kind: sa.TypeDecorator[Any], value: Any) -> Any:
    processor = kind.dialect_impl(_NEUTRAL).bind_processor(_NEUTRAL)
    return value if processor is None else processor(value)


def _plain(column: sa.Column[Any], part: Any) -> Any:
    match _part_to_json(column, part):
        case None:
            return part
        case [str(tag), told] if tag in (_TEXT, _STORED):
            return tag, json.dumps(told)
        case told:
            return from_json(told, column.type)
