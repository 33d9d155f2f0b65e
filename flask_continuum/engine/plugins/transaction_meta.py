"""Names and values that an application adds to a transaction."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.orm import attribute_keyed_dict

from flask_continuum.engine.plugins.base import TablePlugin
from flask_continuum.engine.plugins.beside import map_beside
from flask_continuum.engine.registry import PERSONAL


class TransactionMetaBase:
    """One name and its value.

    :ivar transaction: the Transaction that it belongs to.
    """

    transaction_id: int
    key: str
    value: str | None
    transaction: Any

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}={self.value!r}>"


class TransactionMetaPlugin(TablePlugin):
    """Gives transactions a dictionary: ``transaction.meta["job"] = "nightly"``.

    It is kept in the table ``transaction_meta``. For the present transaction, ask for its object
    first (``create_transaction``), whose id is final.

    """

    table_name = "transaction_meta"
    known_as = "transaction_meta_cls"

    def create_table(self, transaction: sa.Table) -> sa.Table:
        """Make the table, beside that of the transactions and without a foreign key to it."""
        self.check_name(transaction.metadata)
        return sa.Table(
            self.table_name,
            transaction.metadata,
            sa.Column(
                "transaction_id", transaction.c.id.type, primary_key=True, autoincrement=False
            ),
            sa.Column("key", sa.Unicode(255), primary_key=True),
            sa.Column("value", sa.UnicodeText, info={PERSONAL: True}),
        )

    def map_class(self, manager: Any, transaction_class: type[Any], table: sa.Table) -> type[Any]:
        """Map the class, and give the Transaction class ``meta`` and ``meta_relation``."""
        made: type[Any] = type("TransactionMeta", (TransactionMetaBase,), {"__module__": __name__})
        map_beside(
            made,
            table,
            transaction_class,
            "meta_relation",
            collection_class=attribute_keyed_dict("key"),
            cascade="all, delete-orphan",
        )
        transaction_class.meta = association_proxy(
            "meta_relation",
            "value",
            creator=lambda key, value: made(key=key, value=value),
        )
        return made
