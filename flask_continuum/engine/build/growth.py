"""Columns that a table was given after its history was built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from flask_continuum.engine.build.classes import recorded_attributes
from flask_continuum.engine.build.early import excluded_columns, own_hierarchy
from flask_continuum.engine.build.tables import sync_columns, to_version
from flask_continuum.engine.options import Options
from flask_continuum.engine.registry import Registry, VersionedClass


def grow(registry: Registry, taken: Mapping[Mapper[Any], Options]) -> None:
    """Record the columns that have come, and give version classes their attributes.

    :param taken: the options of each mapper that is versioned.
    """
    grown = {entry.live for entry in registry.tables.values() if registry.has_grown(entry)}
    for mapper in taken:
        for live in grown.intersection(each.local_table for each in own_hierarchy(mapper)):
            sync_columns(registry.tables[live], excluded_columns(live, mapper, taken))
    for live in grown:
        if registry.tables[live].is_link:
            sync_columns(registry.tables[live], frozenset())
    if grown:
        for model in list(registry.entries):
            # this configures mappers, after which there may be more entries, and others
            mapper = sa.inspect(registry.entries[model].version_class)
            entry = registry.entries[model]
            if not grown.isdisjoint(table.live for table in entry.tables):
                registry.entries[model] = _grown(entry, mapper)
    registry.widths.update((entry, len(entry.live.c)) for entry in registry.tables.values())


def _grown(entry: VersionedClass, mapper: Mapper[Any]) -> VersionedClass:
    attributes = recorded_attributes(entry.mapper, entry.tables)
    for key, column in attributes.items():
        if not mapper.has_property(key):
            mapper.add_property(key, to_version(column, entry.tables))
    entry = replace(entry, attributes=attributes)
    entry.version_class.__continuum__ = entry
    return entry
