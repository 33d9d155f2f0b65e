"""Transactions of which no version is left: their rows go, and what plugins say about them."""

from __future__ import annotations

import sqlalchemy as sa

from flask_continuum.engine.build.history import WHOLE_TABLE
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.maintenance.marked import EVERYTHING, Span, has_marked, has_unmarked
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.maintenance.sealing.letting_go import mark_transactions_gone
from flask_continuum.engine.maintenance.transactions import VACUUMED
from flask_continuum.engine.plugins.seals import SEAL, SEALED
from flask_continuum.engine.registry import VersionedTable


def delete_emptied(place: Place, marked: VersionedTable, span: Span) -> None:
    """Delete the transactions of marked versions of which nothing stays.

    :param place: all tables that may have versions of theirs.
    """
    transaction = place.history.transaction.c.id
    _delete(
        place,
        has_marked(marked, transaction, span),
        *(~has_unmarked(table, transaction) for table in place.tables),
    )


def forget_names(place: Place, marked: VersionedTable, span: Span = EVERYTHING) -> None:
    """Have plugins no longer name models of which a transaction has no version that stays."""
    entries = place.registry.entries.items()
    names = {model.__name__ for model, entry in entries if marked in entry.tables}
    names -= {model.__name__ for model, entry in entries if marked not in entry.tables}
    for table in place.history.further.values():
        if names and {"transaction_id", "entity_name"} <= set(table.c.keys()):
            transaction = table.c.transaction_id
            place.write(
                sa.delete(table).where(
                    table.c.entity_name.in_(sorted(names)),
                    has_marked(marked, transaction, span),
                    ~has_unmarked(marked, transaction),
                )
            )


def delete_vacuumed(place: Place, before: int | None) -> None:
    """Delete the transactions that ``vacuum`` has left without versions.

    :param before: only up to this one; all without it.
    """
    transaction = place.history.transaction
    _delete(
        place,
        transaction.c.kind == VACUUMED,
        *([] if before is None else [transaction.c.id <= before]),
        *(~has_unmarked(table, transaction.c.id) for table in place.tables),
    )


def delete_transactions(place: Place, ids: list[int]) -> None:
    """Delete transactions, and what plugins say about them."""
    _delete(place, place.history.transaction.c.id.in_(ids))


def _delete(place: Place, *conditions: sa.ColumnElement[bool]) -> None:
    transaction = place.history.transaction
    wanted = sa.select(transaction.c.id).where(*conditions, transaction.c.id > _retired(place))
    # which they are is settled first: MariaDB deletes from no table that it asks meanwhile
    found = list(place.connection.scalars(wanted, execution_options=OWN))
    for start in range(0, len(found), _AT_A_TIME):
        ids = found[start : start + _AT_A_TIME]
        mark_transactions_gone(place, ids, "pruned")
        for name, table in place.history.further.items():
            if "transaction_id" in table.c and name not in (SEAL, SEALED):
                place.write(sa.delete(table).where(table.c.transaction_id.in_(ids)))
        place.write(sa.delete(transaction).where(transaction.c.id.in_(ids)))


_AT_A_TIME = 500


def _retired(place: Place) -> int:
    """Return the last transaction that may have versions in tables which nothing knows any more."""
    history = place.history.history_column
    last = sa.select(sa.func.max(history.c.until)).where(history.c.column_name == WHOLE_TABLE)
    return place.connection.execute(last, execution_options=OWN).scalar() or 0
