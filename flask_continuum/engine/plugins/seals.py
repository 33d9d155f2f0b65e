"""The tables of seals: digests that tell later whether a history was changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.plugins.base import TablePlugin
from flask_continuum.engine.read.key_texts import KeyText

SEAL = "history_seal"
"""The table of the chain: a row for each sealed transaction."""

SEALED = "history_sealed"
"""The table of what a transaction consists of: a row for each of its versions, and for itself."""


class SealBase:
    """The seal of one transaction.

    :ivar content: the digest of all that the transaction consists of.
    :ivar link: the digest of it and of the link before: that of the last one speaks of all.
    :ivar key_name: the name of the key that the link was made with, ``None`` without one.
    :ivar gone: why there is nothing left of the transaction, such as ``"pruned"``.
    """

    transaction_id: int
    content: str
    link: str
    key_name: str | None
    gone: str | None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.transaction_id} {self.link}>"


class SealPlugin(TablePlugin):
    """Keeps the tables that ``seal`` writes and ``verify`` reads. It costs nothing while
    history is written.
    """

    table_name = SEAL

    def create_table(self, transaction: sa.Table) -> sa.Table:
        """Make the table of the chain."""
        self.check_name(transaction.metadata)
        number = transaction.c.id.type
        return sa.Table(
            SEAL,
            transaction.metadata,
            sa.Column("transaction_id", number, primary_key=True, autoincrement=False),
            sa.Column("content", sa.String(64), nullable=False),
            sa.Column("link", sa.String(64), nullable=False),
            sa.Column("key_name", sa.String(16)),
            sa.Column("gone", sa.String(20)),
        )

    def create_others(self, transaction: sa.Table) -> Iterator[sa.Table]:
        """Make the table of what was sealed."""
        number = transaction.c.id.type
        yield sa.Table(
            SEALED,
            transaction.metadata,
            sa.Column("transaction_id", number, primary_key=True, autoincrement=False),
            sa.Column("table_name", sa.String(200), primary_key=True),
            sa.Column("record", KeyText, primary_key=True),
            sa.Column("digest", sa.String(64), nullable=False),
            sa.Column("salt", sa.String(32)),
            sa.Column("fields", sa.JSON(none_as_null=True)),
            sa.Column("gone", sa.String(20)),
        )

    def map_class(self, manager: Any, transaction_class: type[Any], table: sa.Table) -> type[Any]:
        """Map the class of seals."""
        made: type[Any] = type("Seal", (SealBase,), {"__module__": __name__})
        sa.inspect(transaction_class).registry.map_imperatively(made, table)
        return made
