"""What many records were related to at one moment, which need not be that of their versions.

A version's own relationships speak of the moment of that version. Here the moment is given: an
article that is restored brings back its comments, and these the likes that they had *then*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import ONETOMANY, RelationshipProperty, Session, undefer
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BooleanClauseList, ExpressionClauseList

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    existed,
    existed_before,
    key_columns,
    moment,
    operation,
    registry_of,
    row_existed,
)
from flask_continuum.engine.read.keys import Key, among, chunks, placed
from flask_continuum.engine.read.latest import newest_places
from flask_continuum.engine.read.links import members
from flask_continuum.engine.read.loading import connection_arguments, whole
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.typed import AnySelect


@dataclass(frozen=True, slots=True)
class Instant:
    """A transaction, after it or just before it."""

    at: int
    before: bool = False

    def existed(self, entry: VersionedClass, entity: Any) -> tuple[sa.ColumnElement[bool], ...]:
        """Select the versions that were valid at this instant."""
        return (existed_before if self.before else existed)(entry, entity, self.at)


def surroundings(
    session: Session,
    entry: VersionedClass,
    versions: Sequence[Any],
    relationship: str,
    instant: Instant,
) -> Mapping[Key, list[Any]]:
    """Return what records were related to by one relationship.

    One statement for every few hundred records.

    :param versions: versions of the records.
    :param relationship: a one-to-many or many-to-many relationship.
    :returns: by key of the record: version objects, live objects where the target is not
        versioned.
    """
    prop = entry.mapper.relationships[relationship]
    if not versions:
        return {}
    if not is_plain(prop):
        # a condition of the application's own: only the version's relationship knows it
        return {entry.key_of(each): members(getattr(each, relationship)) for each in versions}
    pairs = prop.synchronize_pairs
    near = [entry.mapper.get_property_by_column(local).key for local, _ in pairs]
    values = {entry.key_of(each): tuple(getattr(each, name) for name in near) for each in versions}
    select = _children if prop.direction is ONETOMANY else _linked
    found: dict[Key, list[Any]] = defaultdict(list)
    for chunk in chunks(values.values()):
        statement = select(entry, prop, chunk, instant)
        for row in session.execute(statement, bind_arguments=connection_arguments(session, entry)):
            found[tuple(row[1:])].append(row[0])
    return {key: found.get(value, []) for key, value in values.items()}


def _children(
    entry: VersionedClass, prop: RelationshipProperty[Any], values: Sequence[Key], instant: Instant
) -> AnySelect:
    goal = registry_of(entry).entries.get(prop.mapper.class_)
    target = prop.mapper.class_ if goal is None else whole(goal)
    far = [
        getattr(target, prop.mapper.get_property_by_column(remote).key)
        for _, remote in prop.synchronize_pairs
    ]
    statement = sa.select(target, *far).where(among(far, values)).options(undefer("*"))
    if goal is not None:
        statement = statement.where(*instant.existed(goal, target))
    return statement.order_by(*_key_of(prop, target))


def _linked(
    entry: VersionedClass, prop: RelationshipProperty[Any], values: Sequence[Key], instant: Instant
) -> AnySelect:
    registry = registry_of(entry)
    goal = registry.entries.get(prop.mapper.class_)
    target = prop.mapper.class_ if goal is None else whole(goal)
    table = registry.tables.get(prop.secondary) if isinstance(prop.secondary, sa.Table) else None
    link: Any = prop.secondary if table is None else table.version
    near = [link.c[column.key] for _, column in prop.synchronize_pairs]
    joined = [
        getattr(target, prop.mapper.get_property_by_column(remote).key) == link.c[column.key]
        for remote, column in prop.secondary_synchronize_pairs or ()
    ]
    statement = (
        sa.select(target, *near)
        .join(link, sa.and_(*joined))
        .where(among(near, values))
        .options(undefer("*"))
    )
    if table is not None:
        statement = statement.where(*row_existed(table, instant.at, before=instant.before))
    if goal is not None:
        statement = statement.where(*instant.existed(goal, target))
    return statement.order_by(*_key_of(prop, target))


def _key_of(prop: RelationshipProperty[Any], target: Any) -> list[Any]:
    mapper = prop.mapper
    return [
        getattr(target, mapper.get_property_by_column(column).key) for column in mapper.primary_key
    ]


def versions_then(
    session: Session, entry: VersionedClass, keys: Iterable[Key], instant: Instant
) -> dict[Key, Any]:
    """Return the versions of some records that were valid at an instant.

    Two statements for every few hundred records.
    """
    version = whole(entry)
    columns = (*key_columns(entry, version), moment(entry, version))
    found: dict[Key, Any] = {}
    places = newest_places(session, entry, keys, instant.at, before=instant.before)
    for chunk in chunks(places):
        statement = sa.select(version).where(
            placed(columns, chunk), operation(entry, version) != Operation.DELETE
        )
        for each in session.scalars(statement.options(undefer("*"))):
            found[entry.key_of(each)] = each
    return found


def is_plain(prop: RelationshipProperty[Any]) -> bool:
    """Tell whether a relationship joins by equal columns only, without further conditions."""
    joins = [(prop.primaryjoin, prop.synchronize_pairs)]
    if prop.secondaryjoin is not None:
        joins.append((prop.secondaryjoin, prop.secondary_synchronize_pairs or []))
    return all(_is_plain_join(join, len(pairs)) for join, pairs in joins)


def _is_plain_join(join: Any, pairs: int) -> bool:
    comparisons = 0
    element: Any
    for element in visitors.iterate(join):
        if isinstance(element, sa.BinaryExpression):
            if element.operator is not operators.eq:
                return False
            comparisons += 1
        elif isinstance(element, BooleanClauseList):
            if element.operator is not operators.and_:
                return False
        elif not isinstance(element, sa.Column | ExpressionClauseList):
            return False
    return comparisons == pairs
