"""How each kind of damage is mended: live rows stay, and history follows them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.build.history import utcnow
from flask_continuum.engine.capture.writer import transaction_values
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.maintenance.emptied import delete_transactions
from flask_continuum.engine.maintenance.findings import Finding, FindingKind
from flask_continuum.engine.maintenance.marked import named
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.maintenance.transactions import REPAIR
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.keys import chunks
from flask_continuum.engine.read.moved import MOVED, from_context, plain_key
from flask_continuum.engine.registry import VersionedTable
from flask_continuum.engine.typed import AnySelect

K = FindingKind

OPERATIONS: Mapping[FindingKind, Operation] = MappingProxyType(
    {
        K.LIFE_WITHOUT_BEGINNING: Operation.INSERT,
        K.VERSION_AFTER_DELETION: Operation.INSERT,
        K.BEGUN_TWICE: Operation.UPDATE,
    }
)
"""What a version is whose operation does not fit the one before."""


def mend_table(place: Place, finding: Finding) -> None:
    """Make a table of history that is missing. A live one is the application's to make."""
    history = place.history
    tables = [history.transaction, history.history_column, *(t.version for t in place.tables)]
    for table in tables:
        if table.fullname == finding.table:
            table.metadata.create_all(place.connection, tables=[table])


def mend_history_column(place: Place, finding: Finding) -> None:
    """Say of what is not recorded any more that it is not."""
    history, transaction = place.history.history_column, place.history.transaction
    assert finding.key is not None
    table, column = finding.key
    newest = sa.select(sa.func.coalesce(sa.func.max(transaction.c.id), 0)).scalar_subquery()
    place.write(
        sa.update(history)
        .values(until=newest)
        .where(history.c.table_name == table, history.c.column_name == column)
    )


def mend_transactions(place: Place, findings: Sequence[Finding]) -> None:
    """Insert rows for transactions that are missing, issued when the one before them was."""
    transaction = place.history.transaction
    for number in sorted({each.transaction for each in findings if each.transaction is not None}):
        said = Attribution(
            kind=REPAIR,
            uid=uuid.uuid4().hex,
            issued_at=_issued_about(place, number),
            context={REPAIR: {"lost": True}},
        )
        values = {**transaction_values(transaction, said), "id": number}
        place.connection.execute(transaction.insert().values(values), execution_options=OWN)
    if place.dialect == "postgresql":
        # ids that were given do not move the sequence on
        name = place.connection.dialect.identifier_preparer.format_table(transaction)
        sequence = sa.func.pg_get_serial_sequence(name, "id")
        newest = sa.select(sa.func.max(transaction.c.id)).scalar_subquery()
        onward = sa.func.greatest(newest, sa.func.nextval(sequence))
        moved = sa.select(sa.func.setval(sequence, onward))
        place.connection.execute(moved, execution_options=OWN)


def _issued_about(place: Place, number: int) -> datetime:
    transaction = place.history.transaction
    for side, order in (
        (transaction.c.id < number, transaction.c.id.desc()),
        (transaction.c.id > number, transaction.c.id),
    ):
        nearest = sa.select(transaction.c.issued_at).where(side).order_by(order).limit(1)
        found = place.connection.execute(nearest, execution_options=OWN).scalar()
        if found is not None:
            issued: datetime = found
            return issued
    return utcnow()


def mend_uid(place: Place, finding: Finding) -> None:
    """Give a transaction a uid of its own."""
    transaction = place.history.transaction
    place.write(
        sa.update(transaction)
        .values(uid=uuid.uuid4().hex)
        .where(transaction.c.id == finding.transaction)
    )


def mend_operation(place: Place, finding: Finding) -> None:
    """Give a version the operation that fits those around it, and the live rows."""
    table = _table(place, finding)
    operation = OPERATIONS.get(finding.kind)
    if operation is None:
        operation = _fitting_operation(place, table, finding)
    place.write(
        sa.update(table.version)
        .values({table.operation_type: int(operation)})
        .where(*_is_version(table, finding))
    )


def _fitting_operation(place: Place, table: VersionedTable, finding: Finding) -> Operation:
    before = _neighbour(place, table, finding, earlier=True, column=table.operation_type)
    after = _neighbour(place, table, finding, earlier=False, column=table.operation_type)
    if before is None or before == Operation.DELETE:
        return Operation.INSERT
    if after is not None:
        return Operation.DELETE if after == Operation.INSERT else Operation.UPDATE
    assert finding.key is not None
    live = sa.select(sa.literal(1)).where(
        *(column == part for column, part in zip(table.key, finding.key, strict=True))
    )
    there = place.connection.execute(live.limit(1), execution_options=OWN).scalar()
    return Operation.DELETE if there is None else Operation.UPDATE


