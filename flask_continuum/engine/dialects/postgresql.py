"""PostgreSQL: a whole history transaction in one statement of writable CTEs.

All parts see one snapshot, taken when the statement starts while the row locks are held; no
part sees another's rows, so closing cannot touch what has just been inserted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import types
from sqlalchemy.dialects import postgresql

from flask_continuum.engine.dialects.base import Dialect
from flask_continuum.engine.dialects.fragments import OWN, Key, KeySource
from flask_continuum.engine.dialects.jobs import TableJob, WriteJob
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable


class PostgreSQLDialect(Dialect):
    """Writes history transactions on PostgreSQL 12 and later."""

    chunk = 1_000_000
    locking = " FOR UPDATE OF s"
    locking_values = " FOR NO KEY UPDATE OF s"
    keeps_ids = True

    def write(self, connection: sa.Connection, job: WriteJob) -> int | None:
        """Write everything in one statement; a second one only for what memory must tell."""
        sql, parameters = self._statement(job)
        transaction_id, overtaken, *counts = tuple(self.run(connection, sql, parameters).one())
        self._account_for(connection, job, counts)
        if any(gone < len(table.gone) for table, (_, gone) in _counted(job, counts)):
            transaction_id = self._add_remembered(connection, job, transaction_id)
        for table in job.tables:
            if table.altered and transaction_id is not None:
                self.overlay_altered(connection, table, transaction_id)
        if transaction_id is None:
            return None
        if overtaken is not None and overtaken < transaction_id:
            overtaken = None
        if overtaken is not None and not job.asked:
            transaction_id = self._renumber(connection, job, transaction_id, overtaken)
        elif job.asked and job.final:
            open_ended = any(table.table.end_transaction_id is None for table in job.tables)
            if overtaken is not None or open_ended:
                self.continue_overtaken(connection, job, job.tables, transaction_id)
        return int(transaction_id)

    # -- the statement -------------------------------------------------------------------------

    def _statement(self, job: WriteJob) -> tuple[str, dict[str, Any]]:
        parameters: dict[str, Any] = {}
        before: list[str] = []
        after: list[str] = []
        counts: list[str] = []
        written: list[str] = []
        closed: list[str] = []
        numbers = {table.table: number for number, table in enumerate(job.tables)}
        for number, table in enumerate(job.tables):
            before += self._sources(number, table, parameters)
        for number, table in enumerate(job.tables):
            before.append(self._changed(number, table, numbers))
            after += self._insertions(number, table.table)
            if table.table.end_transaction_id is not None and job.closes:
                after.append(self._closing(number, table.table))
                closed.append(f"SELECT max(began) AS began FROM closed{number}")
            written += [f"EXISTS (SELECT 1 FROM {part}{number})" for part in ("live", "gone")]
            counts += [
                f"(SELECT count(*) FROM found{number} WHERE told)",
                f"(SELECT count(*) FROM gone{number} WHERE told)",
            ]
        transaction = self._transaction(job, parameters, " OR ".join(written))
        greatest = (
            f"(SELECT max(began) FROM ({' UNION ALL '.join(closed)}) every)" if closed else "NULL"
        )
        sql = (
            f"WITH {', '.join([*before, transaction, *after])} "
            f"SELECT (SELECT id FROM tx), {greatest}, {', '.join(counts)}"
        )
        return sql, parameters

    def _sources(self, number: int, job: TableJob, parameters: dict[str, Any]) -> Iterator[str]:
        """Yield the CTEs that find what has changed: live rows that differ, and the gone."""
        table = job.table
        began, operation = self.q(table.transaction_id), self.q(table.operation_type)
        version = self.name(table.version)
        live = self._told(f"l{number}_", table, job.live, job.untold, parameters)
        gone = self._told(
            f"g{number}_",
            table,
            [(key, Operation.DELETE) for key in job.gone],
            [(key, Operation.DELETE) for key in job.orphans],
            parameters,
        )
        newest = (
            f"LATERAL (SELECT h.* FROM {version} h WHERE {self.matches(table, 'h', 'k')} "
            f"ORDER BY h.{began} DESC LIMIT 1) p"
        )
        # numbered, because a recorded column may be called as something that is computed here
        begins = f"k.op = 0 OR p.{began} IS NULL OR p.{operation} = 2"
        flags = self.changed_flags(table, "s", "p", begins)
        picked = _numbered([f"s.{self.q(c)}" for c, _ in table.columns], flags)
        yield (
            f"found{number} AS MATERIALIZED (SELECT {self.distinct(table)}{picked}, k.op AS op, "
            f"k.told AS told, p.{began} AS previous, "
            f"({begins} OR {self.any_differs(table, 's', 'p')}) AS differs FROM {live} k "
            f"JOIN {self.name(table.live)} s ON {self.joins_live(table, 'k')} "
            f"LEFT JOIN {newest} ON true)"
        )
        picked = _numbered(self.kept(table, "p"), ["true"] * len(flags))
        unless_there = f"(k.told OR NOT EXISTS ({self.live_row(table, 'k')}))"
        yield (
            f"gone{number} AS MATERIALIZED (SELECT {picked}, k.told AS told, "
            f"p.{began} AS previous FROM {gone} k CROSS JOIN {newest} "
            f"WHERE p.{operation} <> 2 AND {unless_there if job.orphans else 'true'})"
        )

    def _told(
        self,
        prefix: str,
        table: VersionedTable,
        told: Sequence[tuple[Key, Operation]],
        untold: Sequence[tuple[Key, Operation]],
        parameters: dict[str, Any],
    ) -> str:
        """Return keys to select from, and whether it is known that they have a row."""
        keys = self._unnested(prefix, table, told, parameters)
        if not untold:
            return f"(SELECT *, true AS told FROM {keys} t)"
        others = self._unnested(f"{prefix}u_", table, untold, parameters)
        return (
            f"(SELECT *, true AS told FROM {keys} t "
            f"UNION ALL SELECT *, false AS told FROM {others} u)"
        )

    def _changed(self, number: int, job: TableJob, numbers: Mapping[VersionedTable, int]) -> str:
        """Return the CTE of the records that have changed, in this table or in a sibling."""
        conditions = ["f.differs"]
        for sibling in job.siblings:
            same = " AND ".join(
                f"o.c{theirs} = f.c{mine}"
                for theirs, mine in zip(_positions(sibling), _positions(job.table), strict=True)
            )
            other = numbers[sibling]
            conditions += [
                f"EXISTS (SELECT 1 FROM found{other} o WHERE o.differs AND {same})",
                f"EXISTS (SELECT 1 FROM gone{other} o WHERE {same})",
            ]
        return f"live{number} AS (SELECT * FROM found{number} f WHERE {' OR '.join(conditions)})"

    def _transaction(self, job: WriteJob, parameters: dict[str, Any], changed: str) -> str:
        if job.asked:
            parameters["t_id"] = job.transaction_id
            return f"tx AS (SELECT CAST(:t_id AS BIGINT) AS id WHERE {changed})"
        values = dict(job.values)
        if job.transaction_id is not None:
            values["id"] = job.transaction_id
        names, sources = [], []
        for key, value in values.items():
            column = job.transaction.c[key]
            parameters[f"t_{key}"] = sa.bindparam(f"t_{key}", value, type_=column.type)
            names.append(self.q(column))
            sources.append(f"CAST(:t_{key} AS {self._type(column)})")
        return (
            f"tx AS (INSERT INTO {self.name(job.transaction)} ({', '.join(names)}) "
            f"SELECT {', '.join(sources)} WHERE {changed} "
            f"RETURNING {self.q(job.transaction.c.id)} AS id)"
        )

    def _insertions(self, number: int, table: VersionedTable) -> Iterator[str]:
        columns, _ = self.copied(table, "s")
        picked = ", ".join(f"c{i}" for i in range(len(table.columns)))
        flags = "".join(f", m{i}" for i in range(len(table.flags)))
        yield (
            f"insert{number} AS (INSERT INTO {self.name(table.version)} "
            f"({columns}, {self.bookkeeping(table)}) "
            f"SELECT {picked}, tx.id, op{flags} FROM live{number}, tx "
            f"UNION ALL SELECT {picked}, tx.id, 2{flags} FROM gone{number}, tx)"
        )

    def _closing(self, number: int, table: VersionedTable) -> str:
        assert table.end_transaction_id is not None
        positions = _positions(table)
        same = " AND ".join(
            f"v.{self.q(version)} = r.c{position}"
            for version, position in zip(table.version_key, positions, strict=True)
        )
        keys = ", ".join(f"c{position}" for position in positions)
        began, end = self.q(table.transaction_id), self.q(table.end_transaction_id)
        return (
            f"closed{number} AS (UPDATE {self.name(table.version)} v SET {end} = tx.id "
            f"FROM tx, (SELECT {keys}, previous FROM live{number} "
            f"UNION ALL SELECT {keys}, previous FROM gone{number}) r "
            f"WHERE {same} AND v.{began} = r.previous AND v.{end} IS NULL "
            f"RETURNING v.{began} AS began)"
        )

    # -- keys ----------------------------------------------------------------------------------

    def keys(self, table: VersionedTable, keys: Sequence[tuple[Key, Operation]]) -> KeySource:
        """Return the keys as parallel arrays, unnested."""
        parameters: dict[str, Any] = {}
        return KeySource(self._unnested("", table, keys, parameters), parameters)

    def _unnested(
        self,
        prefix: str,
        table: VersionedTable,
        keys: Sequence[tuple[Key, Operation]],
        parameters: dict[str, Any],
    ) -> str:
        arrays, names = [], []
        for position, column in enumerate(table.key):
            name = f"{prefix}k{position}"
            parameters[name] = [self.stored(column, key[position]) for key, _ in keys]
            arrays.append(f"CAST(:{name} AS {self._type(column)}[])")
            names.append(f"k{position}")
        parameters[f"{prefix}op"] = [int(operation) for _, operation in keys]
        arrays.append(f"CAST(:{prefix}op AS smallint[])")
        names.append("op")
        return f"(SELECT * FROM unnest({', '.join(arrays)}) AS u({', '.join(names)}))"

    def _type(self, column: sa.Column[Any]) -> str:
        compiled: str = self.dialect.type_compiler_instance.process(column.type)
        return compiled

    # -- comparison ----------------------------------------------------------------------------

    def differs(self, column: sa.Column[Any], one: str, other: str) -> str:
        """Compare by value where equality is exact, else by text (json, xml, geometry, citext)."""
        kind = column.type.dialect_impl(self.dialect)
        if isinstance(kind, types.Enum):
            return f"{one} IS DISTINCT FROM {other}"
        if isinstance(kind, types.String):
            return f'({one})::text COLLATE "C" IS DISTINCT FROM ({other})::text COLLATE "C"'
        if isinstance(kind, _EXACT):
            return f"{one} IS DISTINCT FROM {other}"
        return f"({one})::text IS DISTINCT FROM ({other})::text"

    def ordered(self, column: sa.Column[Any], value: str) -> str:
        """Order by value where there is an order, else by text."""
        kind = column.type.dialect_impl(self.dialect)
        if isinstance(kind, _EXACT) and not isinstance(kind, postgresql.JSONB):
            return value
        return f'({value})::text COLLATE "C"'

    def distinct(self, table: VersionedTable) -> str:
        """Ask the key alone: there are types without equality."""
        if not super().distinct(table):
            return ""
        return f"DISTINCT ON ({', '.join(f's.{self.q(column)}' for column in table.key)}) "

    # -- what one statement could not do -------------------------------------------------------

    def _account_for(self, connection: sa.Connection, job: WriteJob, counts: Sequence[int]) -> None:
        for table, (found, _) in _counted(job, counts):
            if found < len(table.live):
                keys = [key for key, _ in table.live]
                raise self.unaccounted(table.table, keys, len(keys) - found)

    def _add_remembered(
        self, connection: sa.Connection, job: WriteJob, transaction_id: int | None
    ) -> int | None:
        """Write versions of gone records that have none yet, and close what they follow."""
        for table in job.tables:
            keys = self.without_history(connection, table.table, table.gone)
            if not keys:
                continue
            if transaction_id is None:
                transaction_id = self.begin(connection, job)
            self.insert_remembered(connection, table, keys, transaction_id)
        return transaction_id

    def _renumber(
        self, connection: sa.Connection, job: WriteJob, transaction_id: int, overtaken: int
    ) -> int:
        """Move what was written to a fresh id: another transaction has overtaken this one.

        That happens when the id was drawn before the commit, when the sequence hands out blocks
        (CACHE), or when it was set back.

        :raises HistoryWriteError: when even a fresh id is not greater.
        """
        transaction = job.transaction
        fresh = self._draw(connection, transaction)
        if fresh <= overtaken:
            raise HistoryWriteError(
                f"The sequence of {transaction.name}.id gives {fresh}, but history already holds "
                f"transaction {overtaken}. Set the sequence above it (setval) and try again."
            )
        connection.execute(
            transaction.update()
            .where(transaction.c.id == transaction_id)
            .values({transaction.c.id: fresh}),
            execution_options=OWN,
        )
        for job_table in job.tables:
            table = job_table.table
            source = self.keys(table, job_table.keys)
            version = self.name(table.version)
            present = f"(SELECT 1 FROM {source.sql} k WHERE {self.matches(table, 'v', 'k')})"
            for column in (table.transaction_id, table.end_transaction_id):
                if column is not None:
                    name = self.q(column)
                    self.run(
                        connection,
                        f"UPDATE {version} v SET {name} = :fresh "
                        f"WHERE v.{name} = :old AND EXISTS {present}",
                        {**source.parameters, "fresh": fresh, "old": transaction_id},
                    )
        return fresh

    def _draw(self, connection: sa.Connection, transaction: sa.Table) -> int:
        sequence = "pg_get_serial_sequence(:table, 'id')"
        parameters: Mapping[str, Any] = {"table": self.name(transaction).replace("\\:", ":")}
        found = self.run(
            connection,
            f"SELECT max(nextval({sequence})) FROM generate_series(1, (SELECT seqcache::int FROM "
            f"pg_sequence WHERE seqrelid = {sequence}::regclass))",
            parameters,
        ).scalar_one()
        return int(found)


_EXACT = (
    types.Integer,
    types.Numeric,
    types.Boolean,
    types.Date,
    types.DateTime,
    types.Time,
    types.Interval,
    types.LargeBinary,
    types.Uuid,
    postgresql.JSONB,
    postgresql.INET,
    postgresql.MACADDR,
)


def _numbered(columns: Sequence[str], flags: Sequence[str]) -> str:
    """Return recorded columns and flags under names that no column can have taken."""
    found = [f"{column} AS c{i}" for i, column in enumerate(columns)]
    return ", ".join([*found, *(f"{flag} AS m{i}" for i, flag in enumerate(flags))])


def _positions(table: VersionedTable) -> list[int]:
    """Return where the columns of the key are among the recorded ones."""
    positions = {live: i for i, (live, _) in enumerate(table.columns)}
    return [positions[column] for column in table.key]


def _counted(job: WriteJob, counts: Sequence[int]) -> Iterator[tuple[TableJob, tuple[int, int]]]:
    """Yield each table with how many of its live and gone records the statement found."""
    for number, table in enumerate(job.tables):
        yield table, (counts[2 * number], counts[2 * number + 1])
