"""What many-to-many relationships gained and lost, for many moments in one statement each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import (
    RelationshipProperty,
    Session,
    WriteOnlyCollection,
    object_session,
    undefer,
)

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import known, registry_of
from flask_continuum.engine.read.keys import among, chunks
from flask_continuum.engine.read.loading import connection_arguments, whole
from flask_continuum.engine.read.results import Gone, LinkChange
from flask_continuum.engine.registry import VersionedClass, VersionedTable
from flask_continuum.engine.typed import AnySelect

Where = tuple[tuple[Any, ...], int]
"""A record, by the values that links name it by, and a transaction id."""


@dataclass(frozen=True, slots=True)
class Link:
    """A many-to-many relationship whose link table has a history.

    :ivar near: attribute keys of the record that the link names it by, and the columns of the
        link's version table that hold them.
    :ivar far: the same for the related record.
    :ivar target: the related class; ``target_entry`` is ``None`` when it is not versioned.
    :ivar owned: whether the link belongs to this side: a tag given to an article is a change of
        the article. It is the side that the link table names first.
    """

    relationship: str
    table: VersionedTable
    near: tuple[tuple[str, sa.Column[Any]], ...]
    far: tuple[tuple[str, sa.Column[Any]], ...]
    target: type[Any]
    target_entry: VersionedClass | None
    owned: bool

    def names(self, thing: Any) -> tuple[Any, ...]:
        """Return the values by which the link names a record."""
        return tuple(getattr(thing, key) for key, _ in self.near)

    def is_record(self, values: Sequence[Any]) -> tuple[sa.ColumnElement[bool], ...]:
        """Select the link's rows of one record."""
        return tuple(column == value for (_, column), value in zip(self.near, values, strict=True))


def links_of(entry: VersionedClass) -> tuple[Link, ...]:
    """Return the many-to-many relationships of a model whose changes are recorded."""
    registry = registry_of(entry)
    found: dict[tuple[sa.Table, tuple[str, ...]], Link] = {}
    for prop in entry.mapper.relationships:
        if prop.key not in entry.relationships or not isinstance(prop.secondary, sa.Table):
            continue
        table = registry.link_table(prop.secondary)
        if table is None:
            continue
        link = _link(entry, prop, table, registry.entries.get(prop.mapper.class_))
        same = (prop.secondary, tuple(column.key for _, column in link.near))
        # a view-only relationship over the same link table shows the same changes again
        if same not in found or not prop.viewonly:
            found[same] = link
    return tuple(found.values())


def _link(
    entry: VersionedClass,
    prop: RelationshipProperty[Any],
    table: VersionedTable,
    target_entry: VersionedClass | None,
) -> Link:
    def pairs(mapper: Any, synchronized: Iterable[tuple[Any, Any]]) -> Any:
        return tuple(
            (mapper.get_property_by_column(column).key, table.version.c[link.key])
            for column, link in synchronized
        )

    near = pairs(entry.mapper, prop.synchronize_pairs)
    far = pairs(prop.mapper, prop.secondary_synchronize_pairs or ())
    order = [column.key for column in table.live.c]
    first_near, first_far = (
        min((order.index(column.key) for _, column in side), default=-1) for side in (near, far)
    )
    return Link(
        relationship=prop.key,
        table=table,
        near=near,
        far=far,
        target=prop.mapper.class_,
        target_entry=target_entry,
        owned=first_near < first_far,
    )


def link_changes(
    session: Session,
    entry: VersionedClass,
    transaction_ids: Iterable[int],
    *,
    record: Any | None = None,
    links: Sequence[Link] | None = None,
) -> Mapping[str, Mapping[Where, LinkChange]]:
    """Return the link changes of some transactions, in one statement for each relationship.

    :param record: a version or live object, to look at one record only.
    :param links: the relationships to look at; by default all recorded ones.
    :returns: for each relationship, the change by record and transaction
        (:meth:`Link.names` of the record, and the transaction id).
    """
    wanted = sorted(set(transaction_ids))
    if not wanted:
        return {}
    return {
        link.relationship: _changes_of(session, entry, link, wanted, record)
        for link in (links_of(entry) if links is None else links)
    }