def mend_part(place: Place, finding: Finding) -> None:
    """Write the part of a version that a table lacks: from the live row when it was the newest one,
    else from the nearest version. Where there is neither, only the key is known.
    """
    table = _table(place, finding)
    hierarchy = place.registry.joined[table]
    others = (each for each in hierarchy.tables if each is not table)
    operation = next(
        found
        for found in (_operation(place, each, finding) for each in others)
        if found is not None
    )
    bookkeeping = {
        table.transaction_id: sa.literal(finding.transaction, table.transaction_id.type),
        table.operation_type: sa.literal(operation, table.operation_type.type),
    }
    for source in _sources(place, table, finding, list(bookkeeping.values())):
        names = [*(recorded.key for _, recorded in table.columns), *(c.key for c in bookkeeping)]
        insertion = table.version.insert().from_select(names, source)
        if place.connection.execute(insertion, execution_options=OWN).rowcount:
            return
    assert finding.key is not None
    values = dict(zip((c.key for c in table.version_key), finding.key, strict=True))
    values[table.transaction_id.key] = finding.transaction
    values[table.operation_type.key] = operation
    place.connection.execute(table.version.insert().values(values), execution_options=OWN)


def _sources(
    place: Place, table: VersionedTable, finding: Finding, bookkeeping: Sequence[Any]
) -> Iterator[AnySelect]:
    """Yield where the values of a lost version may come from, the likeliest first."""
    assert finding.key is not None
    before = _neighbour(place, table, finding, earlier=True, column=table.transaction_id)
    after = _neighbour(place, table, finding, earlier=False, column=table.transaction_id)
    live = sa.select(*(own for own, _ in table.columns), *bookkeeping).where(
        *(column == part for column, part in zip(table.key, finding.key, strict=True))
    )
    if after is None:  # it was the newest one
        yield live
    for began in (before, after):
        if began is not None:
            yield sa.select(*(recorded for _, recorded in table.columns), *bookkeeping).where(
                *_is_record(table, finding), table.transaction_id == began
            )


def mend_ends(place: Place, table: VersionedTable) -> None:
    """End each version of a table where the next one begins."""
    end = table.end_transaction_id
    if end is None:
        return
    began = table.transaction_id
    follows = sa.func.lead(began, type_=began.type).over(
        partition_by=table.version_key, order_by=began
    )
    right = sa.select(*named(table), follows.label("follows")).subquery("right_ends")
    place.write(
        sa.update(table.version)
        .values({end: right.c.follows})
        .where(
            *(column.element == right.c[column.name] for column in named(table)),
            end.is_distinct_from(right.c.follows),
        )
    )


def mend_move(place: Place, finding: Finding) -> None:
    """Take back what a transaction says about a changed key that no versions tell of."""
    transaction, table = place.history.transaction, _table(place, finding)
    asked = sa.select(transaction.c.context).where(transaction.c.id == finding.transaction)
    context = place.connection.execute(asked, execution_options=OWN).scalar_one()
    name = table.live.fullname
    assert finding.key is not None
    gone = plain_key(table, finding.key)
    kept = [
        pair
        for pair in context[MOVED].get(name, ())
        if all(
            gone not in (plain_key(table, old), plain_key(table, new))
            for old, new in from_context({MOVED: {name: [pair]}}, table)
        )
    ]
    moved = {key: pairs for key, pairs in {**context[MOVED], name: kept}.items() if pairs}
    rest = {key: value for key, value in context.items() if key != MOVED}
    place.write(
        sa.update(transaction)
        .values(context={**rest, MOVED: moved} if moved else rest or None)
        .where(transaction.c.id == finding.transaction)
    )


def mend_empty(place: Place, findings: Sequence[Finding]) -> None:
    """Delete the rows of transactions that have no versions."""
    ids = [(each.transaction,) for each in findings if each.transaction is not None]
    for chunk in chunks(ids):
        delete_transactions(place, [number for (number,) in chunk])


EACH: Mapping[FindingKind, Callable[[Place, Finding], None]] = MappingProxyType(
    {
        K.TABLE_MISSING: mend_table,
        K.HISTORY_COLUMN_UNKNOWN: mend_history_column,
        K.UID_TWICE: mend_uid,
        K.OPERATION_UNKNOWN: mend_operation,
        **dict.fromkeys(OPERATIONS, mend_operation),
        K.HIERARCHY_INCOMPLETE: mend_part,
        K.MOVE_WITHOUT_VERSIONS: mend_move,
    }
)
"""What mends one finding at a time."""


# -- finding the way -------------------------------------------------------------------------------


def _table(place: Place, finding: Finding) -> VersionedTable:
    return next(each for each in place.tables if each.live.fullname == finding.table)


def _is_record(table: VersionedTable, finding: Finding) -> list[sa.ColumnElement[bool]]:
    assert finding.key is not None
    return [column == part for column, part in zip(table.version_key, finding.key, strict=True)]


def _is_version(table: VersionedTable, finding: Finding) -> list[sa.ColumnElement[bool]]:
    return [*_is_record(table, finding), table.transaction_id == finding.transaction]


def _operation(place: Place, table: VersionedTable, finding: Finding) -> Any | None:
    asked = sa.select(table.operation_type).where(*_is_version(table, finding))
    return place.connection.execute(asked, execution_options=OWN).scalar()


def _neighbour(
    place: Place, table: VersionedTable, finding: Finding, *, earlier: bool, column: Any
) -> Any | None:
    """Return a column of the version before, or of the next; ``None`` when there is none."""
    began = table.transaction_id
    asked = (
        sa.select(column)
        .where(
            *_is_record(table, finding),
            began < finding.transaction if earlier else began > finding.transaction,
        )
        .order_by(began.desc() if earlier else began)
        .limit(1)
    )
    return place.connection.execute(asked, execution_options=OWN).scalar()
