"""Versions against their transactions, and transactions against their versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.maintenance.findings import Finding, FindingKind
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.read.asked import was_asked_for
from flask_continuum.engine.registry import VersionedTable

VACUUMED = "vacuumed"
"""The kind of a transaction whose versions all were equal to those before them."""

ERASE = "erase"
"""The kind of a transaction that erased something, which says what."""

REPAIR = "repair"
"""The kind of a transaction that says what was found outside the application, or was lost."""

PRUNE = "prune"
"""The kind of a transaction in which old versions were deleted."""

MAY_BE_EMPTY = ("command", "import", VACUUMED, ERASE, PRUNE)
"""Kinds of transactions that stay though nothing changed: somebody asked for them, or did once."""


def verify_transaction_of(place: Place, table: VersionedTable) -> Iterator[Finding]:
    """Yield the versions of a table whose transaction is missing, in one statement."""
    transaction = place.history.transaction
    known = sa.exists().where(transaction.c.id == table.transaction_id)
    missing = sa.select(*table.version_key, table.transaction_id).where(~known)
    for *key, began in place.stream(missing):
        yield Finding(
            FindingKind.TRANSACTION_MISSING,
            table.live.fullname,
            tuple(key),
            began,
            f"there is a version of transaction {began}, but no such transaction.",
        )


def verify_transactions(place: Place, *, since: int = 0) -> Iterator[Finding]:
    """Yield transactions without versions, and those that share a uid, in two statements.

    :param since: earlier ones may have versions in tables that nothing knows any more.
    """
    transaction = place.history.transaction
    name = transaction.fullname
    used = [sa.exists().where(table.transaction_id == transaction.c.id) for table in place.tables]
    kind = transaction.c.kind
    later = transaction.alias("l")
    empty = (
        sa.select(transaction.c.id)
        .where(
            sa.or_(kind.is_(None), kind.not_in(MAY_BE_EMPTY)),
            transaction.c.id > since,
            *(~each for each in used),
            was_asked_for(transaction).is_not(True),
            ~sa.exists().where(_continues(transaction, later)),
        )
        .order_by(transaction.c.id)
    )
    for (number,) in place.stream(empty):
        yield Finding(
            FindingKind.TRANSACTION_WITHOUT_VERSIONS,
            name,
            None,
            number,
            f"transaction {number} has no version in any table.",
        )
    first = transaction.alias("f")
    # a transaction that had to be continued under another id has its instant too
    twice = (
        sa.select(transaction.c.id, transaction.c.uid, sa.func.min(first.c.id))
        .join(first, sa.and_(first.c.uid == transaction.c.uid, first.c.id < transaction.c.id))
        .where(first.c.issued_at.is_distinct_from(transaction.c.issued_at))
        .group_by(transaction.c.id, transaction.c.uid)
        .order_by(transaction.c.id)
    )
    for number, uid, other in place.stream(twice):
        yield Finding(
            FindingKind.UID_TWICE,
            name,
            None,
            number,
            f"transaction {number} has the uid {uid}, which is that of transaction {other}.",
            ("uid",),
        )


def _continues(transaction: sa.Table, later: Any) -> sa.ColumnElement[bool]:
    """Return the condition that what a transaction changed stands under a later id of its own."""
    return sa.and_(
        later.c.uid == transaction.c.uid,
        later.c.issued_at == transaction.c.issued_at,
        later.c.id > transaction.c.id,
    )
