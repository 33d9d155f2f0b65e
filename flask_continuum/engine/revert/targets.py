"""Foreign keys of records that change or come back: whether what they point to is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import MANYTOONE, Session

from flask_continuum.engine.read.conditions import registry_of
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.live import attributes, existing

Value = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of a model.

    :ivar name: the many-to-one relationship over it, else its attribute.
    :ivar fields: the attributes that hold it.
    :ivar table: the table that it points to, and ``columns`` what of it.
    :ivar target: the versioned model of that table, when it points to its primary key.
    :ivar optional: whether it may be empty.
    """

    name: str
    is_relationship: bool
    fields: tuple[str, ...]
    table: sa.Table
    columns: tuple[sa.Column[Any], ...]
    target: VersionedClass | None
    optional: bool

    def value(self, values: Mapping[str, Any]) -> Value | None:
        """Return what it points to, ``None`` when to nothing or when a part is not known."""
        found = tuple(values.get(field) for field in self.fields)
        return None if None in found else found


def references(entry: VersionedClass) -> tuple[Reference, ...]:
    """Return the foreign keys of a model whose columns are recorded."""
    registry = registry_of(entry)
    by_table: dict[sa.Table, VersionedClass] = {}
    for each in registry.classes():
        # of classes that share a table, the first is the base
        by_table.setdefault(each.tables[-1].live, each)
    recorded = set(entry.attributes.values())
    found = []
    for own in entry.tables:
        for constraint in own.live.foreign_key_constraints:
            local = [element.parent for element in constraint.elements]
            remote = tuple(element.column for element in constraint.elements)
            is_inheritance = set(local) <= set(own.key) and constraint.referred_table in {
                each.live for each in entry.tables
            }
            if is_inheritance or not set(local) <= recorded:
                continue
            fields = attributes(entry.mapper, local)
            name = _relationship(entry, local)
            target = by_table.get(constraint.referred_table)
            if target is not None and tuple(target.tables[-1].key) != remote:
                target = None
            found.append(
                Reference(
                    name=name or fields[0],
                    is_relationship=name is not None,
                    fields=fields,
                    table=constraint.referred_table,
                    columns=remote,
                    target=target,
                    optional=all(column.nullable for column in local),
                )
            )
    return tuple(found)


def _relationship(entry: VersionedClass, local: Iterable[sa.Column[Any]]) -> str | None:
    wanted = set(local)
    for prop in entry.mapper.relationships:
        if prop.direction is MANYTOONE and not prop.viewonly and prop.local_columns == wanted:
            return prop.key
    return None


def missing(
    session: Session, entry: VersionedClass, rows: Iterable[Mapping[str, Any]]
) -> Mapping[Reference, set[Value]]:
    """Return which targets of some records are not there, one statement for each foreign key.

    :param rows: values by attribute of the records.
    """
    rows = list(rows)
    found: dict[Reference, set[Value]] = {}
    for reference in references(entry):
        wanted = {target for row in rows if (target := reference.value(row)) is not None}
        if wanted:
            there = existing(
                session, reference.table, reference.columns, wanted, mapper=entry.mapper
            )
            found[reference] = wanted - there
    return found
