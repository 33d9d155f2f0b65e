"""The names of the models that each transaction changed, in a table of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import visitors

from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.plugins.base import TablePlugin, Written
from flask_continuum.engine.plugins.beside import map_beside
from flask_continuum.engine.registry import VersionedTable


class TransactionChangesBase:
    """The name of one model that a transaction changed.

    :ivar entity_name: the name of the class.
    :ivar transaction: the Transaction.
    """

    transaction_id: int
    entity_name: str
    transaction: Any

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.transaction_id} {self.entity_name}>"


class TransactionChangesPlugin(TablePlugin):
    """Keeps which models a transaction changed: ``transaction.entity_names``.

    It says what the versions say, so nothing is named that ended as it was. The names are written
    with the last versions, at the commit, in one statement (MariaDB: two).

    """

    table_name = "transaction_changes"

    def create_table(self, transaction: sa.Table) -> sa.Table:
        """Make the table, beside that of the transactions and without a foreign key to it."""
        self.check_name(transaction.metadata)
        return sa.Table(
            self.table_name,
            transaction.metadata,
            sa.Column(
                "transaction_id", transaction.c.id.type, primary_key=True, autoincrement=False
            ),
            sa.Column("entity_name", sa.Unicode(255), primary_key=True),
        )

    def map_class(self, manager: Any, transaction_class: type[Any], table: sa.Table) -> type[Any]:
        """Map the class, and give the Transaction class ``changes``."""
        made = type("TransactionChanges", (TransactionChangesBase,), {"__module__": __name__})
        map_beside(
            made,
            table,
            transaction_class,
            "changes",
            order_by=table.c.entity_name,
            cascade="all, delete-orphan",
        )
        return made

    def after_version_class_built(self, parent_cls: type[Any], version_cls: type[Any]) -> None:
        """Tell a model the class, under ``transaction_changes`` in its options."""
        made = self._classes[sa.inspect(parent_cls).local_table.metadata]
        parent_cls.__versioned__ = {**parent_cls.__versioned__, "transaction_changes": made}

    def unmap(self, manager: Any) -> None:
        """Let go of the classes."""
        for model in manager.registry.options:
            told = model.__dict__.get("__versioned__", {})
            if "transaction_changes" in told:
                model.__versioned__ = {k: v for k, v in told.items() if k != "transaction_changes"}
        super().unmap(manager)

    def complete(self, connection: sa.Connection, dialect: Dialect, written: Written) -> None:
        """Write the names of what has versions in the transaction.

        What went to a continuation is named for both, since both are one transaction.
        """
        transaction = written.history.transaction
        live = {table.live: table for table in written.tables}
        found = []
        for model in written.registry.options:
            mapper = sa.inspect(model)
            if mapper.local_table in live:
                versions = _versions(mapper, live, written.ids)
                if versions is not None:
                    table, conditions = versions
                    at = table.transaction_id
                    found.append(
                        sa.select(transaction.c.id, sa.literal(model.__name__, sa.Unicode(255)))
                        .where(transaction.c.id.in_(written.ids))
                        .where(sa.exists().where(at >= transaction.c.id, *conditions))
                    )
        if found:
            table_of_names = written.history.further[self.table_name]
            # equally named classes of several modules are one name
            dialect.insert_found(connection, table_of_names, sa.union(*found))


def _versions(
    mapper: Mapper[Any], live: Mapping[Any, VersionedTable], ids: Collection[int]
) -> tuple[VersionedTable, list[Any]] | None:
    """Return where a class has versions, and what tells them from those of other classes.

    ``None`` for a class that has no records of its own.
    """
    table, told = _told(mapper, live)
    if told is not None and mapper.polymorphic_identity is None:
        return None
    conditions = [] if told is None else [told == mapper.polymorphic_identity]
    return table, [table.transaction_id.in_(ids), *conditions]


def _told(mapper: Mapper[Any], live: Mapping[Any, VersionedTable]) -> tuple[VersionedTable, Any]:
    """Return a version table, and what in it tells the classes of a hierarchy apart, if anything.

    Where nothing does, or it is not recorded, each class is told by its own table.
    """

    def recorded(element: Any, **arguments: Any) -> Any:
        entry = live.get(getattr(element, "table", None))
        return None if entry is None else entry.version.c.get(element.key)

    if not mapper.concrete and mapper.polymorphic_on is not None:
        told = visitors.replacement_traverse(mapper.polymorphic_on, {}, recorded)
        columns = [each for each in visitors.iterate(told) if isinstance(each, sa.Column)]
        for table in live.values():
            if columns and all(column.table is table.version for column in columns):
                return table, told
    return live[mapper.local_table], None
