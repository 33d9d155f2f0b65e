"""What is left of records that were pruned begins anew, and its transaction tells what was before.

A first version is an insertion, as that of a baseline is: so it is read by everything that reads
history, by applications too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.build.history import utcnow
from flask_continuum.engine.dialects.fragments import OWN, Key
from flask_continuum.engine.maintenance.marked import MARK, Group, Span, named, same_version
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.maintenance.sealing.letting_go import release
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.keys import chunks
from flask_continuum.engine.read.moved import plain_key
from flask_continuum.engine.read.pruned import joined, read_pruned, write_pruned
from flask_continuum.engine.read.results import Pruned
from flask_continuum.engine.registry import VersionedTable


def begin_anew(place: Place, group: Group, span: Span) -> None:
    """Make an insertion of each version that is the first one behind marked ones."""
    own = group.own
    gone = _gone(own, span)
    begins = sa.select(*(gone.c[each.name] for each in named(own)[:-1]), gone.c.base).distinct()
    first = begins.subquery("begins")
    behind = sa.exists().where(
        *(column.element == first.c[column.name] for column in named(own)[:-1]),
        own.transaction_id == first.c.base,
    )
    release(
        place,
        own.version,
        sa.and_(*span.holds(own), own.operation_type == Operation.UPDATE, behind),
        [column.name for column in _as_insertion(own)],
        replaced=True,
    )
    place.write(
        sa.update(own.version)
        .values(_as_insertion(own))
        .where(
            *span.holds(own),
            own.operation_type == Operation.UPDATE,
            *(column.element == first.c[column.name] for column in named(own)[:-1]),
            own.transaction_id == first.c.base,
        )
    )
    for table in group.below:
        follows = [
            *span.holds(table),
            same_version(table, own),
            own.operation_type == Operation.INSERT,
            table.operation_type == Operation.UPDATE,
        ]
        release(
            place,
            table.version,
            sa.and_(*span.holds(table), sa.exists().where(*follows[-3:])),
            [column.name for column in _as_insertion(table)],
            replaced=True,
        )
        place.write(sa.update(table.version).values(_as_insertion(table)).where(*follows))


def tell_transactions(place: Place, table: VersionedTable, span: Span) -> None:
    """Write into the contexts of transactions what is gone before the versions that begin anew."""
    transaction = place.history.transaction
    if "context" not in transaction.c:
        return
    gone = _gone(table, span)
    keys = [gone.c[f"k{position}"] for position in range(len(table.key))]
    began = gone.c.began
    rows: Sequence[Any] = place.connection.execute(
        sa.select(
            *keys, gone.c.base, sa.func.min(began), sa.func.max(began), sa.func.count()
        ).group_by(*keys, gone.c.base),
        execution_options=OWN,
    ).all()
    contexts = _contexts(place, {(first,) for *_, first, _, _ in rows})
    earlier = {each: read_pruned(table, context, each) for each, context in contexts.items()}
    told: dict[int, dict[Key, Pruned]] = defaultdict(dict)
    at = utcnow().replace(microsecond=0)
    for *key, base, first, last, count in rows:
        known = earlier.get(first)
        # what was gone before it already; of many together it cannot be told how many were its own
        before = known.get(plain_key(table, key)) or known.get(None) if known else None
        pruned = Pruned(first, last, count, at, base)
        told[base][tuple(key)] = pruned if before is None else joined(before, pruned)
    contexts = _contexts(place, {(each,) for each in told}, lock=True)
    for chunk in chunks([(each,) for each in contexts]):
        which = transaction.c.id.in_([number for (number,) in chunk])
        release(place, transaction, which, [transaction.c.context.name], replaced=True)
    for base, context in contexts.items():
        place.write(
            sa.update(transaction)
            .values(context=write_pruned(table, context, told[base], base))
            .where(transaction.c.id == base)
        )


def _gone(table: VersionedTable, span: Span) -> sa.Subquery:
    """Return the marked versions, each with the first one behind that stays (``base``)."""
    began, operation = table.transaction_id, table.operation_type
    window: dict[str, Any] = {"partition_by": table.version_key, "order_by": began}
    stays = sa.case((operation != MARK, began))
    rows = (
        sa.select(
            *named(table),
            operation.label("operation"),
            sa.func.min(stays, type_=began.type).over(**window, rows=(1, None)).label("base"),
        )
        .where(*span.holds(table))
        .subquery("rows_of_records")
    )
    return (
        sa.select(rows).where(rows.c.operation == MARK, rows.c.base.is_not(None)).subquery("gone")
    )


def _as_insertion(table: VersionedTable) -> dict[Any, Any]:
    """Return what the columns of an insertion hold: all that is set counts as changed."""
    flags = {flag: table.version.c[live.key].is_not(None) for live, flag in table.flags}
    return {table.operation_type: int(Operation.INSERT), **flags}


def _contexts(place: Place, ids: set[Key], *, lock: bool = False) -> dict[int, Any]:
    """Return the contexts of transactions by their id."""
    transaction = place.history.transaction
    found: dict[int, Any] = {}
    for chunk in chunks(sorted(ids)):
        statement = (
            sa.select(transaction.c.id, transaction.c.context)
            .where(transaction.c.id.in_([each for (each,) in chunk]))
            .order_by(transaction.c.id)
        )
        if lock:
            statement = statement.with_for_update()
        for number, context in place.connection.execute(statement, execution_options=OWN):
            found[number] = context
    return found
