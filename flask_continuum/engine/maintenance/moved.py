"""Changed keys against their versions: what a transaction says it moved has ended and begun."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.maintenance.findings import Finding, FindingKind
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.keys import Key, among, chunks
from flask_continuum.engine.read.moved import MOVED, from_context, plain_key
from flask_continuum.engine.read.pruned import pruned_before
from flask_continuum.engine.registry import VersionedTable
from flask_continuum.engine.typed import AnySelect

_TRANSACTIONS_AT_A_TIME = 200


def verify_moves(place: Place) -> Iterator[Finding]:
    """Yield the moves of which a version is missing.

    Costs one statement where no key ever changed, else some for every few hundred that did.
    """
    tables = [table for table in place.tables if not table.is_link]
    for contexts in _pages(place):
        for table in tables:
            yield from _verify_table(place, table, contexts)


def _pages(place: Place) -> Iterator[Mapping[int, Any]]:
    """Yield, some at a time, the contexts of transactions that say that keys have changed."""
    transaction = place.history.transaction
    context = transaction.c.get("context")
    last: int | None = None
    while context is not None:
        statement = (
            sa.select(transaction.c.id, context)
            .where(
                context[MOVED].as_string().is_not(None),
                *([] if last is None else [transaction.c.id > last]),
            )
            .order_by(transaction.c.id)
            .limit(_TRANSACTIONS_AT_A_TIME)
        )
        rows = place.connection.execute(statement, execution_options=OWN).all()
        if rows:
            yield {number: told for number, told in rows}
        if len(rows) < _TRANSACTIONS_AT_A_TIME:
            return
        last = rows[-1][0]


def _verify_table(
    place: Place, table: VersionedTable, contexts: Mapping[int, Any]
) -> Iterator[Finding]:
    stated = [
        (number, old, new)
        for number, context in contexts.items()
        for old, new in from_context(context, table)
    ]
    places = [(*key, number) for number, *pair in stated for key in pair]
    there = _operations(place, table, places)
    for number, old, new in stated:
        for key, expected in ((old, Operation.DELETE), (new, Operation.INSERT)):
            found = there.get((*plain_key(table, key), number))
            if found is None and _was_pruned(place, table, key, number):
                continue
            if found != expected:
                yield Finding(
                    FindingKind.MOVE_WITHOUT_VERSIONS,
                    table.live.fullname,
                    key,
                    number,
                    f"transaction {number} says that the key {_text(old)} became {_text(new)}, "
                    f"but has no {expected.name} version of {_text(key)}.",
                )


def _operations(
    place: Place, table: VersionedTable, places: Sequence[Key]
) -> Mapping[Key, Operation]:
    """Return the operations of versions by key and transaction."""
    columns = (*table.version_key, table.transaction_id)
    found = {}
    for chunk in chunks(places):
        statement: AnySelect = sa.select(*columns, table.operation_type).where(
            among(columns, chunk)
        )
        for *key, number, operation in place.connection.execute(statement, execution_options=OWN):
            found[*plain_key(table, key), number] = operation
    return found


def _was_pruned(place: Place, table: VersionedTable, key: Key, number: int) -> bool:
    """Tell whether a version that is not there was pruned, as the next one says."""
    transaction = place.history.transaction
    statement = (
        sa.select(table.transaction_id, transaction.c.context)
        .join(transaction, transaction.c.id == table.transaction_id)
        .where(
            *(column == part for column, part in zip(table.version_key, key, strict=True)),
            table.transaction_id > number,
        )
        .order_by(table.transaction_id)
        .limit(1)
    )
    row = place.connection.execute(statement, execution_options=OWN).first()
    gone = None if row is None else pruned_before(table, row[1], key, row[0])
    return gone is not None and gone.first <= number <= gone.last


def _text(key: Key) -> str:
    return ", ".join(str(part) for part in key)
