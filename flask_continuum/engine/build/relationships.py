"""Relationships of version objects: real, view-only, and as they were.

A version sees of another record the version that was valid when its own transaction had
committed; the version of a deletion sees what the record had just before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import RelationshipProperty, foreign, relationship, remote
from sqlalchemy.sql import visitors

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Registry, VersionedClass, VersionedTable


def build_relationships(entry: VersionedClass, registry: Registry) -> tuple[str, ...]:
    """Give the version class the relationships of its model and return their keys.

    May be called again, for relationships that the model has got since.
    """
    mapper = sa.inspect(entry.version_class)
    _add_transaction(entry, registry)
    _add_parent(entry)
    inherited = set(mapper.inherits.relationships.keys()) if mapper.inherits else set()
    there = {prop.key for prop in mapper.relationships if prop.parent is mapper}
    found: list[str] = []
    for prop in entry.mapper.relationships:
        if prop.key == "versions" or prop.key in entry.options.exclude:
            continue
        own = prop.key not in inherited or prop.parent is entry.mapper
        if own and prop.key not in there:
            target = registry.entries.get(prop.mapper.class_)
            link = (
                registry.tables.get(prop.secondary)
                if isinstance(prop.secondary, sa.Table)
                else None
            )
            if not _is_recorded(prop, entry, target):
                continue
            mapper.add_property(prop.key, _version_relationship(prop, entry, target, link))
        found.append(prop.key)
    return tuple(found)


def _is_recorded(
    prop: RelationshipProperty[Any], entry: VersionedClass, target: VersionedClass | None
) -> bool:
    """Tell whether all that the relationship joins by is in the history.

    What an application's own query picked then, or a join of several tables, cannot be told.
    """
    if prop.entity.is_aliased_class or not isinstance(prop.secondary, sa.Table | None):
        return False
    unrecorded = _unrecorded(entry, target)
    return not any(
        element in unrecorded
        for condition in (prop.primaryjoin, prop.secondaryjoin)
        if condition is not None
        for element in _columns_of(condition)
    )


def _unrecorded(entry: VersionedClass, target: VersionedClass | None) -> set[sa.Column[Any]]:
    """Return the live columns on both sides whose values history does not know."""
    tables = (*entry.tables, *(() if target is None else target.tables))
    recorded = {live for table in tables for live, _ in table.columns}
    return {column for table in tables for column in table.live.c} - recorded


def _columns_of(expression: Any) -> Iterator[Any]:
    for element in visitors.iterate(expression):
        if isinstance(element, sa.Column):
            yield element._deannotate()


def _version_relationship(
    prop: RelationshipProperty[Any],
    entry: VersionedClass,
    target: VersionedClass | None,
    link: VersionedTable | None,
) -> Any:
    columns = {live: version for table in entry.tables for live, version in table.columns}
    if target is not None:
        columns.update(
            {live: version for table in target.tables for live, version in table.columns}
        )
    arguments: dict[str, Any] = {
        "viewonly": True,
        "uselist": prop.uselist,
        "order_by": _ordering(prop, columns, _unrecorded(entry, target)),
    }
    if prop.lazy == "dynamic":
        arguments |= {"lazy": "dynamic", "query_class": prop.query_class}
    if prop.collection_class is not None:
        arguments["collection_class"] = prop.collection_class
    goal = prop.mapper.class_ if target is None else target.version_class
    conditions: list[Any]
    if prop.secondary is None:
        conditions = [_rejoined(prop.primaryjoin, columns)]
        if target is not None:
            conditions += _valid_then(
                entry, target.tables[-1], {c.key: c for c in target.tables[-1].version.c}
            )
        return relationship(goal, primaryjoin=sa.and_(*conditions), **arguments)

    secondary, names = _moments(prop, target, link)
    through = {**columns, **{live: secondary.c[name] for live, name in names.items()}}
    conditions = [_rejoined(prop.primaryjoin, through)]
    if link is not None:
        conditions += _valid_then(entry, link, _prefixed(secondary, "l_", link))
    joined = [_rejoined(prop.secondaryjoin, through)]
    if target is not None:
        conditions += _valid_then(entry, target.table, _prefixed(secondary, "t_", target.table))
        key = target.table.transaction_id
        joined.append(secondary.c["t_" + key.key] == key)
    return relationship(
        goal,
        secondary=secondary,
        primaryjoin=sa.and_(*conditions),
        secondaryjoin=sa.and_(*joined),
        **arguments,
    )


def _rejoined(expression: Any, columns: Mapping[Any, Any]) -> Any:
    """Return a join condition with live columns replaced and its annotations kept."""

    def replace(element: Any, **_: Any) -> Any:
        if "parententity" not in element._annotations and not isinstance(element, sa.Column):
            return None
        plain = element._deannotate() if hasattr(element, "_deannotate") else element
        found = columns.get(plain, plain if isinstance(plain, sa.Column) else None)
        if found is None:
            return None
        if "remote" in element._annotations:
            found = remote(found)
        if "foreign" in element._annotations:
            found = foreign(found)
        return found

    return visitors.replacement_traverse(expression, {}, replace)


def _ordering(
    prop: RelationshipProperty[Any], columns: Mapping[Any, Any], unrecorded: set[sa.Column[Any]]
) -> Any:
    """Return the order of the model's relationship, as far as history knows what it is by."""
    told = [
        _rejoined(clause, columns)
        for clause in prop.order_by or ()
        if not any(column in unrecorded for column in _columns_of(clause))
    ]
    return told or False


