"""The relationships of versions as they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, selectinload

from flask_continuum.engine.read.conditions import is_record, moment
from flask_continuum.engine.read.links import members
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.registry import VersionedClass


def related(session: Session, version: Any) -> Mapping[str, list[Any]]:
    """Return what a record was related to, by relationship.

    A version sees the others as they were when its own transaction had committed, the version of
    a deletion as they were just before. What is not versioned is seen as it is now.

    Costs one statement for each relationship.
    """
    return related_of(session, [version])[0]


def related_of(session: Session, versions: Sequence[Any]) -> list[Mapping[str, list[Any]]]:
    """Return what each of several versions of one model was related to, in their order.

    Costs one statement for each relationship and one more, however many the versions.
    """
    by_class: dict[VersionedClass, list[Any]] = {}
    for each in versions:
        by_class.setdefault(versioned(each), []).append(each)
    queried: dict[tuple[str, Any], list[Any]] = {}
    for entry, own in by_class.items():
        _load(session, entry, own)
        for name in _queries(entry):
            queried |= {(name, each): [] for each in own}
            for each, target in session.execute(_members_of(entry, name, own)):
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
        loading = [selectinload(getattr(version, name)) for name in missing]
        wanted = _are(entry, version, versions)
        session.scalars(sa.select(version).where(wanted).options(*loading)).all()


def _members_of(entry: VersionedClass, name: str, versions: Sequence[Any]) -> sa.Select[Any]:
    """Select ``(version, what it was related to)`` for a relationship that is a query."""
    owner = aliased(entry.version_class)
    prop = sa.inspect(entry.version_class).relationships[name]
    return (
        sa.select(owner, prop.mapper.class_)
        .select_from(owner)
        .join(getattr(owner, name))
        .where(_are(entry, owner, versions))
        .order_by(*(prop.order_by or ()))
    )


def _are(entry: VersionedClass, entity: Any, versions: Sequence[Any]) -> sa.ColumnElement[bool]:
    by_record: dict[tuple[Any, ...], list[int]] = {}
    for each in versions:
        by_record.setdefault(entry.key_of(each), []).append(moment(entry, each))
    return sa.or_(
        *(
            sa.and_(*is_record(entry, entity, key), moment(entry, entity).in_(ids))
            for key, ids in by_record.items()
        )
    )
