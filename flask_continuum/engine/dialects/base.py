"""The plain dialect: correct SQL for any database, in one statement per table and step.

Versions are made by the database from the live rows. The order is the same everywhere: the
transaction's row, the versions, then the ends of their predecessors; tables and keys sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN, Key
from flask_continuum.engine.dialects.jobs import TableJob, WriteJob, parts
from flask_continuum.engine.dialects.overlays import write_over
from flask_continuum.engine.dialects.transactions import TransactionRows
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable


class Dialect(TransactionRows):
    """Writes history transactions with SQL that every database understands.

    :param dialect: SQLAlchemy's dialect, for names and types.
    """

    chunk = 100
    """Keys in one statement."""

    closes_drafts = True
    """Whether a draft may end its predecessors without deadlocks later."""

    keeps_ids = False
    """Whether an id that was drawn early may stay when more was written since: because nobody
    can have overtaken it, or because it is seen and mended."""

    # -- the whole -----------------------------------------------------------------------------

    def write(self, connection: sa.Connection, job: WriteJob) -> int | None:
        """Write a history transaction and return its id; ``None`` when nothing had changed.

        :raises HistoryWriteError: when a record that should be there cannot be read.
        """
        transaction_id = self.begin(connection, job)
        written = 0
        for table in job.tables:
            written += self._write_table(connection, table, transaction_id)
        written -= self.drop_unchanged(connection, job.tables, transaction_id)
        if not written:
            if not job.asked:
                self.delete_transaction(connection, job.transaction, transaction_id)
            return None
        if job.closes:
            closed = self.close(connection, job.tables, transaction_id)
            if job.asked and job.final:
                self.continue_overtaken(
                    connection, job, self.suspects(job, written, closed), transaction_id
                )
        return transaction_id

    def _write_table(self, connection: sa.Connection, job: TableJob, transaction_id: int) -> int:
        written = 0
        for part in parts(job.live, self.chunk):
            rows = self.insert_live(connection, job, part, transaction_id)
            if rows < len(part):
                self.account(connection, job.table, [key for key, _ in part])
            written += rows
        for part in parts(job.untold, self.chunk):
            written += self.insert_live(connection, job, part, transaction_id)
        for part in parts(job.orphans, self.chunk):
            written += self.insert_gone(
                connection, job.table, part, transaction_id, unless_there=True
            )
        for part in parts(job.gone, self.chunk):
            rows = self.insert_gone(connection, job.table, part, transaction_id)
            if rows < len(part):
                unknown = self.without_history(connection, job.table, part)
                rows += self.insert_remembered(connection, job, unknown, transaction_id)
            written += rows
        self.overlay_altered(connection, job, transaction_id)
        return written

    def close(
        self, connection: sa.Connection, tables: Sequence[TableJob], transaction_id: int
    ) -> int:
        """End the predecessors of what was written under ``transaction_id``; return how many."""
        closed = 0
        for job in tables:
            if job.table.end_transaction_id is None:
                continue
            for part in parts(job.keys, self.chunk):
                closed += self.close_table(connection, job.table, part, transaction_id)
        return closed

    # -- one step on one table -----------------------------------------------------------------

    def insert_live(
        self,
        connection: sa.Connection,
        job: TableJob,
        keys: Sequence[tuple[Key, Operation]],
        transaction_id: int,
    ) -> int:
        """Write versions of records that exist, from their rows; return how many.

        A record that holds what its open versions say has not changed and is left out, at once or
        by :meth:`drop_unchanged`.
        """
        table = job.table
        source = self.keys(table, keys)
        version = self.name(table.version)
        columns, values = self.copied(table, "s")
        begins = (
            f"k.op = 0 OR p.{self.q(table.transaction_id)} IS NULL "
            f"OR p.{self.q(table.operation_type)} = 2"
        )
        flags = self.changed_flags(table, "s", "p", begins)
        values = self.with_bookkeeping(values, "k.op", flags)
        sql = (
            f"INSERT INTO {version} ({columns}, {self.bookkeeping(table)}) "
            f"SELECT {self.distinct(table)}{values} FROM {source.sql} k "
            f"{self.join} {self.name(table.live)} s ON {self.joins_live(table, 'k')}"
            f" LEFT JOIN {version} p ON {self.same_key(table, 'p', 's')}"
            f" AND p.{self.q(table.transaction_id)} = ({self.newest(table, 's')})"
            f" WHERE {begins} OR {self.any_differs(table, 's', 'p')}"
        )
        for sibling in job.siblings:
            sql += f" OR {self.sibling_differs(table, 's', sibling)}"
        return self.run(connection, sql, {**source.parameters, "tx": transaction_id}).rowcount

    def drop_unchanged(
        self, connection: sa.Connection, tables: Sequence[TableJob], transaction_id: int
    ) -> int:
        """Take versions back that say what those before said; return how many.

        There are none where they are left out at once.
        """
        return 0

    def insert_gone(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Sequence[Key],
        tx: int,
        *,
        unless_there: bool = False,
    ) -> int:
        """Write versions of deleted records from their open versions; return how many.

        :param unless_there: leave out those that have a row.
        """
        source = self.keys(table, [(key, Operation.DELETE) for key in keys])
        version = self.name(table.version)
        columns, _ = self.copied(table, "p")
        kept = ", ".join(self.kept(table, "p"))
        values = self.with_bookkeeping(kept, "2", ("true" for _ in table.flags))
        sql = (
            f"INSERT INTO {version} ({columns}, {self.bookkeeping(table)}) "
            f"SELECT {values} FROM {source.sql} k "
            f"{self.join} {version} p ON {self.matches(table, 'p', 'k')}"
            f" AND p.{self.q(table.transaction_id)} = ({self.newest_of_key(table, 'k')})"
            f" WHERE p.{self.q(table.operation_type)} <> 2"
        )
        if unless_there:
            sql += f" AND NOT EXISTS ({self.live_row(table, 'k')})"
        return self.run(connection, sql, {**source.parameters, "tx": tx}).rowcount

    def insert_remembered(
        self, connection: sa.Connection, job: TableJob, keys: Sequence[Key], tx: int
    ) -> int:
        """Write versions of deleted records that have no version yet, from memory.

        :param keys: those of :meth:`without_history`.
        :returns: how many.
        :raises HistoryWriteError: when nothing is remembered either.
        """
        table = job.table
        rows = []
        for key in keys:
            if key not in job.remembered:
                raise HistoryWriteError(
                    f"{table.live.name} {key} was deleted, but neither its history nor memory "
                    f"knows what it held. The transaction was rolled back."
                )
            rows.append(job.remembered_row(key, tx))
        for names in {tuple(row) for row in rows}:
            connection.execute(
                table.version.insert(),
                [row for row in rows if tuple(row) == names],
                execution_options=OWN,
            )
        return len(rows)

    def without_history(
        self, connection: sa.Connection, table: VersionedTable, keys: Sequence[Key]
    ) -> list[Key]:
        """Return the keys that no version has.

        A deleted record of which the last version is a deletion has been deleted by somebody else
        before: nothing is to be written about it.
        """
        columns = [table.version.c[column.key] for column in table.key]
        names = ", ".join(f"v.{self.q(column)}" for column in columns)
        known: set[Key] = set()
        for part in parts([(key, Operation.DELETE) for key in keys], self.chunk):
            source = self.keys(table, part)
            found = self.run(
                connection,
                f"SELECT DISTINCT {names} FROM {source.sql} k {self.join} "
                f"{self.name(table.version)} v ON {self.matches(table, 'v', 'k')}",
                source.parameters,
                columns,
            )
            known |= {tuple(row) for row in found}
        return [key for key in keys if key not in known]

    def alive(
        self, connection: sa.Connection, table: VersionedTable, keys: Sequence[Key]
    ) -> Iterator[Key]:
        """Yield the keys that history says to be there."""
        columns = [table.version.c[column.key] for column in table.key]
        names = ", ".join(f"p.{self.q(column)}" for column in columns)
        for part in parts([(key, Operation.UPDATE) for key in keys], self.chunk):
            source = self.keys(table, part)
            found = self.run(
                connection,
                f"SELECT {names} FROM {source.sql} k {self.join} "
                f"{self.name(table.version)} p ON {self.matches(table, 'p', 'k')} "
                f"AND p.{self.q(table.transaction_id)} = ({self.newest_of_key(table, 'k')}) "
                f"WHERE p.{self.q(table.operation_type)} <> 2",
                source.parameters,
                columns,
            )
            for row in found.all():
                yield tuple(row)

    def overlay_altered(self, connection: sa.Connection, job: TableJob, tx: int) -> None:
        """Correct versions of deleted records that this transaction had changed before."""
        table = job.table
        fixed = {column.key for column in table.key} | table.blank
        overlay = {}
        for key in sorted(job.altered, key=repr):
            remembered = job.remembered.get(key, {})
            values = {name: value for name, value in remembered.items() if name not in fixed}
            if values:
                overlay[key] = values
        write_over(connection, table, (tx,), overlay)

    def close_table(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Sequence[tuple[Key, Operation]],
        tx: int,
    ) -> int:
        """Set the end of each record's newest earlier version, where a new one was written.

        :returns: how many have ended.
        """
        assert table.end_transaction_id is not None
        source = self.keys(table, keys)
        version, began = self.name(table.version), self.q(table.transaction_id)
        end = self.q(table.end_transaction_id)
        key_columns = ", ".join(f"n.{self.q(c)}" for c in table.version_key)
        sql = (
            f"UPDATE {version} SET {end} = :tx FROM ("
            f"SELECT {key_columns}, ({self.newest(table, 'n', before=True)}) AS previous "
            f"FROM {source.sql} k {self.join} {version} n "
            f"ON {self.matches(table, 'n', 'k')} AND n.{began} = :tx) q "
            f"WHERE {self.same_key(table, version, 'q')} AND {version}.{began} = q.previous "
            f"AND {version}.{end} IS NULL"
        )
        return self.run(connection, sql, {**source.parameters, "tx": tx}).rowcount

    def take_back(self, connection: sa.Connection, tables: Sequence[TableJob], tx: int) -> None:
        """Remove the versions that were written under ``tx`` and open their predecessors again."""
        for job in tables:
            for part in parts(job.keys, self.chunk):
                self.remove(connection, job.table, part, tx)

    def remove(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Sequence[tuple[Key, Operation]],
        tx: int,
    ) -> None:
        """Remove versions of one table that were written under ``tx``; open predecessors."""
        source = self.keys(table, keys)
        parameters = {**source.parameters, "tx": tx}
        version, began = self.name(table.version), self.q(table.transaction_id)
        present = f"EXISTS (SELECT 1 FROM {source.sql} k WHERE {self.matches(table, version, 'k')})"
        self.run(connection, f"DELETE FROM {version} WHERE {began} = :tx AND {present}", parameters)
        if table.end_transaction_id is not None:
            end = self.q(table.end_transaction_id)
            self.run(
                connection,
                f"UPDATE {version} SET {end} = NULL WHERE {end} = :tx AND {present}",
                parameters,
            )

    def baseline(
        self, connection: sa.Connection, table: VersionedTable, keys: Sequence[Key], tx: int
    ) -> int:
        """Write first versions of records that have none, from their rows; return how many."""
        written = 0
        for part in parts([(key, Operation.INSERT) for key in keys], self.chunk):
            source = self.keys(table, part)
            version = self.name(table.version)
            columns, values = self.copied(table, "s")
            values = self.with_bookkeeping(values, "0", self.set_flags(table, "s"))
            sql = (
                f"INSERT INTO {version} ({columns}, {self.bookkeeping(table)}) "
                f"SELECT {self.distinct(table)}{values} FROM {source.sql} k "
                f"{self.join} {self.name(table.live)} s ON {self.joins_live(table, 'k')} "
                f"WHERE NOT EXISTS (SELECT 1 FROM {version} p "
                f"WHERE {self.same_key(table, 'p', 's')})"
            )
            written += self.run(connection, sql, {**source.parameters, "tx": tx}).rowcount
        return written

    def lock(self, connection: sa.Connection, table: VersionedTable, keys: Sequence[Key]) -> None:
        """Lock live rows in the order of their keys, where the database has row locks."""
        for part in parts(keys, self.chunk):
            columns = [column for column in table.key]
            connection.execute(
                sa.select(*columns)
                .where(sa.tuple_(*columns).in_([tuple(key) for key in part]))
                .order_by(*columns)
                .with_for_update(),
                execution_options=OWN,
            ).all()

    # -- accounting ----------------------------------------------------------------------------

    def account(
        self, connection: sa.Connection, table: VersionedTable, keys: Sequence[Key]
    ) -> None:
        """Make sure that records without a new version are there and merely unchanged.

        :raises HistoryWriteError: when one is not.
        """
        source = self.keys(table, [(key, Operation.UPDATE) for key in keys])
        columns = ", ".join(f"s.{self.q(c)}" for c in table.key)
        found = self.run(
            connection,
            f"SELECT COUNT(*) FROM (SELECT DISTINCT {columns} FROM {source.sql} k {self.join} "
            f"{self.name(table.live)} s ON {self.matches(table, 's', 'k')}) f",
            source.parameters,
        ).scalar_one()
        if found < len(keys):
            raise self.unaccounted(table, keys, len(keys) - found)

    def unaccounted(
        self, table: VersionedTable, keys: Sequence[Key], missing: int
    ) -> HistoryWriteError:
        """Return the error for records that were written and cannot be read."""
        shown = ", ".join(str(key) for key in keys[:5]) + (", …" if len(keys) > 5 else "")
        return HistoryWriteError(
            f"{missing} of the records written to {table.live.name} cannot be read when their "
            f"versions are due (keys {shown}): a database-side cascade, rule or row-level security "
            f"removed or hid them. The transaction was rolled back. Cascades of foreign keys are "
            f"captured where the option database_cascades is 'capture'."
        )
