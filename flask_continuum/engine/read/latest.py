"""The newest changes of many records at once, in short: for lists in an application's own pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, undefer

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.changes import field_changes
from flask_continuum.engine.read.conditions import (
    fits,
    is_record,
    moment,
    operation,
)
from flask_continuum.engine.read.keys import Key, chunks, placed
from flask_continuum.engine.read.links import Link, owned_links
from flask_continuum.engine.read.loading import (
    begins,
    connect,
    connection_arguments,
    transactions_by_id,
    versioned,
)
from flask_continuum.engine.read.recorded import recorded
from flask_continuum.engine.read.results import FieldChange
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.typed import AnySelect

PARTS = 400
"""Selects that are united in one statement; SQLite takes 500."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One change of a record, in short.

    :ivar version: the record as the change left it.
    :ivar transaction: the transaction that made it, with its user loaded.
    :ivar operation: what happened to the record; UPDATE where only links changed.
    :ivar fields: what differs from the version before, as in a timeline's entry.
    :ivar links: keys of the many-to-many relationships that changed.
    """

    version: Any
    transaction: Any
    operation: Operation
    fields: tuple[FieldChange, ...]
    links: tuple[str, ...]


def latest_changes(
    session: Session, model: Any, keys: Iterable[Sequence[Any]], limit: int
) -> Mapping[Key, tuple[Glance, ...]]:
    """Return the newest changes of records of one model, newest first, of their present lives.

    Costs four statements for any number of changes, and one or two more for each few hundred
    records or versions.

    :param keys: primary keys.
    :param limit: how many changes of each.
    :returns: the changes by key; a key without history has none.
    """
    if limit < 1:
        raise ValueError(f"At least one change can be asked for, not {limit}.")
    entry = versioned(model)
    wanted = [key for key in dict.fromkeys(map(tuple, keys)) if all(map(fits, key))]
    found = _places(session, entry, wanted, limit)
    ids = {at for places in found.values() for at in places.all}
    if not ids:
        return {key: () for key in wanted}
    versions = _versions(session, entry, found)
    transactions = transactions_by_id(session, entry, ids)
    known = recorded(session, entry)
    made: dict[Key, tuple[Glance, ...]] = {}
    for key, places in found.items():
        glances = []
        for at, before in places.newest(limit):
            transaction = transactions.get(at)
            version = versions.get((key, at))
            previous = versions.get((key, before)) if before is not None else None
            links = tuple(places.links.get(at, ()))
            if version is None:
                if previous is None:  # links of a record whose history begins later
                    continue
                glances.append(Glance(previous, transaction, Operation.UPDATE, (), links))
                continue
            connect(version, transaction)
            born = begins(entry, version, transaction)
            fields = field_changes(entry, known, None if born else previous, version)
            happened = Operation(operation(entry, version))
            glances.append(Glance(version, transaction, happened, fields, links))
            if born:
                break
        made[key] = tuple(glances)
    return {key: made.get(key, ()) for key in wanted}


def newest_changes(
    session: Session, entry: VersionedClass, keys: Iterable[Key]
) -> Mapping[Key, int]:
    """Return the transaction that changed each record last, its links included.

    One statement for a few hundred records. A key without history has none.
    """
    found = _places(session, entry, list(dict.fromkeys(keys)), 1)
    return {key: max(places.all) for key, places in found.items() if places.all}


def newest_places(
    session: Session,
    entry: VersionedClass,
    keys: Iterable[Key],
    at: int | None = None,
    *,
    before: bool = False,
) -> list[Key]:
    """Return where the newest versions of records are: each key with the transaction.

    One statement for each few hundred records. Each is found by one step in the index: a search
    for versions without an end reads whole histories.

    :param at: the newest ones up to this transaction.
    :param before: leave the transaction itself out.
    """
    found: list[Key] = []
    wanted = list(dict.fromkeys(keys))
    for start in range(0, len(wanted), PARTS):
        chunk = wanted[start : start + PARTS]
        parts = [_newest(entry, key, number, at, before) for number, key in enumerate(chunk)]
        rows = session.execute(
            parts[0] if len(parts) == 1 else sa.union_all(*parts),
            bind_arguments=connection_arguments(session, entry),
        )
        found += [(*chunk[int(number)], there) for number, there in rows]
    return found


def _newest(
    entry: VersionedClass, key: Key, number: int, at: int | None, before: bool
) -> AnySelect:
    version = aliased(entry.version_class)
    there = moment(entry, version)
    newest = sa.select(there.label("at")).where(*is_record(entry, version, key))
    if at is not None:
        newest = newest.where(there < at if before else there <= at)
    each = newest.order_by(there.desc()).limit(1).subquery()
    return sa.select(sa.literal(number), each.c.at)


class _Places:
    """The transactions in which one record, and its links, changed last."""

    def __init__(self) -> None:
        self.versions: list[int] = []
        self.links: dict[int, list[str]] = {}

    @property
    def all(self) -> set[int]:
        return {*self.versions, *self.links}

    def newest(self, limit: int) -> Iterator[tuple[int, int | None]]:
        """Yield transaction ids, newest first, each with that of the version before it."""
        for at in sorted(self.all, reverse=True)[:limit]:
            yield at, max((each for each in self.versions if each < at), default=None)


def _places(
    session: Session, entry: VersionedClass, keys: Sequence[Key], limit: int
) -> Mapping[Key, _Places]:
    links = [
        link
        for link in owned_links(entry)
        if all(name in entry.key_attributes for name, _ in link.near)
    ]
    found: dict[Key, _Places] = {key: _Places() for key in keys}
    size = max(1, PARTS // (1 + len(links)))
    for start in range(0, len(keys), size):
        chunk = keys[start : start + size]
        parts = [
            part
            for number, key in enumerate(chunk)
            for part in (
                _own(entry, key, number, limit),
                *(
                    _linked(entry, link, key, number, position, limit)
                    for position, link in enumerate(links)
                ),
            )
        ]
        rows = session.execute(
            parts[0] if len(parts) == 1 else sa.union_all(*parts),
            bind_arguments=connection_arguments(session, entry),
        )
        for number, position, at in rows:
            places = found[chunk[int(number)]]
            if position < 0:
                places.versions.append(at)
            else:
                places.links.setdefault(at, []).append(links[position].relationship)
    return found


def _own(entry: VersionedClass, key: Key, number: int, limit: int) -> AnySelect:
    """Select the newest transactions of a record's row, and one more to compare with."""
    version = aliased(entry.version_class)
    at = moment(entry, version)
    newest = (
        sa.select(at.label("at"))
        .where(*is_record(entry, version, key))
        .order_by(at.desc())
        .limit(limit + 1)
        .subquery()
    )
    return sa.select(sa.literal(number), sa.literal(-1), newest.c.at)


def _linked(
    entry: VersionedClass, link: Link, key: Key, number: int, position: int, limit: int
) -> AnySelect:
    at = link.table.transaction_id
    values = dict(zip(entry.key_attributes, key, strict=True))
    newest = (
        sa.select(at.label("at"))
        .where(
            *link.is_record([values[name] for name, _ in link.near]),
            link.table.operation_type != Operation.UPDATE,
        )
        .group_by(at)
        .order_by(at.desc())
        .limit(limit)
        .subquery()
    )
    return sa.select(sa.literal(number), sa.literal(position), newest.c.at)


def _versions(
    session: Session, entry: VersionedClass, found: Mapping[Key, _Places]
) -> Mapping[tuple[Key, int], Any]:
    version = entry.version_class
    columns = [*(getattr(version, name) for name in entry.key_attributes), moment(entry, version)]
    pairs = [(*key, at) for key, places in found.items() for at in places.versions]
    versions: dict[tuple[Key, int], Any] = {}
    for chunk in chunks(pairs):
        statement = sa.select(version).where(placed(columns, chunk))
        for each in session.scalars(statement.options(undefer("*"))):
            versions[entry.key_of(each), moment(entry, each)] = each
    return versions
