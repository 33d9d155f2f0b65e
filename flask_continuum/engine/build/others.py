"""Classes that are not versioned and write the tables of those that are."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper
from sqlalchemy.orm import registry as DeclaredIn

from flask_continuum.engine.build.early import (
    every_registry,
    identity_columns,
    mappers_of,
    own_hierarchy,
)
from flask_continuum.engine.registry import VersionedTable
from flask_continuum.engine.version import VersionClassBase

Tables = Mapping[sa.Table, VersionedTable]


Looked = MutableMapping[DeclaredIn, tuple[int, int]]
"""Of each registry, its classes and the versioned tables that there were when it was looked at."""


def other_writers(
    tables: Tables, taken: Container[Mapper[Any]], looked: Looked
) -> Iterator[tuple[Mapper[Any], tuple[VersionedTable, ...]]]:
    """Yield the mappers of unmarked classes that write versioned tables, with these tables.

    What is marked and was not taken has been told not to be versioned. What a class writes to a
    link table is captured by its statements.

    :param looked: what has been looked through; every configuration of any mapper in the process
        asks, and a process may have many.
    """
    for declared in every_registry():
        now = (len(declared._managers), len(tables))
        if looked.get(declared) == now:
            continue
        yield from _writers_in(declared, tables, taken)
        if all(manager.is_mapped for manager in list(declared._managers)):
            looked[declared] = now


def _writers_in(
    declared: DeclaredIn, tables: Tables, taken: Container[Mapper[Any]]
) -> Iterator[tuple[Mapper[Any], tuple[VersionedTable, ...]]]:
    for mapper in mappers_of(declared):
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
