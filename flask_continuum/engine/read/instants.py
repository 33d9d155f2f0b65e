"""Points in history, as SQL: what "as of" a transaction or a moment means in one database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.read.conditions import GREATEST_ID, fits
from flask_continuum.engine.registry import HistoryTables

LONGEST_ID = 19


def naive_utc(moment: datetime) -> datetime:
    """Return a moment as ``issued_at`` stores it; one without a zone is UTC already."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def instant(when: Any, history: HistoryTables) -> sa.ColumnElement[int]:
    """Return the transaction id that history is read as of, to be found inside a statement.

    Rows of the transaction table with one ``uid`` are one transaction: the last of them counts.

    :param when: a Transaction object, its id, its uid, or a moment (UTC without a zone). A moment
        means the greatest transaction id that was issued no later.
    :returns: an expression, NULL where there was no transaction yet: then nothing was valid.
    :raises TypeError: when ``when`` is nothing of that.
    """
    table = history.transaction.alias()
    if isinstance(when, str) and when.isascii() and when.isdigit() and len(when) <= LONGEST_ID:
        when = int(when)
    uid = when if isinstance(when, str) else getattr(when, "uid", None)
    if isinstance(when, datetime):
        condition = table.c.issued_at <= naive_utc(when)
    elif uid is not None:
        condition = table.c.uid == uid
    else:
        at = getattr(when, "id", when)
        if isinstance(at, bool) or not isinstance(at, int):
            raise TypeError(
                f"A point in history is a transaction, its id, its uid or a datetime, not {when!r}."
            )
        at = at if fits(at) else GREATEST_ID
        this = history.transaction.alias()
        last = sa.select(sa.func.max(table.c.id)).join_from(table, this, table.c.uid == this.c.uid)
        return sa.func.coalesce(
            last.where(this.c.id == at).scalar_subquery(), sa.literal(at, sa.BigInteger)
        )
    return sa.select(sa.func.max(table.c.id)).where(condition).scalar_subquery()
