"""The relationships of versions as they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

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
    for entry, own in by_class.items():
        _load(session, entry, own)
    return [
        {name: members(getattr(each, name)) for name in versioned(each).relationships}
        for each in versions
    ]


def _load(session: Session, entry: VersionedClass, versions: Sequence[Any]) -> None:
    """Load the relationships of versions of one class that are not loaded yet."""
    version = entry.version_class
    relationships = sa.inspect(version).relationships
    missing = [
        name
        for name in entry.relationships
        if name in relationships
        and relationships[name].lazy not in ("dynamic", "write_only")
        and any(name in sa.inspect(each).unloaded for each in versions)
    ]
    if missing:
        by_record: dict[tuple[Any, ...], list[int]] = {}
        for each in versions:
            by_record.setdefault(entry.key_of(each), []).append(moment(entry, each))
        wanted = [
            sa.and_(*is_record(entry, version, key), moment(entry, version).in_(ids))
            for key, ids in by_record.items()
        ]
        loading = [selectinload(getattr(version, name)) for name in missing]
        session.scalars(sa.select(version).where(sa.or_(*wanted)).options(*loading)).all()
