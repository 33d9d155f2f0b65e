"""Values that were erased: history knows that there was one, and no more what it was.

``history_erasure`` says of which versions of a record a column was erased. That a model has
erasures at all comes with the spans of its columns; only then is more asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.read.conditions import key_columns, moment, registry_of
from flask_continuum.engine.read.key_texts import key_text
from flask_continuum.engine.read.keys import Key, chunks, placed
from flask_continuum.engine.read.loading import LOADED_WITH, connection_arguments
from flask_continuum.engine.read.results import NOT_RECORDED
from flask_continuum.engine.registry import VersionedClass, VersionedTable


@dataclass(frozen=True, slots=True)
class Erased:
    """Stands for a recorded value that was erased for good. It is falsy, and never ``None``.

    :ivar transaction_id: the transaction that erased it.
    :ivar at: when that was (naive UTC), ``None`` where the transaction is gone.
    :ivar by: the label of who did it, where one was known.
    """

    transaction_id: int
    at: datetime | None = None
    by: str | None = None

    def __bool__(self) -> bool:
        return False


def is_unknown(value: Any) -> bool:
    """Tell whether history does not know a value: it was never recorded, or was erased."""
    return value is NOT_RECORDED or isinstance(value, Erased)


def erasure_table(entry: VersionedClass) -> Any:
    """Return the table that says what was erased of a model's records."""
    return registry_of(entry).history_of(entry.table).erasure


def any_erasure(entry: VersionedClass) -> sa.ColumnElement[bool]:
    """Return an expression that tells whether something of a model was erased."""
    table = erasure_table(entry).alias()
    return sa.exists().where(table.c.table_name.in_(_names(entry)))


def erased_by(
    entry: VersionedClass, version: Any, key: str, dialect: str
) -> sa.ScalarSelect[int | None]:
    """Return an expression for the transaction that erased an attribute of a version, or NULL.

    :param version: an alias of the version class.
    """
    table = erasure_table(entry).alias()
    owner = owner_of(entry, key)
    return (
        sa.select(sa.func.min(table.c.transaction_id))
        .where(
            table.c.table_name == owner.version.fullname,
            table.c.column_name == entry.attributes[key].name,
            *_covers(entry, table, version, dialect),
        )
        .correlate(sa.inspect(version).selectable)
        .scalar_subquery()
    )


def owner_of(entry: VersionedClass, key: str) -> VersionedTable:
    """Return the table that an attribute's column is in."""
    return next(own for own in entry.tables if own.live is entry.attributes[key].table)


def erasers(session: Session, entry: VersionedClass, ids: Iterable[int]) -> Mapping[int, Erased]:
    """Return what some erasing transactions say of themselves, by id, in one statement."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    table = registry_of(entry).history_of(entry.table).transaction
    rows = session.execute(
        sa.select(table.c.id, table.c.issued_at, table.c.actor).where(table.c.id.in_(wanted)),
        bind_arguments=connection_arguments(session, entry),
    )
    found = {number: Erased(number) for number in wanted}
    return found | {number: Erased(number, at, by) for number, at, by in rows}


class Erasures:
    """What was erased of the versions of one model, asked for as they are looked at.

    The first version to be asked asks for all that were loaded with it.
    """

    def __init__(self, session: Session, entry: VersionedClass) -> None:
        self._session = session
        self._entry = entry
        self._known: dict[Key, dict[tuple[str, str], Erased]] = {}

    def of(self, version: Any, key: str) -> Erased | None:
        """Return that an attribute of a version was erased, ``None`` where it was not."""
        entry: VersionedClass = type(version).__continuum__
        place = _place(version)
        if place not in self._known:
            self._load(version)
        name = owner_of(entry, key).version.fullname, entry.attributes[key].name
        return self._known[place].get(name)

    def _load(self, version: Any) -> None:
        siblings = getattr(version, LOADED_WITH, None)
        together = [version, *(() if siblings is None else siblings.present(self._session))]
        places = [each for each in map(_place, together) if each not in self._known]
        entry, session = self._entry, self._session
        arguments = connection_arguments(session, entry)
        cls, table = aliased(entry.version_class), erasure_table(entry)
        columns = (*key_columns(entry, cls), moment(entry, cls))
        found: dict[Key, dict[tuple[str, str], int]] = {place: {} for place in places}
        for chunk in chunks(places):
            statement = sa.select(
                *columns, table.c.table_name, table.c.column_name, table.c.transaction_id
            ).join(
                table,
                sa.and_(
                    table.c.table_name.in_(_names(entry)),
                    *_covers(entry, table, cls, arguments["bind"].dialect.name),
                ),
            )
            wanted = statement.where(placed(columns, chunk))
            for *parts, owner, column, by in session.execute(wanted, bind_arguments=arguments):
                known = found.setdefault(tuple(parts), {})
                known[owner, column] = min(by, known.get((owner, column), by))
        told = erasers(session, entry, (by for each in found.values() for by in each.values()))
        for place, names in found.items():
            self._known[place] = {name: told[by] for name, by in names.items()}


def _covers(
    entry: VersionedClass, table: Any, version: Any, dialect: str
) -> tuple[sa.ColumnElement[bool], ...]:
    """Select the erasures that speak of a version."""
    at = moment(entry, version)
    return (
        table.c.record == key_text(key_columns(entry, version), dialect),
        table.c.since <= at,
        table.c.until >= at,
    )


def _names(entry: VersionedClass) -> list[str]:
    """Return the names of the version tables that a model's records may have rows in."""
    joined = registry_of(entry).joined.get(entry.table)
    tables = entry.tables if joined is None else joined.tables
    return sorted(own.version.fullname for own in tables)


def _place(version: Any) -> Key:
    identity: Key = sa.inspect(version).identity
    return identity
