"""The rows of transactions: written with the versions, or before them when somebody asks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN, Fragments, Key
from flask_continuum.engine.dialects.jobs import TableJob, WriteJob, parts
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable


class TransactionRows(Fragments):
    """Writes the row of a history transaction, takes it back, and continues it under another id."""

    chunk: int
    """Keys in one statement."""

    current_read: str | None = ""
    """What makes a SELECT see what others have committed since the transaction began; ``None``
    where nobody can have."""

    # -- what is done with it ------------------------------------------------------------------

    @abstractmethod
    def write(self, connection: sa.Connection, job: WriteJob) -> int | None:
        """Write a history transaction and return its id."""

    @abstractmethod
    def remove(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Sequence[tuple[Key, Operation]],
        tx: int,
    ) -> None:
        """Remove versions of one table that were written under ``tx``."""

    # -- its row -------------------------------------------------------------------------------

    def begin(self, connection: sa.Connection, job: WriteJob) -> int:
        """Return the id of the transaction, whose row is there then."""
        if job.asked and job.transaction_id is not None:
            return job.transaction_id
        return self.insert_transaction(connection, job)

    def insert_transaction(self, connection: sa.Connection, job: WriteJob) -> int:
        """Insert the transaction's row and return its id."""
        values = dict(job.values)
        if job.transaction_id is not None:
            values["id"] = job.transaction_id
        result = connection.execute(job.transaction.insert().values(values), execution_options=OWN)
        found: int = result.inserted_primary_key[0]  # type: ignore[index]
        return found

    def delete_transaction(
        self, connection: sa.Connection, transaction: sa.Table, transaction_id: int
    ) -> None:
        """Take a transaction's row back."""
        connection.execute(
            transaction.delete().where(transaction.c.id == transaction_id), execution_options=OWN
        )

    # -- what is said of it beside its row -----------------------------------------------------

    def insert_found(self, connection: sa.Connection, table: sa.Table, found: Any) -> None:
        """Insert what a query finds, where its reading locks nothing."""
        names = [column.key for column in table.c]
        connection.execute(table.insert().from_select(names, found), execution_options=OWN)

    # -- its continuation ----------------------------------------------------------------------

    def suspects(self, job: WriteJob, written: int, closed: int) -> Sequence[TableJob]:
        """Return the records that another transaction may have overtaken this one with.

        :param written: how many versions were written.
        :param closed: how many versions before them have ended.
        """
        return job.tables

    def continue_overtaken(
        self, connection: sa.Connection, job: WriteJob, suspects: Sequence[TableJob], tx: int
    ) -> None:
        """Move versions that do not follow the newest to another id, with uid and instant of this.

        The id was drawn when somebody asked for it, and is theirs. What others have committed
        since has a greater one.
        """
        if self.current_read is None:
            return
        found = {each.table: self._overtaken(connection, each, tx) for each in suspects}
        again = []
        for table in job.tables:
            keys = set(found[table.table]).union(*(found[s] for s in table.siblings if s in found))
            if keys:
                again.append(table.only(keys))
        if not again:
            return
        for table in again:
            for part in parts(table.keys, self.chunk):
                self.remove(connection, table.table, part, tx)
        self.write(connection, replace(job, transaction_id=None, asked=False, tables=again))

    def _overtaken(self, connection: sa.Connection, job: TableJob, tx: int) -> set[Key]:
        """Return the keys that have a version above ``tx``."""
        table = job.table
        columns = [table.version.c[column.key] for column in table.key]
        names = ", ".join(f"v.{self.q(column)}" for column in columns)
        keys: set[Key] = set()
        for part in parts(job.keys, self.chunk):
            source = self.keys(table, part)
            rows = self.run(
                connection,
                f"SELECT DISTINCT {names} FROM {source.sql} k {self.join} "
                f"{self.name(table.version)} v ON {self.matches(table, 'v', 'k')} "
                f"AND v.{self.q(table.transaction_id)} > :tx{self.current_read}",
                {**source.parameters, "tx": tx},
                columns,
            )
            keys |= {tuple(row) for row in rows}
        return keys
