"""What is there now: live records, their values and what they are related to, many at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipProperty, Session, lazyload, selectinload

from flask_continuum.engine.read.conditions import fits
from flask_continuum.engine.read.keys import Key, among, chunks
from flask_continuum.engine.read.links import members

Place = tuple[type[Any], Key]


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
    columns = [getattr(mapper.class_, name) for name in primary_key(mapper)]
    found: dict[Key, Any] = {}
    for chunk in chunks(key for key in keys if all(fits(value) for value in key)):
        statement = sa.select(mapper.class_).where(among(columns, chunk))
        if lock:
            statement = (
                statement.with_for_update()
                .options(lazyload("*"))
                .execution_options(populate_existing=True)
            )
        for each in session.scalars(statement):
            found[key_of(each, mapper)] = each
    gone = session.deleted  # by identity: dataclasses have no hash
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
    for chunk in chunks(key_of(each, mapper) for each in persistent):
        statement = sa.select(mapper.class_).where(among(columns, chunk))
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
    found: set[Key] = set()
    for chunk in chunks(values):
        statement = sa.select(*columns).select_from(table).where(among(columns, chunk))
        rows = session.execute(statement, bind_arguments={"mapper": mapper})
        found |= {tuple(row) for row in rows}
    return found


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
