"""The tables that a metadata's history shares, and the mapped Transaction class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from inspect import signature
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapper, Session, foreign, object_session, registry, relationship

from flask_continuum.engine.build.tables import TransactionId
from flask_continuum.engine.errors import (
    ImproperlyConfigured,
    NoChangesAttribute,
    VersioningError,
)
from flask_continuum.engine.read.key_texts import KeyText
from flask_continuum.engine.read.touched import changed_entities
from flask_continuum.engine.registry import OF_USER, PERSONAL, HistoryTables

WHOLE_TABLE = ""
"""The column name under which ``history_column`` speaks of a table as such."""


def utcnow() -> datetime:
    """Return the present instant as ``issued_at`` stores it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class TransactionBase:
    """What every Transaction class can do, whatever columns an application adds."""

    id: int
    uid: str | None
    issued_at: datetime
    kind: str | None
    reason: str | None
    actor: str | None
    context: Mapping[str, Any] | None

    @property
    def address(self) -> str:
        """The stable identity for links: the uid, or the id of a row that predates uids."""
        return self.uid or str(self.id)

    @property
    def changed_entities(self) -> Mapping[type[Any], list[Any]]:
        """The versions that the transaction has made, by version class."""
        return changed_entities(_session_of(self), self)

    @property
    def entity_names(self) -> list[str]:
        """The names of the models that it has changed, as ``TransactionChangesPlugin`` keeps them.

        :raises NoChangesAttribute: without the plugin.
        """
        changes: Iterable[Any] | None = getattr(self, "changes", None)
        if changes is None:
            raise NoChangesAttribute(
                "Transactions know the names of what they changed with TransactionChangesPlugin "
                "(flask_continuum.plugins) only. changed_entities needs no plugin."
            )
        return [each.entity_name for each in changes]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} id={self.id} issued_at={self.issued_at}>"


def _session_of(transaction: Any) -> Session:
    session = object_session(transaction)
    if session is None:
        raise VersioningError("The transaction is detached. Load it in a session.")
    return session


class TransactionFactory:
    """Makes the transaction table and its class.

    :param remote_addr: whether the address that a change came from is kept.
    """

    table_name = "transaction"
    model_name = "Transaction"

    def __init__(self, remote_addr: bool = True) -> None:
        self.remote_addr = remote_addr

    def __init_subclass__(cls) -> None:
        """Refuse a subclass that makes its class as for SQLAlchemy-Continuum.

        :raises ImproperlyConfigured: when ``create_class`` takes a manager.
        """
        own = cls.__dict__.get("create_class")
        if own is not None and list(signature(own).parameters)[1:] == ["manager"]:
            raise ImproperlyConfigured(
                f"{cls.__name__}.create_class takes a manager, as it did for "
                f"SQLAlchemy-Continuum. Here the table comes first: add columns in "
                f"create_table(metadata, *, with_user), and what the class can do in "
                f"create_class(table, user_mapper); call super() in both."
            )

    def create_table(self, metadata: sa.MetaData, *, with_user: bool) -> sa.Table:
        """Make the transaction table.

        The type of ``user_id`` is settled later, when the user class is known.

        :raises ImproperlyConfigured: when the application has a table of that name.
        """
        if self.table_name in metadata.tables:
            raise ImproperlyConfigured(
                f"The application has a table {self.table_name!r}, the name that history needs for "
                f"its transactions. Subclass TransactionFactory, give it another table_name and "
                f"pass an instance as transaction_cls."
            )
        instant = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
        columns: list[sa.Column[Any]] = [
            # SQLite gives out ids of deleted rows again unless told not to
            sa.Column(
                "id",
                TransactionId,
                primary_key=True,
                autoincrement=True,
            ),
            sa.Column("issued_at", instant, default=utcnow),
        ]
        if self.remote_addr:
            columns.append(sa.Column("remote_addr", sa.String(50), info={PERSONAL: True}))
        if with_user:
            columns.append(sa.Column("user_id", sa.BigInteger))
        columns += [
            sa.Column("uid", sa.String(32), index=True),
            sa.Column("kind", sa.String(20)),
            sa.Column("reason", sa.Text),
            sa.Column("actor", sa.String(255), info={PERSONAL: True}),
            sa.Column("context", sa.JSON(none_as_null=True)),
        ]
        table = sa.Table(self.table_name, metadata, *columns, sqlite_autoincrement=True)
        sa.Index(f"ix_{self.table_name}_issued_at", table.c.issued_at)
        if with_user:
            table.info[OF_USER] = "user_id"
            sa.Index(f"ix_{self.table_name}_user_id", table.c.user_id)
        return table

    def create_class(self, table: sa.Table, user_mapper: Mapper[Any] | None) -> type[Any]:
        """Map a Transaction class, in a registry of its own so that it takes no name away.

        :param user_mapper: the mapper of the user class; ``user`` is left out without one.
        """
        cls = type(self.model_name, (TransactionBase,), {"__module__": __name__})
        properties: dict[str, Any] = {}
        if user_mapper is not None and "user_id" in table.c:
            (user_key,) = user_mapper.primary_key
            properties["user"] = relationship(
                user_mapper,
                primaryjoin=foreign(table.c.user_id) == user_key,
                viewonly=True,
                uselist=False,
            )
        registry(metadata=table.metadata).map_imperatively(cls, table, properties=properties)
        if "user" in properties:
            event.listen(cls.user, "set", _keep_user)  # type: ignore[attr-defined]
        return cls


