"""Joined inheritance: a record with several tables has a version in each of them or in none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.maintenance.findings import Finding, FindingKind
from flask_continuum.engine.maintenance.records import discriminator
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """The root table of a hierarchy and another of its tables.

    :ivar column: the root's column that tells which records have a row in the other table.
    :ivar identities: its values for those records.
    """

    root: VersionedTable
    part: VersionedTable
    column: sa.Column[Any] | None
    identities: tuple[Any, ...]


def verify_hierarchies(place: Place) -> Iterator[Finding]:
    """Yield versions that lack their part in another table, in two statements for each table.

    Where no recorded column tells the classes apart, a part of which nothing is left is not missed.
    """
    for pair in _pairs(place):
        yield from _lacking(place, pair.part, pair.root)
        yield from _lacking(place, pair.root, pair.part, _has_part(pair))


def _has_part(pair: _Pair) -> sa.ColumnElement[bool]:
    """Return the condition that the record of a root version had a row in the other table.

    A part that was there before, and is not deleted now, was there; so was one that is changed or
    deleted next. Where nothing is said of it, neither before in this life nor later, the class
    tells.
    """
    root = pair.root
    before, after = _neighbour(pair, earlier=True), _neighbour(pair, earlier=False)
    known = sa.or_(before != Operation.DELETE, after != Operation.INSERT)
    if pair.column is None:
        return known
    belongs = root.version.c[pair.column.key].in_(pair.identities)
    begins = root.operation_type == Operation.INSERT
    return sa.or_(known, sa.and_(belongs, after.is_(None), sa.or_(before.is_(None), begins)))


def _neighbour(pair: _Pair, *, earlier: bool) -> sa.ScalarSelect[Any]:
    """Return the operation of the part's newest version before a root version, or the next."""
    root, part = pair.root, pair.part
    version = part.version.alias()
    began = version.c[part.transaction_id.key]
    keys = zip(part.version_key, root.version_key, strict=True)
    return (
        sa.select(version.c[part.operation_type.key])
        .where(
            *(version.c[theirs.key] == ours for theirs, ours in keys),
            began < root.transaction_id if earlier else began > root.transaction_id,
        )
        .order_by(began.desc() if earlier else began)
        .limit(1)
        .correlate(root.version)
        .scalar_subquery()
    )


def _pairs(place: Place) -> Iterator[_Pair]:
    seen: set[VersionedTable] = set()
    there = set(place.tables)
    for entry in place.registry.classes():
        root, *parts = entry.tables
        for part in parts:
            if part in seen or root not in there or part not in there:
                continue
            seen.add(part)
            # the uppermost class with a row in this table, and all below it
            *_, top = (m for m in entry.mapper.iterate_to_root() if part.live in m.tables)
            versioned = [m for m in top.self_and_descendants if m.class_ in place.registry.entries]
            identities = tuple(
                m.polymorphic_identity for m in versioned if m.polymorphic_identity is not None
            )
            column = discriminator(entry.mapper)
            if column is not None and (
                column.table is not root.live or column.key not in root.version.c
            ):
                column = None
            yield _Pair(root, part, column, identities)


def _lacking(
    place: Place, here: VersionedTable, there: VersionedTable, *belongs: sa.ColumnElement[bool]
) -> Iterator[Finding]:
    other = there.version.alias("o")
    keys = zip(there.version_key, here.version_key, strict=True)
    partner = (
        sa.exists()
        .select_from(other)
        .where(
            *(other.c[theirs.key] == ours for theirs, ours in keys),
            other.c[there.transaction_id.key] == here.transaction_id,
        )
    )
    statement = sa.select(*here.version_key, here.transaction_id).where(~partner, *belongs)
    for *key, transaction in place.stream(statement):
        yield Finding(
            FindingKind.HIERARCHY_INCOMPLETE,
            there.live.fullname,
            tuple(key),
            transaction,
            f"transaction {transaction} has a version in {here.version.name}, but none in "
            f"{there.version.name}.",
        )
