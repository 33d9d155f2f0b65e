"""Symptoms that models show by themselves, without any database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from flask_continuum.engine.build.cascades import describe, find_cascades, uncaptured_cascades
from flask_continuum.engine.maintenance.checkup.symptoms import Symptom, SymptomKind
from flask_continuum.engine.registry import Registry, VersionedClass

_MUTABLE = "sqlalchemy.ext.mutable"


def check_models(registry: Registry, mappers: Iterable[Mapper[Any]]) -> Iterator[Symptom]:
    """Yield what the classes of an application show.

    :param mappers: all of its classes, versioned or not.
    """
    mappers = tuple(mappers)
    yield from _unversioned(registry, mappers)
    yield from _cascades(registry, mappers)
    for entry in registry.classes():
        yield from _untracked_values(entry)


def _unversioned(registry: Registry, mappers: Iterable[Mapper[Any]]) -> Iterator[Symptom]:
    """Find classes that are marked, and that no manager has taken.

    A class is marked when a base of its is; a concrete table of its own needs a mark of its own.
    """
    for mapper in mappers:
        cls = mapper.class_
        marked = getattr(cls, "__versioned__", None)
        if marked is None or marked.get("versioning", True) is False:
            continue
        if cls in registry.options or getattr(cls, "__versioning_manager__", None) is not None:
            continue
        yield Symptom(
            SymptomKind.CLASS_NOT_VERSIONED,
            cls.__name__,
            "it is marked with __versioned__, but no history is kept of it. Attach its base: "
            "Continuum(app, db) versions the classes of db.Model, make_versioned() those of every "
            "base.",
        )


def _cascades(registry: Registry, mappers: Iterable[Mapper[Any]]) -> Iterator[Symptom]:
    tables = registry.tables
    found = find_cascades(tables)
    concerned = {table for each in found for table in (each.parent, each.child)}
    near = [mapper for mapper in mappers if not concerned.isdisjoint(mapper.tables)]
    names = {mapper.local_table: mapper.class_.__name__ for mapper in reversed(near)}
    for cascade in uncaptured_cascades(found, tables, near):
        yield Symptom(
            SymptomKind.CASCADE_UNCAPTURED,
            cascade.child.fullname,
            describe(cascade, names.get(cascade.child)),
        )


def _untracked_values(entry: VersionedClass) -> Iterator[Symptom]:
    """Find values that can be changed in place without the ORM taking any notice."""
    for key, column in entry.attributes.items():
        if isinstance(column.type, _CHANGEABLE) and not _is_tracked(entry.mapper, key):
            yield Symptom(
                SymptomKind.VALUE_NOT_TRACKED,
                f"{entry.model.__name__}.{key}",
                "a change inside its value is not noticed by SQLAlchemy, so it is neither saved "
                "nor recorded: only a new value is. MutableDict.as_mutable(JSON) or "
                "MutableList.as_mutable(JSON) makes it noticed.",
            )


_CHANGEABLE = (sa.JSON, sa.ARRAY, sa.PickleType)


def _is_tracked(mapper: Mapper[Any], key: str) -> bool:
    """Tell whether values are wrapped when they are set, as SQLAlchemy's mutable extension does.

    Its listener stands inside one that SQLAlchemy puts around listeners.
    """
    dispatch: Any = mapper.attrs[key].class_attribute.dispatch
    inside = (
        cell.cell_contents for each in dispatch.set for cell in getattr(each, "__closure__", ())
    )
    return any(getattr(each, "__module__", "") == _MUTABLE for each in (*dispatch.set, *inside))
