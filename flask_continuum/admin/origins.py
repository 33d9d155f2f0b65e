"""Which transaction a revert, a restoration or an undo goes back to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.databases import databases


def load_origins(visit: Visit, transactions: Iterable[Any]) -> None:
    """Find the numbers of undone transactions, which their undoing names by address.

    Costs one statement for each database, and none where nothing was undone.
    """
    wanted = {
        address
        for transaction in transactions
        if (address := _undone_by(transaction)) is not None and address not in visit.origins
    }
    if not wanted:
        return
    for database in databases(visit.session, visit.registry):
        cls = database.transaction_class
        found = sa.select(cls.uid, cls.id).where(cls.uid.in_(wanted))
        rows = visit.session.execute(found, bind_arguments=database.arguments)
        visit.origins.update(tuple(row) for row in rows)


def origin_of(visit: Visit, transaction: Any) -> int | None:
    """The number of the transaction that this one goes back to, when it says so."""
    address = _undone_by(transaction)
    if address is not None:
        return int(address) if address.isdecimal() else visit.origins.get(address)
    target = _context(transaction).get("reverts")
    number = target.get("transaction") if isinstance(target, Mapping) else None
    return number if isinstance(number, int) else None


def _undone_by(transaction: Any) -> str | None:
    address = _context(transaction).get("undoes")
    return address if isinstance(address, str) else None


def _context(transaction: Any) -> Mapping[str, Any]:
    context = transaction.context
    return context if isinstance(context, Mapping) else {}
