"""Finds records by what they are or were called, or by their key."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    fits,
    is_newest,
    key_columns,
    moment,
    operation,
    same_record,
)
from flask_continuum.engine.read.families import bases
from flask_continuum.engine.read.loading import connect, whole, with_transaction
from flask_continuum.engine.read.results import RecordRow
from flask_continuum.engine.registry import VersionedClass

NAMING = ("title", "name", "label", "subject", "headline", "username", "slug", "email")
"""Attributes that name a record where the option ``label`` does not say which one does."""

Searchable = Callable[[VersionedClass], Collection[str]]


def label_attributes(entry: VersionedClass) -> tuple[str, ...]:
    """Return the text attributes that name a record: those that a search looks into."""
    label = entry.options.label
    candidates = (label,) if isinstance(label, str) else NAMING
    named = [key for key in candidates if _is_text(entry, key)]
    return tuple(named[:1])


def _is_text(entry: VersionedClass, key: str) -> bool:
    column = entry.attributes.get(key)
    return column is not None and isinstance(column.type, sa.String)


def matches(
    entry: VersionedClass, entity: Any, text: str, fields: Collection[str]
) -> sa.ColumnElement[bool]:
    """Select versions whose key is ``text``, or one of whose ``fields`` contains it.

    :param fields: text attributes; upper and lower case are the same.
    """
    found: list[sa.ColumnElement[bool]] = [
        getattr(entity, key).icontains(text, autoescape=True)
        for key in fields
        if _is_text(entry, key)
    ]
    columns = key_columns(entry, entity)
    if len(columns) == 1:
        value = _as_key(text, entry.attributes[entry.key_attributes[0]].type)
        if value is not None:
            found.append(columns[0] == value)
    return sa.or_(sa.false(), *found)


def _as_key(text: str, kind: sa.types.TypeEngine[Any]) -> Any | None:
    """Read ``text`` as a key of a type; ``None`` when it is none."""
    text = text.strip().removeprefix("#")
    try:
        if isinstance(kind, sa.Integer):
            number = int(text) if text.isascii() and text.isdigit() else None
            return number if fits(number) else None
        if isinstance(kind, sa.Uuid):
            return UUID(text) if kind.as_uuid else UUID(text).hex
    except ValueError:
        return None
    return text if isinstance(kind, sa.String) and not isinstance(kind, sa.Enum) else None


def search(
    session: Session,
    manager: Any,
    text: str,
    limit: int = 20,
    *,
    searchable: Searchable = label_attributes,
) -> tuple[RecordRow, ...]:
    """Find records, live and deleted, by key or by what they are or once were called.

    Costs one statement for each model.

    :param text: part of a name, or a whole key, with or without a ``#`` before it.
    :param limit: how many rows in all.
    :param searchable: gives the text attributes of a model that may be looked into; what it
        leaves out has no influence on the result.
    :returns: the newest change first.
    """
    text = text.strip()
    if not text or "\0" in text:
        return ()
    found: list[tuple[Any, int, RecordRow]] = []
    for entry in bases(manager.registry):
        version, once = whole(entry), aliased(entry.version_class)
        statement = (
            with_transaction(session, entry, version)
            .where(
                is_newest(entry, version),
                sa.exists().where(
                    *same_record(entry, once, version),
                    matches(entry, once, text, searchable(entry)),
                ),
            )
            .order_by(moment(entry, version).desc())
            .limit(limit)
        )
        for row in session.execute(statement):
            record = record_row(entry, row[0], row[1])
            at = moment(entry, row[0])
            found.append((None if row[1] is None else row[1].issued_at, at, record))
    found.sort(key=lambda each: (each[0] is not None, each[0], each[1]), reverse=True)
    return tuple(record for _, _, record in found[:limit])


def record_row(entry: VersionedClass, version: Any, transaction: Any) -> RecordRow:
    """Return the row of a list for a record's newest version."""
    return RecordRow(
        model=entry.model,
        key=entry.key_of(version),
        version=connect(version, transaction),
        transaction=transaction,
        live=operation(entry, version) != Operation.DELETE,
    )
