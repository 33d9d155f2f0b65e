"""Conditions on who made a change, when, and in what kind of transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.read.instants import naive_utc

ORDINARY = ""
"""The ``kind`` of transactions that have none: plain edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is wanted of the transaction that made a change; ``None`` asks for nothing.

    :ivar user_id: it was made by this user.
    :ivar actor: it was made under this label.
    :ivar kind: it is of this kind, ``""`` for plain edits.
    :ivar since: it was not made before this instant (UTC without a zone).
    :ivar until: it was made before this instant (UTC without a zone).
    """

    user_id: Any = None
    actor: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self, transaction: Any) -> Iterator[sa.ColumnElement[bool]]:
        """Yield what must hold of a transaction.

        :param transaction: the Transaction class, or an alias of it.
        :raises ValueError: when transactions record no user.
        """
        if self.user_id is not None:
            if not hasattr(transaction, "user_id"):
                raise ValueError("Transactions do not record their user here (user_cls is None).")
            yield transaction.user_id == self.user_id
        if self.actor is not None:
            yield transaction.actor == self.actor
        if self.kind is not None:
            ordinary = self.kind == ORDINARY
            yield transaction.kind.is_(None) if ordinary else transaction.kind == self.kind
        if self.since is not None:
            yield transaction.issued_at >= naive_utc(self.since)
        if self.until is not None:
            yield transaction.issued_at < naive_utc(self.until)
