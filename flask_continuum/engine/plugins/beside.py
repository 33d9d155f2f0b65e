"""Classes of plugins whose rows belong to transactions."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import foreign, relationship


def map_beside(
    made: type[Any],
    table: sa.Table,
    transaction_class: type[Any],
    name: str,
    *,
    back: str = "save-update, merge",
    **options: Any,
) -> None:
    """Map a class to a table with a ``transaction_id``: it gets ``transaction``, and the
    Transaction class a collection of its objects.

    :param name: of the collection.
    :param back: the cascade from an object to its transaction.
    :param options: of the collection.
    """
    mapper = sa.inspect(transaction_class)
    condition = foreign(table.c.transaction_id) == mapper.local_table.c.id
    to_transaction: Any = relationship(
        transaction_class,
        primaryjoin=condition,
        back_populates=name,
        cascade=back,
    )
    mapper.registry.map_imperatively(made, table, properties={"transaction": to_transaction})
    mapper.add_property(
        name,
        relationship(made, primaryjoin=condition, back_populates="transaction", **options),
    )
