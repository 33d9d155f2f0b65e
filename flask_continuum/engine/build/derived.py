"""What a model derives from its columns, on its version class: other names, expressions, parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.associationproxy import AssociationProxyExtensionType
from sqlalchemy.ext.hybrid import HybridExtensionType
from sqlalchemy.orm import (
    ColumnProperty,
    CompositeProperty,
    Mapper,
    MapperProperty,
    SynonymProperty,
    column_property,
    composite,
    synonym,
)
from sqlalchemy.sql import visitors

from flask_continuum.engine.build.tables import to_version
from flask_continuum.engine.registry import VersionedTable

_DESCRIPTORS = (
    HybridExtensionType.HYBRID_PROPERTY,
    HybridExtensionType.HYBRID_METHOD,
    AssociationProxyExtensionType.ASSOCIATION_PROXY,
)


def derived_properties(
    mapper: Mapper[Any],
    tables: tuple[VersionedTable, ...],
    recorded: Mapping[str, Any],
    *,
    inherited: bool,
) -> Iterator[tuple[str, MapperProperty[Any]]]:
    """Yield synonyms, composites and SQL expressions that need nothing but recorded columns.

    :param recorded: what the version class has for attributes, by key.
    :param inherited: leave out what the class has from the one above.
    """
    for key, prop in mapper._props.items():
        if inherited and prop.parent is not mapper:
            continue
        match prop:
            case SynonymProperty() if prop.name in recorded:
                yield key, synonym(prop.name)
            case CompositeProperty():
                parts = [each.key for each in prop.props]
                if all(part in recorded for part in parts):
                    # the class itself, or the function that makes it of the parts
                    yield key, composite(prop.composite_class, *parts)
            case ColumnProperty(instrument=False):
                continue  # SQLAlchemy's own, for an expression that tells the class
            case ColumnProperty() if is_recorded(prop.columns[0], tables, key not in recorded):
                expression = to_version(prop.columns[0], tables)
                yield key, column_property(expression, deferred=prop.deferred)


def is_recorded(expression: Any, tables: tuple[VersionedTable, ...], wanted: bool = True) -> bool:
    """Tell whether an expression can be told by one version: by its recorded columns alone."""
    if not wanted or expression is None:
        return False
    live = {column for table in tables for column, _ in table.columns}
    for element in visitors.iterate(expression):
        if isinstance(element, sa.SelectBase):
            return False
        if isinstance(element, sa.ColumnClause) and element not in live:
            return False
    return True


def add_descriptors(mapper: Mapper[Any], version_class: type[Any], exclude: frozenset[str]) -> None:
    """Give the version class the model's hybrids and association proxies."""
    known = {name for cls in version_class.__mro__ for name in cls.__dict__}
    for key, descriptor in mapper.all_orm_descriptors.items():
        if descriptor.extension_type in _DESCRIPTORS and key not in known | exclude:
            setattr(version_class, key, descriptor)
