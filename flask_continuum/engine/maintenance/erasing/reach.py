"""Which records an erasure is about: the subject, and what its model says belongs to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import ONETOMANY, RelationshipProperty, Session, aliased

from flask_continuum.engine.build.checks import not_followed
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.maintenance.erasing.lives import Life, lives
from flask_continuum.engine.naming import nearest
from flask_continuum.engine.read.conditions import is_record, key_columns, moment, registry_of
from flask_continuum.engine.read.keys import Key, among, chunks
from flask_continuum.engine.read.loading import connection_arguments
from flask_continuum.engine.registry import PERSONAL, VersionedClass, VersionedTable

Columns = tuple[sa.Column[Any], ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """Records of one model, and what of them is erased.

    :ivar lives: their versions.
    :ivar columns: the live columns of each table that hold what is erased.
    """

    entry: VersionedClass
    lives: tuple[Life, ...]
    columns: dict[VersionedTable, Columns]


def reach(
    session: Session,
    entry: VersionedClass,
    key: Key,
    at: int | None,
    *,
    fields: Sequence[str] | None,
    follow: Sequence[str] | None,
) -> tuple[Reached, ...]:
    """Return the records that are erased with one, itself first.

    :param at: a transaction of the life that is meant.
    :param fields: attributes of the record; without it, all that is marked as personal.
    :param follow: relationships of its model; without it, those that the option ``personal``
        names, unless ``fields`` says what is meant.
    :raises ImproperlyConfigured: when nothing is marked, or a relationship cannot be followed.
    :raises ValueError: when there is no such field, or it is a part of the key.
    """
    found: dict[VersionedClass, Reached] = {}
    own = lives(session, entry, [(key, at)])
    columns = personal_columns(entry) if fields is None else _named(entry, fields)
    waiting = [(entry, own, _followed(entry, fields, follow))]
    found[entry] = Reached(entry, own, columns)
    while waiting:
        source, known, names = waiting.pop()
        for prop in _relationships(source, names):
            target = registry_of(source).of(prop.mapper.class_)
            there = _related(session, source, known, prop, target)
            before = found.get(target)
            new = tuple(each for each in there if before is None or each not in before.lives)
            if new:
                kept = () if before is None else before.lives
                known_columns = None if before is None else before.columns
                found[target] = Reached(
                    target, (*kept, *new), known_columns or personal_columns(target)
                )
                waiting.append((target, new, target.options.personal))
    if not any(each.columns for each in found.values()):
        raise ImproperlyConfigured(
            f"Nothing of {entry.model.__name__} is marked as personal. Mark columns with "
            f"info={{'personal': True}}, or name the fields that are to be erased."
        )
    return tuple(found.values())


def personal_columns(entry: VersionedClass) -> dict[VersionedTable, Columns]:
    """Return what is marked as personal in the tables of a model and those below it."""
    found = {}
    for table in tables_of(entry):
        marked = tuple(c for c in table.live.c if c.info.get(PERSONAL) and c not in table.key)
        if marked:
            found[table] = marked
    return found


def tables_of(entry: VersionedClass) -> tuple[VersionedTable, ...]:
    """Return the tables that a model's records may have rows in."""
    joined = registry_of(entry).joined.get(entry.table)
    return entry.tables if joined is None else tuple(joined.tables)


def _named(entry: VersionedClass, fields: Iterable[str]) -> dict[VersionedTable, Columns]:
    found: dict[VersionedTable, Columns] = {}
    for name in fields:
        if name not in entry.attributes:
            raise ValueError(
                f"{entry.model.__name__} has no recorded field {name!r}."
                f"{nearest(name, entry.attributes)}"
            )
        if name in entry.key_attributes:
            raise ValueError(
                f"{name!r} is a part of the key of {entry.model.__name__}, which its versions are "
                f"told apart by: it cannot be erased."
            )
        column = entry.attributes[name]
        table = next(each for each in entry.tables if each.live is column.table)
        found[table] = (*found.get(table, ()), column)
    return found


def _followed(
    entry: VersionedClass, fields: Sequence[str] | None, follow: Sequence[str] | None
) -> tuple[str, ...]:
    if follow is not None:
        return tuple(follow)
    return entry.options.personal if fields is None else ()


def _relationships(
    entry: VersionedClass, names: Iterable[str]
) -> Iterator[RelationshipProperty[Any]]:
    for name in names:
        reason = not_followed(entry, name)
        if reason is not None:
            raise ImproperlyConfigured(
                f"An erasure cannot follow {entry.model.__name__}.{name}, {reason}"
            )
        yield entry.mapper.relationships[name]


def _related(
    session: Session,
    source: VersionedClass,
    known: Iterable[Life],
    prop: RelationshipProperty[Any],
    target: VersionedClass,
) -> tuple[Life, ...]:
    """Return the lives of all records that a relationship has ever led to."""
    version, origin = aliased(target.version_class), aliased(source.version_class)
    columns, at = key_columns(target, version), moment(target, version)
    joined = _joined(source, origin, prop, target, version)
    moments: dict[Key, int] = {}
    arguments = connection_arguments(session, target)
    only = {life.key for life in known if life.is_only}
    conditions = [[among(key_columns(source, origin), chunk)] for chunk in chunks(only)]
    for life in known:
        if not life.is_only:
            when = moment(source, origin).between(life.since, life.until)
            condition = [*is_record(source, origin, life.key), when]
            if prop.direction is ONETOMANY:
                # what pointed here in the life of another record was about that one
                condition.append(at.between(life.since, life.until))
            conditions.append(condition)
    for condition in conditions:
        statement = (
            sa.select(*columns, sa.func.max(at))
            .where(sa.exists().where(*joined, *condition).correlate(version))
            .group_by(*columns)
        )
        for *key, newest in session.execute(statement, bind_arguments=arguments):
            moments[tuple(key)] = max(newest, moments.get(tuple(key), 0))
    return lives(session, target, moments.items())


def _joined(
    source: VersionedClass,
    origin: Any,
    prop: RelationshipProperty[Any],
    target: VersionedClass,
    version: Any,
) -> list[sa.ColumnElement[bool]]:
    def here(entry: VersionedClass, alias: Any, column: Any) -> Any:
        return getattr(alias, entry.mapper.get_property_by_column(column).key)

    if prop.secondary is None:
        return [
            here(source, origin, local) == here(target, version, remote)
            for local, remote in prop.local_remote_pairs or ()
        ]
    link = registry_of(source).link_table(prop.secondary)  # type: ignore[arg-type]
    assert link is not None, "not_followed has seen to it"
    rows = link.version.alias()
    return [
        *(here(source, origin, own) == rows.c[str(c.key)] for own, c in prop.synchronize_pairs),
        *(
            here(target, version, own) == rows.c[str(c.key)]
            for own, c in prop.secondary_synchronize_pairs or ()
        ),
    ]
