"""Points in history, as SQL: what "as of" a transaction or a moment means in one database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.read.conditions import GREATEST_ID, fits, moment, read_id
from flask_continuum.engine.registry import HistoryTables, VersionedClass


def naive_utc(moment: datetime) -> datetime:
    """Return a moment as ``issued_at`` stores it; one without a zone is UTC already."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def instant(when: Any, history: HistoryTables) -> sa.ColumnElement[int]:
    """Return the transaction id that history is read as of, to be found inside a statement.

    Rows of the transaction table with one ``uid`` are one transaction: the last of them counts.

    :param when: a Transaction object, its id, its uid, a version, which stands for the
        transaction that made it, or a moment (UTC without a zone). A moment means the greatest
        transaction id that was issued no later.
    :returns: an expression, NULL where there was no transaction yet: then nothing was valid.
    :raises TypeError: when ``when`` is nothing of that.
    """
    table = history.transaction.alias()
    if isinstance(when, datetime):
        return _last(table, table.c.issued_at <= naive_utc(when))
    named = _name(when)
    if isinstance(named, str):
        return _last(table, table.c.uid == named)
    at = named if fits(named) else GREATEST_ID
    this = history.transaction.alias()
    last = sa.select(sa.func.max(table.c.id)).join_from(table, this, table.c.uid == this.c.uid)
    return sa.func.coalesce(
        last.where(this.c.id == at).scalar_subquery(), sa.literal(at, sa.BigInteger)
    )


def _last(table: Any, condition: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    """Return the greatest id that a condition holds of: read backwards, it is found at once."""
    found = sa.select(table.c.id).where(condition).order_by(table.c.id.desc())
    return found.limit(1).scalar_subquery()


def _name(when: Any) -> int | str:
    """Return the id or the uid that a transaction is named by.

    Only a Transaction object is asked for its ``id``: that of a record is another number.
    """
    if isinstance(when, str):
        number = read_id(when)
        return when if number is None else number
    if hasattr(type(when), "__versioning_registry__"):
        found: int | str = when.id if when.uid is None else when.uid
        return found
    own = type(when).__dict__.get("__continuum__")
    if isinstance(own, VersionedClass):
        at: int = moment(own, when)
        return at
    if isinstance(when, bool) or not isinstance(when, int):
        raise TypeError(
            f"A point in history is a transaction, its id, its uid, a version or a datetime, not "
            f"{when!r}."
        )
    return when