def _bookkeeping(table: VersionedTable) -> list[sa.Column[Any]]:
    found = [table.transaction_id, table.operation_type]
    if table.end_transaction_id is not None:
        found.append(table.end_transaction_id)
    return found


def _moments(
    prop: RelationshipProperty[Any], target: VersionedClass | None, link: VersionedTable | None
) -> tuple[Any, dict[Any, str]]:
    """Return the link's rows joined to the targets' versions, as one selectable.

    :returns: the selectable, and the name in it of each live link column.
    """
    source = prop.secondary if link is None else link.version
    assert source is not None
    live_columns = [c for c in prop.secondary.c if c.key in source.c]  # type: ignore[union-attr]
    selected = [source.c[c.key].label("l_" + c.key) for c in live_columns]
    if link is not None:
        known = {c.key for c in live_columns}
        selected += [c.label("l_" + c.key) for c in _bookkeeping(link) if c.key not in known]
    joined: Any = source
    if target is not None:
        synchronised: Any = prop.secondary_synchronize_pairs
        pairs = [
            target.table.version.c[far.key] == source.c[near.key] for far, near in synchronised
        ]
        joined = source.join(target.table.version, sa.and_(*pairs))
        selected += [
            c.label("t_" + c.key) for c in (*target.table.version_key, *_bookkeeping(target.table))
        ]
    rows = sa.select(*selected).select_from(joined).subquery(f"{prop.key}_then")
    return rows, {c: "l_" + c.key for c in live_columns}


def _prefixed(secondary: Any, prefix: str, table: VersionedTable) -> Mapping[str, Any]:
    return {c.key: secondary.c[prefix + c.key] for c in (*table.version_key, *_bookkeeping(table))}


def _valid_then(
    entry: VersionedClass, other: VersionedTable, columns: Mapping[str, Any]
) -> list[Any]:
    """Return the conditions under which a row of ``other`` was valid for a version of ``entry``.

    :param columns: the bookkeeping columns of ``other`` by key, as the join sees them.
    """
    own = entry.table
    moment = own.moment
    gone = own.operation_type == Operation.DELETE
    since = remote(columns[other.transaction_id.key])
    conditions = [
        sa.or_(since < moment, sa.and_(since == moment, sa.not_(gone))),
        remote(columns[other.operation_type.key]) != Operation.DELETE,
    ]
    end = other.end_transaction_id
    if end is not None:
        until = remote(columns[end.key])
        conditions.append(sa.or_(until.is_(None), until > moment, sa.and_(until == moment, gone)))
    else:
        conditions.append(_no_later_version(other, columns, since, moment, gone))
    return conditions


def _no_later_version(
    other: VersionedTable, columns: Mapping[str, Any], since: Any, moment: Any, gone: Any
) -> Any:
    """Return, for the subquery strategy, that nothing came between a row and the moment."""
    later = other.version.alias()
    same = [later.c[c.key] == remote(columns[c.key]) for c in other.version_key]
    began = later.c[other.transaction_id.key]
    return ~sa.exists(
        sa.select(sa.literal(1)).where(
            *same,
            began > since,
            sa.or_(began < moment, sa.and_(began == moment, sa.not_(gone))),
        )
    )


def _add_transaction(entry: VersionedClass, registry: Registry) -> None:
    mapper = sa.inspect(entry.version_class)
    if "transaction" in entry.attributes or "transaction" in mapper.relationships:
        return
    transaction_class = registry.transaction_classes[entry.table.live.metadata]
    transaction = sa.inspect(transaction_class).local_table
    mapper.add_property(
        "transaction",
        relationship(
            transaction_class,
            primaryjoin=foreign(entry.table.transaction_id) == transaction.c.id,
            viewonly=True,
            uselist=False,
        ),
    )


def _add_parent(entry: VersionedClass) -> None:
    mapper = sa.inspect(entry.version_class)
    if "version_parent" in entry.attributes or "version_parent" in mapper.relationships:
        return
    joined = [
        foreign(entry.table.version.c[column.key]) == remote(column)
        for column in entry.table.live.primary_key
    ]
    mapper.add_property(
        "version_parent",
        relationship(entry.model, primaryjoin=sa.and_(*joined), viewonly=True, uselist=False),
    )
