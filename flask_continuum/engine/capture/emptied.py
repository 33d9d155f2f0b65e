"""Rows of transactions that triggers needed, and that nothing was written under in the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from flask_continuum.engine.capture.changes import Asked
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.registry import Registry, VersionedTable


def remove_empty(
    connection: sa.Connection,
    registry: Registry,
    unit: UnitOfWork,
    metadata: sa.MetaData,
    *,
    keep: bool,
) -> bool:
    """Remove a transaction's rows that have no versions; tell whether it has any.

    :param keep: whether the first row stays all the same, since something else refers to it.
    """
    transaction = registry.history[metadata].transaction
    touched = [t for frame in unit.frames for t in frame.pending if t.live.metadata is metadata]
    native = registry.native_tables(metadata)
    # those that are likely to have some come first: the others are not looked at then
    tables = list(dict.fromkeys([*(t for t in touched if t.is_native), *native]))
    asked, told = unit.asked[metadata], unit.told[metadata]
    used = _used(tables, transaction.c.id)
    rows = connection.execute(
        sa.select(transaction.c.id, used).where(_rows(transaction, asked)),
        execution_options=OWN,
    ).all()
    empty = [number for number, has in rows if not has and not (keep and number == asked.id)]
    if told.baseline_id is not None:
        first = sa.select(used).where(transaction.c.id == told.baseline_id)
        if not connection.scalar(first, execution_options=OWN):
            empty.append(told.baseline_id)
    if empty:
        connection.execute(
            transaction.delete().where(transaction.c.id.in_(empty)), execution_options=OWN
        )
    return any(has for _, has in rows)


def _rows(transaction: sa.Table, asked: Asked) -> sa.ColumnElement[bool]:
    """Return the condition for the row that was asked for and those that continue it."""
    return sa.and_(transaction.c.uid == asked.values["uid"], transaction.c.id >= asked.id)


def _used(tables: Iterable[VersionedTable], number: sa.Column[int]) -> sa.ColumnElement[bool]:
    return sa.or_(sa.false(), *_versions(tables, number))


def _versions(
    tables: Iterable[VersionedTable], number: sa.Column[int]
) -> Iterator[sa.ColumnElement[bool]]:
    for table in tables:
        yield sa.exists(sa.select(sa.literal(1)).where(table.transaction_id == number))
