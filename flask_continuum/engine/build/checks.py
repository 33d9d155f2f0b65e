"""Mappings and options that cannot be right, said when classes are defined or configured."""

from __future__ import annotations

import warnings
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import MANYTOMANY, MANYTOONE, Mapper

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.naming import nearest
from flask_continuum.engine.options import Options
from flask_continuum.engine.read.conditions import registry_of
from flask_continuum.engine.read.links import links_of
from flask_continuum.engine.read.surroundings import is_plain
from flask_continuum.engine.registry import VersionedClass


def check_key(mapper: Mapper[Any], live: sa.Table) -> None:
    """Refuse a class whose objects are told apart by other columns than the rows of its table."""
    if live.primary_key and set(mapper.primary_key) != set(live.primary_key):
        own, table = (
            ", ".join(sorted(str(column.key) for column in key))
            for key in (mapper.primary_key, tuple(live.primary_key))
        )
        raise ImproperlyConfigured(
            f"{mapper.class_.__name__} is mapped with the primary key ({own}), but its table "
            f"{live.name!r} has the primary key ({table}), which history tells records apart by. "
            f"Take primary_key out of __mapper_args__, or make these columns the table's key."
        )


def check_names(mapper: Mapper[Any], options: Options, *, strict: bool) -> None:
    """Refuse options that name an attribute which the model has not.

    :param strict: otherwise it is a warning.
    """
    known = set(mapper.attrs.keys())
    for name in sorted((options.exclude | options.include) - known):
        if any(name in other.class_.__dict__ for other in mapper.self_and_descendants):
            continue
        message = (
            f"{mapper.class_.__name__}.__versioned__ names {name!r}, which is no attribute of "
            f"the model.{nearest(name, known)}"
        )
        if strict:
            raise ImproperlyConfigured(message)
        warnings.warn(message, UserWarning, stacklevel=2)


def check_track(entry: VersionedClass) -> None:
    """Refuse an option ``track`` that names what cannot be followed.

    :raises ImproperlyConfigured: with the reason.
    """
    for name in entry.options.track:
        reason = _not_tracked(entry, name)
        if reason is not None:
            raise ImproperlyConfigured(
                f"{entry.model.__name__}.__versioned__: track names {name!r}, {reason}"
            )


def check_personal(entry: VersionedClass) -> None:
    """Refuse an option ``personal`` that names what an erasure cannot follow.

    :raises ImproperlyConfigured: with the reason.
    """
    for name in entry.options.personal:
        reason = not_followed(entry, name)
        if reason is not None:
            raise ImproperlyConfigured(
                f"{entry.model.__name__}.__versioned__: personal names {name!r}, {reason}"
            )


def not_followed(entry: VersionedClass, name: str) -> str | None:
    """Return why an erasure cannot follow a relationship, ``None`` where it can."""
    relationships, registry = entry.mapper.relationships, registry_of(entry)
    if name not in relationships:
        known = set(relationships.keys())
        return f"which is no relationship of the model.{nearest(name, known)}"
    prop = relationships[name]
    if getattr(prop.mapper.class_, "__versioned__", None) is None:
        return f"but {prop.mapper.class_.__name__} has no history: give it __versioned__."
    if isinstance(prop.secondary, sa.Table) and registry.link_table(prop.secondary) is None:
        return "whose link table has no history."
    return None


def _not_tracked(entry: VersionedClass, name: str) -> str | None:
    relationships = entry.mapper.relationships
    if name not in relationships:
        known = set(relationships.keys())
        return f"which is no relationship of the model.{nearest(name, known)}"
    prop = relationships[name]
    target = prop.mapper.class_.__name__
    if prop.direction is MANYTOONE:
        return f"which leads to one {target}: track takes relationships to many."
    if prop.direction is MANYTOMANY:
        recorded = name in {link.relationship for link in links_of(entry)}
        return None if recorded else "whose link table has no history."
    if prop.mapper.class_ not in registry_of(entry).entries:
        return f"but {target} has no history: give it __versioned__."
    keys = {entry.mapper.get_property_by_column(near).key for near, _ in prop.synchronize_pairs}
    if not is_plain(prop) or not keys <= set(entry.key_attributes):
        return f"whose {target} is not joined by the primary key alone, which track needs."
    return None
