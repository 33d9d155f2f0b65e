"""Puts entries together: versions with their predecessors, transactions, field and link changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.changes import field_changes
from flask_continuum.engine.read.conditions import (
    is_record,
    moment,
    operation,
)
from flask_continuum.engine.read.links import Where, link_changes, links_of
from flask_continuum.engine.read.loading import (
    begins,
    connect,
    transactions_by_id,
    versioned,
    whole,
)
from flask_continuum.engine.read.pruned import pruned_before
from flask_continuum.engine.read.recorded import Recorded, recorded
from flask_continuum.engine.read.results import Entry, LinkChange
from flask_continuum.engine.registry import VersionedClass


class Place(NamedTuple):
    """Where an entry of a record stands.

    :ivar at: its transaction.
    :ivar before: that of the version before it.
    :ivar own: whether the record or its links changed in it, as far as they are wanted.
    """

    at: int
    before: int | None
    own: bool = True


def entries_at(
    session: Session,
    entry: VersionedClass,
    key: Sequence[Any],
    places: Sequence[Place],
) -> tuple[Entry, ...]:
    """Return the entries of one record in some transactions.

    Costs one statement each for versions, transactions, recorded spans and every relationship.

    :returns: the entries. Where a record did not change itself, the version is the one valid then.
    """
    if not places:
        return ()
    ids = {each for place in places for each in (place.at, place.before) if each is not None}
    version = whole(entry)
    found = session.scalars(
        sa.select(version)
        .where(*is_record(entry, version, key), moment(entry, version).in_(sorted(ids)))
        .options(undefer("*"))
    )
    versions = {moment(entry, each): each for each in found}
    transactions = transactions_by_id(session, entry, ids)
    for at, each in versions.items():
        connect(each, transactions.get(at))
    known = recorded(session, entry)
    own = [place.at for place in places if place.own]
    record = next(iter(versions.values()), None)
    changes = {} if record is None else link_changes(session, entry, own, record=record)
    made: list[Entry | None] = []
    for at, before, is_own in places:
        earlier = None if before is None else versions.get(before)
        version, transaction = versions.get(at), transactions.get(at)
        there = earlier if version is None else version
        if is_own:
            links = changes_of(entry, changes, there, at)
            made.append(entry_of_version(entry, known, version, earlier, transaction, links))
        elif there is not None:
            made.append(Entry(there, there, transaction, (), (), own=False))
    return tuple(each for each in made if each is not None)


def entry_of_version(
    entry: VersionedClass,
    known: Recorded,
    version: Any | None,
    before: Any | None,
    transaction: Any,
    links: tuple[LinkChange, ...],
) -> Entry | None:
    """Return the entry of a version, or of a moment at which only links changed.

    :param version: the version that the transaction made, ``None`` when only links changed.
    :param before: the version of the key before it, of whatever life.
    :returns: ``None`` when there is neither.
    """
    if version is None:
        return None if before is None else Entry(before, before, transaction, (), links)
    previous = None if begins(entry, version, transaction) else before
    pruned = None
    if previous is None and transaction is not None and transaction.context:
        key = entry.key_of(version)
        pruned = pruned_before(entry.table, transaction.context, key, transaction.id)
    return Entry(
        version=version,
        previous=previous,
        transaction=transaction,
        fields=field_changes(versioned(version), known, previous, version),
        links=links,
        operation=Operation(operation(entry, version)),
        pruned=pruned,
    )


def changes_of(
    entry: VersionedClass,
    changes: Mapping[str, Mapping[Where, LinkChange]],
    thing: Any | None,
    at: int,
) -> tuple[LinkChange, ...]:
    """Pick the link changes of one record in one transaction, in the order of relationships."""
    if thing is None:
        return ()
    found = (
        changes[link.relationship].get((link.names(thing), at))
        for link in links_of(versioned(thing))
        if link.relationship in changes
    )
    return tuple(change for change in found if change is not None)
