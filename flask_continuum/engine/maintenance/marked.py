"""Versions that are about to go: marked first, so that their neighbours find each other, then
deleted. No commit ever leaves a mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import Key
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.maintenance.sealing.letting_go import mark_gone
from flask_continuum.engine.read.keys import beyond
from flask_continuum.engine.registry import VersionedTable

MARK = -1
"""The operation of a version that is about to be deleted."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Tables that share their versions: those of a hierarchy, or one that stands by itself.

    :ivar own: the table that has a row for each version that is meant.
    :ivar above: tables that have one too.
    :ivar below: tables that may have one.
    """

    own: VersionedTable
    above: tuple[VersionedTable, ...] = ()
    below: tuple[VersionedTable, ...] = ()

    @property
    def tables(self) -> tuple[VersionedTable, ...]:
        """All of them."""
        return (self.own, *self.above, *self.below)


@dataclass(frozen=True, slots=True)
class Span:
    """Records whose keys lie between two, in the order of the key; all of them without bounds.

    :ivar after: the last key before them.
    :ivar upto: the last of theirs.
    """

    after: Key | None = None
    upto: Key | None = None

    def holds(self, table: VersionedTable) -> list[sa.ColumnElement[bool]]:
        """Return the conditions that a version is one of these records'."""
        columns, found = table.version_key, []
        if self.after is not None:
            found.append(beyond(columns, self.after, rising=True))
        if self.upto is not None:
            last = sa.and_(*(a == b for a, b in zip(columns, self.upto, strict=True)))
            found.append(columns[0] <= self.upto[0])
            found.append(sa.or_(beyond(columns, self.upto, rising=False), last))
        return found


EVERYTHING = Span()


def mark(place: Place, group: Group, doomed: sa.Subquery, span: Span = EVERYTHING) -> int:
    """Mark versions in all tables of a group; return how many of its own table there are.

    :param doomed: their keys and transactions, named as :func:`named` does.
    """
    own = group.own
    found = place.write(
        sa.update(own.version)
        .values({own.operation_type: MARK})
        .where(*span.holds(own))
        .where(*(column.element == doomed.c[column.name] for column in named(own)))
    )
    if found:
        for table in (*group.above, *group.below):
            place.write(
                sa.update(table.version)
                .values({table.operation_type: MARK})
                .where(*span.holds(table))
                .where(same_version(table, own), own.operation_type == MARK)
            )
    return found


def delete_marked(place: Place, group: Group, span: Span = EVERYTHING) -> None:
    """Delete what is marked, and end each version before it where the next one begins."""
    for table in group.tables:
        if table.end_transaction_id is not None:
            place.write(_relinked(table, span))
        marked = sa.and_(*span.holds(table), table.operation_type == MARK)
        mark_gone(place, table.version, marked, "deleted")
        place.write(sa.delete(table.version).where(marked))


def has_marked(table: VersionedTable, transaction: Any, span: Span) -> sa.ColumnElement[bool]:
    """Return the condition that a transaction has a marked version in a table."""
    marked = sa.select(table.transaction_id).where(*span.holds(table), table.operation_type == MARK)
    found: sa.ColumnElement[bool] = transaction.in_(marked)
    return found


def has_unmarked(table: VersionedTable, transaction: Any) -> sa.ColumnElement[bool]:
    """Return the condition that a transaction has a version in a table that stays."""
    return sa.exists().where(table.transaction_id == transaction, table.operation_type != MARK)


def _relinked(table: VersionedTable, span: Span) -> sa.Update:
    """End each version whose successor is marked where the next one begins that is not."""
    began, operation, end = table.transaction_id, table.operation_type, table.end_transaction_id
    assert end is not None
    window: dict[str, Any] = {"partition_by": table.version_key, "order_by": began}
    stays = sa.case((operation != MARK, began))
    rows = (
        sa.select(
            *named(table),
            operation.label("operation"),
            sa.func.lead(operation, type_=operation.type).over(**window).label("next"),
            sa.func.min(stays, type_=began.type).over(**window, rows=(1, None)).label("follows"),
        )
        .where(*span.holds(table))
        .subquery("links")
    )
    return (
        sa.update(table.version)
        .values({end: rows.c.follows})
        .where(
            *(column.element == rows.c[column.name] for column in named(table)),
            rows.c.operation != MARK,
            rows.c.next == MARK,
        )
    )


def named(table: VersionedTable) -> list[sa.Label[Any]]:
    """Return what tells versions apart, under names that no column of a model has."""
    names = (*(f"k{position}" for position in range(len(table.key))), "began")
    columns = (*table.version_key, table.transaction_id)
    return [column.label(name) for column, name in zip(columns, names, strict=True)]


def same_version(one: VersionedTable, other: VersionedTable) -> sa.ColumnElement[bool]:
    """Return the condition that rows of two tables belong to one version."""
    pairs = zip(
        (*one.version_key, one.transaction_id),
        (*other.version_key, other.transaction_id),
        strict=True,
    )
    return sa.and_(*(a == b for a, b in pairs))
