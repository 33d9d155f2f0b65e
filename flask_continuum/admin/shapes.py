"""How the fields and relationships of a model hang together: which field is which link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty
from sqlalchemy.orm.exc import UnmappedColumnError

from flask_continuum.engine.read.links import links_of
from flask_continuum.engine.registry import VersionedClass


def reference_of_field(versioned: VersionedClass) -> Mapping[str, str]:
    """The many-to-one relationship that each foreign key field belongs to, by the field's key.

    A field that takes part in several goes with the first; so do all fields of a composite key.
    """
    found: dict[str, str] = {}
    for name in versioned.relationships:
        prop = versioned.mapper.relationships[name]
        if prop.direction is RelationshipDirection.MANYTOONE:
            for field in _keys_of(versioned.mapper, prop.local_columns):
                found.setdefault(field, name)
    return found


def local_fields(versioned: VersionedClass, relationship: str) -> tuple[str, ...]:
    """The fields of the model that say what a many-to-one relationship points to."""
    prop = versioned.mapper.relationships[relationship]
    if prop.direction is not RelationshipDirection.MANYTOONE:
        return ()
    return _keys_of(versioned.mapper, prop.local_columns)


def remote_fields(versioned: VersionedClass, relationship: str) -> tuple[str, ...]:
    """The fields of the related model that say that it belongs to the record (one-to-many)."""
    prop = versioned.mapper.relationships[relationship]
    if prop.direction is not RelationshipDirection.ONETOMANY:
        return ()
    return _keys_of(prop.mapper, prop.remote_side)


def target_of(versioned: VersionedClass, relationship: str) -> type[Any]:
    """The model that a relationship leads to."""
    target: type[Any] = versioned.mapper.relationships[relationship].mapper.class_
    return target


def is_list(versioned: VersionedClass, relationship: str) -> bool:
    """True when the relationship holds any number of records."""
    prop: RelationshipProperty[Any] = versioned.mapper.relationships[relationship]
    return bool(prop.uselist)


def recorded_links(versioned: VersionedClass) -> tuple[str, ...]:
    """The many-to-many relationships whose changes are recorded."""
    return tuple(link.relationship for link in links_of(versioned))


def _keys_of(mapper: Mapper[Any], columns: Any) -> tuple[str, ...]:
    found = []
    for column in columns:
        try:
            found.append(mapper.get_property_by_column(column).key)
        except UnmappedColumnError:
            continue  # a column of a subclass or of a join: no field of this model
    return tuple(sorted(found))
