"""Puts entries together: versions with their predecessors, transactions, field and link changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
from flask_continuum.engine.read.recorded import Recorded, recorded
from flask_continuum.engine.read.results import Entry, LinkChange
from flask_continuum.engine.registry import VersionedClass


def entries_at(
    session: Session,
    entry: VersionedClass,
    key: Sequence[Any],
    places: Sequence[tuple[int, int | None]],
) -> tuple[Entry, ...]:
    """Return the entries of one record in some transactions.

    Costs one statement each for versions, transactions, recorded spans and every relationship.

    :param places: transaction ids, each with that of the version before it.
    """
    if not places:
        return ()
    ids = {each for place in places for each in place if each is not None}
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
    present = [versions[at] for place in places for at in place if at in versions]
    changes = (
        link_changes(session, entry, (at for at, _ in places), record=present[0]) if present else {}
    )
    made = (
        entry_of_version(
            entry,
            known,
            versions.get(at),
            versions.get(before) if before is not None else None,
            transactions.get(at),
            changes_of(entry, changes, versions.get(at, versions.get(before)), at),
        )
        for at, before in places
    )
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
    return Entry(
        version=version,
        previous=previous,
        transaction=transaction,
        fields=field_changes(versioned(version), known, previous, version),
        links=links,
        operation=Operation(operation(entry, version)),
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