def _changes_of(
    session: Session,
    entry: VersionedClass,
    link: Link,
    transaction_ids: Sequence[int],
    record: Any | None,
) -> Mapping[Where, LinkChange]:
    rows = session.execute(
        _rows(link, transaction_ids, record), bind_arguments=connection_arguments(session, entry)
    ).all()
    width = len(link.near)
    far_width = len(link.far)
    missing = {tuple(row[width : width + far_width]) for row in rows if row[-1] is None}
    live = _live_targets(session, link, missing) if link.target_entry is not None else {}
    added: dict[Where, list[Any]] = defaultdict(list)
    removed: dict[Where, list[Any]] = defaultdict(list)
    for row in rows:
        *_, at, operation, target = row
        key = tuple(row[width : width + far_width])
        if target is None:
            target = live.get(key) or Gone(link.target, key)
        side = removed if operation == Operation.DELETE else added
        side[tuple(row[:width]), at].append(target)
    return {
        where: LinkChange(link.relationship, tuple(added[where]), tuple(removed[where]))
        for where in {**added, **removed}
    }


def _rows(link: Link, transaction_ids: Sequence[int], record: Any | None) -> AnySelect:
    """Select near and far names, transaction, operation and target of the changed links."""
    table = link.table
    own = [column for _, column in link.near]
    far = [column for _, column in link.far]
    entry = link.target_entry
    target = link.target if entry is None else whole(entry)
    joined = [getattr(target, key) == column for key, column in link.far]
    if entry is not None:
        joined += known(entry, target, table.transaction_id)
    statement = (
        sa.select(*own, *far, table.transaction_id, table.operation_type, target)
        .select_from(table.version)
        .outerjoin(target, sa.and_(*joined))
        .where(
            table.transaction_id.in_(transaction_ids),
            table.operation_type != Operation.UPDATE,
        )
        .order_by(*far)
        .options(undefer("*"))
    )
    return statement if record is None else statement.where(*link.is_record(link.names(record)))


def _live_targets(
    session: Session, link: Link, missing: set[tuple[Any, ...]]
) -> Mapping[tuple[Any, ...], Any]:
    """Load the live rows of targets whose history does not reach back far enough."""
    attributes = [getattr(link.target, key) for key, _ in link.far]
    return {
        tuple(getattr(target, key) for key, _ in link.far): target
        for chunk in chunks(missing)
        for target in session.scalars(sa.select(link.target).where(among(attributes, chunk)))
    }


def link_differences(entry: VersionedClass, old: Any, new: Any) -> tuple[LinkChange, ...]:
    """Return what the recorded links of two states of one record differ in.

    :param old: a version or the live object, in a session.
    :param new: a version or the live object, in a session.
    """
    found = []
    for link in links_of(entry):
        before, after = _targets(link, old), _targets(link, new)
        added = tuple(target for key, target in after.items() if key not in before)
        removed = tuple(target for key, target in before.items() if key not in after)
        if added or removed:
            found.append(LinkChange(link.relationship, added, removed))
    return tuple(found)


def _targets(link: Link, thing: Any) -> Mapping[tuple[Any, ...], Any]:
    return {
        tuple(getattr(target, key) for key, _ in link.far): target
        for target in members(getattr(thing, link.relationship))
    }


def members(collection: Any) -> list[Any]:
    """Return what a relationship holds as a list, whatever shape the relationship has."""
    if collection is None:
        return []
    if isinstance(collection, Mapping):
        return list(collection.values())
    if isinstance(collection, WriteOnlyCollection):
        session = object_session(collection.instance)
        return [] if session is None else list(session.scalars(collection.select()))
    return list(collection) if isinstance(collection, Iterable) else [collection]


def owned_links(entry: VersionedClass) -> tuple[Link, ...]:
    """Return the many-to-many relationships whose changes count as changes of this model.

    Those of its subclasses are among them, as far as they name the record by attributes of the
    base, which a primary key is.
    """
    known = registry_of(entry).entries
    found: dict[tuple[Any, str], Link] = {}
    for mapper in entry.mapper.self_and_descendants:
        own = known.get(mapper.class_)
        for link in () if own is None else links_of(own):
            if link.owned and all(key in entry.attributes for key, _ in link.near):
                found.setdefault((link.table, link.relationship), link)
    return tuple(found.values())
