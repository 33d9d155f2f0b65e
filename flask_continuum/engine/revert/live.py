"""What is there now: live records, their values and what they are related to, many at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipProperty, Session, lazyload, selectinload

from flask_continuum.engine.read.conditions import fits
from flask_continuum.engine.read.links import members

Key = tuple[Any, ...]
Place = tuple[type[Any], Key]
CHUNK = 500


def place(model: type[Any], key: Key) -> Place:
    """Return what tells a record from all others, whichever class of a hierarchy names it."""
    return (sa.inspect(model).base_mapper.class_, key)


def primary_key(mapper: Mapper[Any]) -> tuple[str, ...]:
    """Return the attribute keys of a mapper's primary key."""
    return tuple(mapper.get_property_by_column(column).key for column in mapper.primary_key)


def key_of(thing: Any, mapper: Mapper[Any]) -> Key:
    """Return the key of a live or version object, by the primary key of the live mapper."""
    return tuple(getattr(thing, name) for name in primary_key(mapper))


def load(
    session: Session, mapper: Mapper[Any], keys: Iterable[Key], *, lock: bool = False
) -> dict[Key, Any]:
    """Load live objects by key; those about to be deleted in the session count as gone.

    One statement for every few hundred keys.

    :param lock: lock the rows and read what is really in them, over what the session remembers.
    """
    wanted = [key for key in dict.fromkeys(keys) if all(fits(value) for value in key)]
    columns = [getattr(mapper.class_, name) for name in primary_key(mapper)]
    found: dict[Key, Any] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        statement = sa.select(mapper.class_).where(_is_one_of(columns, chunk))
        if lock:
            statement = (
                statement.with_for_update()
                .options(lazyload("*"))
                .execution_options(populate_existing=True)
            )
        for each in session.scalars(statement):
            found[key_of(each, mapper)] = each
    gone = set(session.deleted)
    return {key: each for key, each in found.items() if each not in gone}


def preload(session: Session, objects: Sequence[Any], relationships: Collection[str]) -> None:
    """Load relationships of many live objects of one class.

    One statement for each relationship and every few hundred objects.
    """
    if not objects:
        return
    mapper: Mapper[Any] = sa.inspect(type(objects[0])).mapper
    wanted = [
        getattr(mapper.class_, name)
        for name in relationships
        if mapper.relationships[name].lazy not in ("dynamic", "write_only")
        and any(name in sa.inspect(each).unloaded for each in objects)
    ]
    persistent = [each for each in objects if sa.inspect(each).persistent]
    if not wanted or not persistent:
        return
    columns = [getattr(mapper.class_, name) for name in primary_key(mapper)]
    loading = [selectinload(attribute) for attribute in wanted]
    for start in range(0, len(persistent), CHUNK):
        keys = [key_of(each, mapper) for each in persistent[start : start + CHUNK]]
        statement = sa.select(mapper.class_).where(_is_one_of(columns, keys))
        session.scalars(statement.options(*loading)).all()


def current(session: Session, thing: Any, prop: RelationshipProperty[Any]) -> list[Any]:
    """Return what a live object is related to now, whatever the shape of the relationship."""
    found = getattr(thing, prop.key)
    if prop.lazy == "write_only":
        return list(session.scalars(found.select()))
    return members(found)


def existing(
    session: Session,
    table: sa.Table,
    columns: Sequence[sa.Column[Any]],
    values: Iterable[Key],
    *,
    mapper: Mapper[Any],
) -> set[Key]:
    """Return which of some values are there in the columns of a live table.

    One statement for every few hundred values.

    :param mapper: tells the session which database is meant.
    """
    wanted = list(dict.fromkeys(values))
    found: set[Key] = set()
    for start in range(0, len(wanted), CHUNK):
        statement = (
            sa.select(*columns)
            .select_from(table)
            .where(_is_one_of(columns, wanted[start : start + CHUNK]))
        )
        rows = session.execute(statement, bind_arguments={"mapper": mapper})
        found |= {tuple(row) for row in rows}
    return found


def _is_one_of(columns: Sequence[Any], keys: Sequence[Key]) -> sa.ColumnElement[bool]:
    """Select rows by key; a long chain of OR would be too deep an expression for SQLite."""
    if len(columns) == 1:
        matching: sa.ColumnElement[bool] = columns[0].in_([key[0] for key in keys])
        return matching
    return sa.or_(
        *(sa.and_(*(c == value for c, value in zip(columns, key, strict=True))) for key in keys)
    )


def text_of_key(key: Key) -> str:
    """Return a key as part of a step's id: values apart by commas, signs in them escaped."""
    return ",".join(
        str(value).replace("\\", "\\\\").replace(",", "\\,").replace("/", "\\/") for value in key
    )


def attributes(mapper: Mapper[Any], columns: Iterable[sa.Column[Any]]) -> tuple[str, ...]:
    """Return the attribute keys of columns."""
    return tuple(mapper.get_property_by_column(column).key for column in columns)


def by_key(things: Iterable[Any], mapper: Mapper[Any]) -> Mapping[Key, Any]:
    """Return objects by their key, in their order."""
    return {key_of(each, mapper): each for each in things}
