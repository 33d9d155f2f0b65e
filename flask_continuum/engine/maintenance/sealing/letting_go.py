"""Keeps seals consistent with what is taken out of a history on purpose.

A seal stands for what it was made of by digests. What is erased loses its salt and keeps its
digest; what is vacuumed or pruned keeps the digest of the whole, and is marked as gone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.maintenance.sealing.digests import released
from flask_continuum.engine.maintenance.sealing.sources import Source, settle_texts, sources
from flask_continuum.engine.plugins.seals import SEAL, SEALED
from flask_continuum.engine.read.conditions import GREATEST_ID


def is_sealed(place: Place) -> bool:
    """Tell whether a place has tables of seals."""
    return SEAL in place.history.further


def release(
    place: Place,
    table: sa.Table,
    which: Any,
    columns: Collection[str],
    *,
    replaced: bool = False,
) -> None:
    """Forget the salts of columns that are about to be erased, and keep their digests.

    Call it before the values go.

    :param table: a version table, or that of transactions.
    :param which: the rows that are meant.
    :param columns: their names.
    :param replaced: whether they get other values instead, as when a version begins a history anew.
    """
    if not is_sealed(place):
        return
    sealed = place.history.further[SEALED]
    source = next((each for each in sources(place) if each.table is table), None)
    if source is None:
        return
    settle_texts(place)
    row = sealed.c
    change = (
        sealed.update()
        .where(
            row.transaction_id == sa.bindparam("number"),
            row.table_name == source.name,
            row.record == sa.bindparam("whose"),
        )
        .values(salt=sa.null(), fields=sa.bindparam("kept", type_=row.fields.type))
    )
    for parts in source.parts(0, GREATEST_ID, sa.and_(which, _has_seal(source, sealed))):
        numbers, records = {p.number for p in parts}, {p.record for p in parts}
        wanted = sa.select(row.transaction_id, row.record, row.salt, row.fields).where(
            row.table_name == source.name,
            row.transaction_id.in_(numbers),
            row.record.in_(records),
            row.gone.is_(None),
        )
        rows = place.connection.execute(wanted, execution_options=OWN)
        known = {(number, record): (salt, kept) for number, record, salt, kept in rows}
        changes = [
            {
                "number": part.number,
                "whose": part.record,
                "kept": released(
                    part.values, *known[part.number, part.record], columns, replaced=replaced
                ),
            }
            for part in parts
            if (part.number, part.record) in known
        ]
        if changes:
            place.connection.execute(change, changes, execution_options=OWN)


def mark_gone(place: Place, table: sa.Table, which: Any, why: str) -> None:
    """Say of sealed rows that they go on purpose. Call it before they do.

    :param table: a version table, or that of transactions.
    :param which: the rows that are meant.
    :param why: in a word, such as ``"pruned"``.
    """
    if not is_sealed(place):
        return
    sealed = place.history.further[SEALED]
    source = next(each for each in sources(place) if each.table is table)
    concerned = sa.exists().where(
        source.moment == sealed.c.transaction_id, source.record == sealed.c.record, which
    )
    place.write(
        sealed.update()
        .where(sealed.c.table_name == source.name, concerned)
        .values(gone=why, salt=sa.null(), fields=sa.null())
    )


def mark_transactions_gone(place: Place, ids: Any, why: str) -> None:
    """Say of whole transactions that nothing of them is left: their seals stay, and no more.

    :param ids: their ids, or a selection of them.
    """
    if not is_sealed(place):
        return
    chain, sealed = (place.history.further[name] for name in (SEAL, SEALED))
    place.write(sealed.delete().where(sealed.c.transaction_id.in_(ids)))
    place.write(chain.update().where(chain.c.transaction_id.in_(ids)).values(gone=why))


def _has_seal(source: Source, sealed: sa.Table) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        sealed.c.transaction_id == source.moment, sealed.c.table_name == source.name
    )
