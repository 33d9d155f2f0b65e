"""Classes that are not versioned and write the tables of those that are."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from flask_continuum.engine.build.early import every_mapper, identity_columns, own_hierarchy
from flask_continuum.engine.registry import VersionedTable
from flask_continuum.engine.version import VersionClassBase

Tables = Mapping[sa.Table, VersionedTable]


def other_writers(
    tables: Tables, taken: Container[Mapper[Any]]
) -> Iterator[tuple[Mapper[Any], tuple[VersionedTable, ...]]]:
    """Yield the mappers of unmarked classes that write versioned tables, with these tables.

    What is marked and was not taken has been told not to be versioned. What a class writes to a
    link table is captured by its statements.
    """
    for mapper in every_mapper():
        model = mapper.class_
        if mapper in taken or issubclass(model, VersionClassBase):
            continue
        if getattr(model, "__versioned__", None) is not None:
            continue
        written = (tables.get(table) for table in mapper.tables if isinstance(table, sa.Table))
        found = tuple(entry for entry in written if entry is not None and not entry.is_link)
        if found:
            yield mapper, found


def tells_records(mapper: Mapper[Any], tables: Sequence[VersionedTable]) -> bool:
    """Tell whether the identity of an object is the key of its record in each of the tables."""
    identity: Any = mapper.primary_key
    keys: dict[Any, tuple[sa.Column[Any], ...]] = {}
    for each in own_hierarchy(mapper):
        if isinstance(each.local_table, sa.Table) and each.local_table not in keys:
            if not keys and set(identity) != set(each.local_table.primary_key):
                return False
            identity = keys[each.local_table] = identity_columns(each, identity)
    return all(keys.get(table.live) == table.key for table in tables)
