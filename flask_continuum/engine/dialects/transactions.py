"""The rows of transactions: written with the versions, or before them when somebody asks."""

from __future__ import annotations

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN, Fragments
from flask_continuum.engine.dialects.jobs import WriteJob


class TransactionRows(Fragments):
    """Writes the row of a history transaction, and takes it back."""

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