def _keep_user(transaction: Any, user: Any, before: Any, initiator: Any) -> None:
    """Let ``user_id`` follow when an application sets ``user``, which is not written by itself.

    :raises ValueError: when the user has no key yet.
    """
    (key,) = (None,) if user is None else sa.inspect(user).mapper.primary_key_from_instance(user)
    if user is not None and key is None:
        raise ValueError(
            f"This {type(user).__name__} has no primary key yet, so a transaction cannot name it. "
            f"Flush the session first."
        )
    transaction.user_id = key


def create_history_column_table(metadata: sa.MetaData) -> sa.Table:
    """Make the small table that says since when a table or a column is recorded.

    A row whose ``column_name`` is empty speaks of the table: ``since`` 0 says that the history
    is complete, because it began with an empty table or a baseline was written. A row for a
    column says from which transaction (``since``) to which (``until``) it was recorded.
    """
    return sa.Table(
        "history_column",
        metadata,
        sa.Column("table_name", sa.String(255), primary_key=True),
        sa.Column("column_name", sa.String(255), primary_key=True),
        sa.Column("since", TransactionId),
        sa.Column("until", TransactionId),
    )


def create_current_table(metadata: sa.MetaData, transaction: sa.Table) -> sa.Table:
    """Make the table that tells triggers which transaction they write under.

    It has a row only while a transaction writes, and nobody else ever sees one. PostgreSQL has
    settings for that, and leaves it empty.
    """
    return sa.Table(
        f"{transaction.name}_current",
        metadata,
        sa.Column("connection_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("transaction_id", TransactionId),
        sa.Column("baseline_id", TransactionId),
        sa.Column("uid", sa.String(32)),
        sa.Column("paused", sa.Text),
        schema=transaction.schema,
    )


def create_erasure_table(metadata: sa.MetaData) -> sa.Table:
    """Make the small table that says what was erased.

    A row says that a column of a record's versions from ``since`` to ``until`` was erased by a
    transaction. The record is named by its key as text.
    """
    return sa.Table(
        "history_erasure",
        metadata,
        sa.Column("table_name", sa.String(200), primary_key=True),
        sa.Column("record", KeyText, primary_key=True),
        sa.Column("column_name", sa.String(64), primary_key=True),
        sa.Column("transaction_id", TransactionId, primary_key=True, autoincrement=False),
        sa.Column("since", TransactionId, nullable=False),
        sa.Column("until", TransactionId, nullable=False),
    )


def create_history_tables(
    metadata: sa.MetaData, factory: TransactionFactory, *, with_user: bool
) -> HistoryTables:
    """Make the shared tables of one metadata."""
    return HistoryTables(
        transaction=factory.create_table(metadata, with_user=with_user),
        history_column=create_history_column_table(metadata),
        erasure=create_erasure_table(metadata),
    )


def settle_user_type(table: sa.Table, user_mapper: Mapper[Any] | None) -> None:
    """Give ``user_id`` the type of the user's primary key, without a foreign key.

    Users can be deleted; history stays.

    :raises ImproperlyConfigured: when the user class has a composite primary key.
    """
    if user_mapper is None or "user_id" not in table.c:
        return
    if len(user_mapper.primary_key) != 1:
        raise ImproperlyConfigured(
            f"{user_mapper.class_.__name__} has a composite primary key, so a transaction cannot "
            f"name its user. Pass user_cls=None and keep who acted in the actor label."
        )
    (key,) = user_mapper.primary_key
    table.c.user_id.type = key.type
