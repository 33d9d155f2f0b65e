"""The relationships of versions as they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, subqueryload

from flask_continuum.engine.read.conditions import key_columns, moment
from flask_continuum.engine.read.keys import Key, chunks, placed
from flask_continuum.engine.read.links import members
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.typed import AnySelect


def related(session: Session, version: Any) -> Mapping[str, list[Any]]:
    """Return what a record was related to, by relationship.

    A version sees the others as they were when its own transaction had committed, the version of
    a deletion as they were just before. What is not versioned is seen as it is now.

    Costs one statement for each relationship.
    """
    return related_of(session, [version])[0]


def related_of(session: Session, versions: Sequence[Any]) -> list[Mapping[str, list[Any]]]:
    """Return what each of several versions of one model was related to, in their order.

    Costs one statement for each relationship and one more, for every few hundred versions.
    """
    by_class: dict[VersionedClass, list[Any]] = {}
    for each in versions:
        by_class.setdefault(versioned(each), []).append(each)
    queried: dict[tuple[str, Any], list[Any]] = {}
    for entry, own in by_class.items():
        _load(session, entry, own)
        for name in _queries(entry):
            queried |= {(name, each): [] for each in own}
            for chunk in _places(entry, own):
                for each, target in session.execute(_members_of(entry, name, chunk)):
                    queried[name, each].append(target)
    return [
        {
            name: queried[name, each] if (name, each) in queried else members(getattr(each, name))
            for name in versioned(each).relationships
        }
        for each in versions
    ]


def _queries(entry: VersionedClass) -> list[str]:
    """Return the relationships that a version object answers with a query of its own."""
    relationships = sa.inspect(entry.version_class).relationships
    return [name for name in entry.relationships if relationships[name].lazy == "dynamic"]


def _load(session: Session, entry: VersionedClass, versions: Sequence[Any]) -> None:
    """Load the relationships of versions of one class that are not loaded yet."""
    version = entry.version_class
    queries = _queries(entry)
    missing = [
        name
        for name in entry.relationships
        if name not in queries and any(name in sa.inspect(each).unloaded for each in versions)
    ]
    if missing:
        loading = [subqueryload(getattr(version, name)) for name in missing]
        for chunk in _places(entry, versions):
            wanted = _are(entry, version, chunk)
            session.scalars(sa.select(version).where(wanted).options(*loading)).all()


def _members_of(entry: VersionedClass, name: str, places: Sequence[Key]) -> AnySelect:
    """Select ``(version, what it was related to)`` for a relationship that is a query."""
    owner = aliased(entry.version_class)
    prop = sa.inspect(entry.version_class).relationships[name]
    return (
        sa.select(owner, prop.mapper.class_)
        .select_from(owner)
        .join(getattr(owner, name))
        .where(_are(entry, owner, places))
        .order_by(*(prop.order_by or ()))
    )


def _places(entry: VersionedClass, versions: Sequence[Any]) -> Iterator[list[Key]]:
    """Yield where versions stand, by key and transaction, a few hundred at a time."""
    return chunks((*entry.key_of(each), moment(entry, each)) for each in versions)


def _are(entry: VersionedClass, entity: Any, places: Sequence[Key]) -> sa.ColumnElement[bool]:
    return placed((*key_columns(entry, entity), moment(entry, entity)), places)
