"""What a transaction did to records, each with its net effect."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.changes import field_changes
from flask_continuum.engine.read.conditions import (
    begins_life,
    key_columns,
    moment,
    same_record,
)
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.latest import newest_places
from flask_continuum.engine.read.loading import connection_arguments, versioned
from flask_continuum.engine.read.moved import moved_pairs, plain_key
from flask_continuum.engine.read.recorded import Recorded, recorded
from flask_continuum.engine.read.results import Entry, LinkChange
from flask_continuum.engine.read.transactions import transaction_entries
from flask_continuum.engine.registry import Registry, VersionedClass
from flask_continuum.engine.revert.live import Place, key_of, place

Touched = dict[Place, tuple[VersionedClass, Entry]]


def touched(session: Session, registry: Registry, transaction: Any) -> tuple[Touched, set[Place]]:
    """Return what a transaction did to each record.

    Where it wrote several versions of a record (under one ``uid``, as other transactions of the
    same connection had), they count as one change; so do the end of a record's old key and the
    beginning of its new one.

    :returns: the records by the place that the transaction left them at, and the places that
        records have left for another key.
    """
    found: dict[Place, list[tuple[VersionedClass, Entry]]] = defaultdict(list)
    for entries in transaction_entries(session, _Holder(registry), transaction).values():
        for each in entries:
            own = versioned(each.version)
            found[place(own.model, own.key_of(each.version))].append((own, each))
    spans: dict[VersionedClass, Recorded] = {}
    net: Touched = {}
    for where, several in found.items():
        own = several[-1][0]
        if len(several) == 1:
            net[where] = several[0]
            continue
        if own not in spans:
            spans[own] = recorded(session, own)
        whole = _whole(own, spans[own], [each for _, each in several])
        if whole is not None:
            net[where] = own, whole
    return _join_moved(session, net, spans)


class _Holder:
    """Stands for the manager, of which reading needs the registry only."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry


def _whole(entry: VersionedClass, known: Recorded, several: Sequence[Entry]) -> Entry | None:
    """Return several changes of one record as one, ``None`` when nothing is left of them."""
    ordered = sorted(several, key=lambda each: each.transaction.id)
    first, last = ordered[0], ordered[-1]
    done = last.operation
    match first.operation, last.operation:
        case Operation.INSERT, Operation.DELETE:
            return None
        case Operation.INSERT, _:
            done = Operation.INSERT
        case Operation.DELETE, Operation.INSERT:
            done = Operation.UPDATE
    return Entry(
        version=last.version,
        previous=first.previous,
        transaction=last.transaction,
        fields=field_changes(entry, known, first.previous, last.version),
        links=_net_links(entry, ordered),
        operation=done,
    )


def _join_moved(
    session: Session, found: Touched, spans: dict[VersionedClass, Recorded]
) -> tuple[Touched, set[Place]]:
    """Make one change of what happened under the old and under the new key of a record."""
    joined, left = dict(found), set()
    new_places = {(own, plain_key(own.table, where[1])): where for where, (own, _) in found.items()}
    for where, (own, ended) in found.items():
        if ended.operation is not Operation.DELETE:
            continue
        new = moved_pairs(own.table, ended.transaction.context).get(plain_key(own.table, where[1]))
        goal = None if new is None else new_places.get((own, plain_key(own.table, new)))
        if goal is None or found[goal][1].operation is not Operation.INSERT:
            continue
        if own not in spans:
            spans[own] = recorded(session, own)
        began = found[goal][1]
        before = ended.version if ended.previous is None else ended.previous
        joined[goal] = (
            own,
            replace(
                began,
                previous=before,
                fields=field_changes(own, spans[own], before, began.version),
                links=_net_links(own, (ended, began)),
                operation=Operation.UPDATE,
            ),
        )
        del joined[where]
        left.add(where)
    return joined, left


def _net_links(entry: VersionedClass, ordered: Iterable[Entry]) -> tuple[LinkChange, ...]:
    """Return what several changes of links come to: what is taken and given again is neither."""
    added: dict[str, dict[Key, Any]] = defaultdict(dict)
    removed: dict[str, dict[Key, Any]] = defaultdict(dict)
    for each in ordered:
        for change in each.links:
            mapper = entry.mapper.relationships[change.relationship].mapper
            gained, lost = added[change.relationship], removed[change.relationship]
            for targets, new, old in (
                (change.removed, lost, gained),
                (change.added, gained, lost),
            ):
                for target in targets:
                    key = _key_of_target(target, mapper)
                    if old.pop(key, None) is None:
                        new[key] = target
    return tuple(
        LinkChange(name, tuple(added[name].values()), tuple(removed[name].values()))
        for name in added
        if added[name] or removed[name]
    )


def _key_of_target(target: Any, mapper: Any) -> Key:
    try:
        return key_of(target, mapper)
    except AttributeError:
        return (target,)  # what is gone has no key of its own


def newest_since(
    session: Session, entry: VersionedClass, entries: Sequence[Entry]
) -> tuple[dict[Key, int], set[Key]]:
    """Return the newest transaction id of some records, and which began another life since."""
    ids = {each.transaction.id for each in entries}
    own, version = aliased(entry.version_class), aliased(entry.version_class)
    keys, at = key_columns(entry, own), moment(entry, version)
    same = same_record(entry, version, own)
    newest = sa.select(at).where(*same).order_by(at.desc()).limit(1).scalar_subquery()
    later = sa.exists().where(*same, at > max(ids), begins_life(entry, version))
    statement = (
        sa.select(*keys, newest, sa.case((later, 1), else_=0))
        .where(moment(entry, own).in_(sorted(ids)))
        .distinct()
    )
    rows = session.execute(statement, bind_arguments=connection_arguments(session, entry)).all()
    found = {tuple(row[:-2]): row[-2] for row in rows}
    return found, {tuple(row[:-2]) for row in rows if row[-1]}


def newest_of(session: Session, entry: VersionedClass, keys: Iterable[Key]) -> Mapping[Key, int]:
    """Return the newest transaction id of some records, by key."""
    return {tuple(key): at for *key, at in newest_places(session, entry, keys)}
