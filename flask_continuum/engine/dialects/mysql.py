"""MariaDB and MySQL: keys as one JSON parameter, insert first, close by the primary key.

Deadlocks decide the form of every statement here: a range search on the version table before
the insertion takes gap locks that two writers of neighbouring records wait for, so nothing is
looked up before all rows are inserted, and every access is by the primary key.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import types

from flask_continuum.engine.dialects.base import Dialect
from flask_continuum.engine.dialects.fragments import OWN, Key, KeySource, Translation
from flask_continuum.engine.dialects.jobs import TableJob, WriteJob, parts
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable

_UNCHANGED = -1
"""Stands in for the operation of a version that is about to be taken back."""

_PRIMARY = "FORCE INDEX (PRIMARY)"


class MySQLDialect(Dialect):
    """Writes history transactions on MariaDB 10.6 and MySQL 8 and later."""

    chunk = 10_000
    join = "STRAIGHT_JOIN"
    locking = locking_values = " FOR UPDATE"
    closes_drafts = False
    current_read = " LOCK IN SHARE MODE"

    def __init__(self, dialect: sa.Dialect, schemas: Translation = ()) -> None:
        super().__init__(dialect, schemas)
        self._collations: dict[sa.Column[Any], str] = {}

    def insert_live(
        self,
        connection: sa.Connection,
        job: TableJob,
        keys: Sequence[tuple[Key, Operation]],
        transaction_id: int,
    ) -> int:
        """Write all versions, to be compared when every table's are there."""
        self.prepare(connection, job.table)
        table, version = job.table, self.name(job.table.version)
        source = self.keys(table, keys)
        columns, values = self.copied(table, "s")
        values = self.with_bookkeeping(values, "k.op", self.set_flags(table, "s"))
        # a link may be told by other columns than its row
        hint = _PRIMARY if set(table.key) == set(table.live.primary_key) else ""
        return self.run(
            connection,
            f"INSERT INTO {version} ({columns}, {self.bookkeeping(table)}) "
            f"SELECT {self.distinct(table)}{values} FROM {source.sql} k "
            f"STRAIGHT_JOIN {self.name(table.live)} s {hint} ON {self.joins_live(table, 'k')}",
            {**source.parameters, "tx": transaction_id},
        ).rowcount

    def drop_unchanged(
        self, connection: sa.Connection, tables: Sequence[TableJob], transaction_id: int
    ) -> int:
        """Take versions back that say what those before said; return how many.

        A DELETE may not read its own table here, an UPDATE may: it marks what is to go. Nothing
        goes before the versions in every table of a record have been compared.
        """
        marked = []
        for job in tables:
            for part in parts(job.compared, self.chunk):
                count = self._mark_unchanged(connection, job, part, transaction_id)
                if count:
                    marked.append((job.table, part, count))
        for table, part, _ in marked:
            self._drop_marked(connection, table, part, transaction_id)
        for job in tables:
            if job.table.flags:
                for part in parts(job.compared, self.chunk):
                    self._flag_changes(connection, job.table, part, transaction_id)
        return sum(count for _, _, count in marked)

    def _mark_unchanged(
        self,
        connection: sa.Connection,
        job: TableJob,
        keys: Sequence[tuple[Key, Operation]],
        tx: int,
    ) -> int:
        table = job.table
        source = self.keys(table, keys)
        operation = self.q(table.operation_type)
        joins, conditions = "", ""
        if table.end_transaction_id is not None:
            # else another transaction has overtaken this one: what it wrote is to be compared
            conditions = f" AND p.{self.q(table.end_transaction_id)} IS NULL"
        for number, sibling in enumerate(job.siblings):
            new, old = f"n{number}", f"p{number}"
            name, start = self.name(sibling.version), self.q(sibling.transaction_id)
            how = self.q(sibling.operation_type)
            joins += (
                f"LEFT JOIN {name} {new} {_PRIMARY} "
                f"ON {self.shared_key(sibling, new, table, 'n')} AND {new}.{start} = :tx "
                f"LEFT JOIN {name} {old} {_PRIMARY} ON {self.same_key(sibling, old, new)} "
                f"AND {new}.{how} NOT IN (0, 2) AND {old}.{start} = ({self._newest(sibling, new)}) "
            )
            conditions += (
                f" AND ({new}.{start} IS NULL OR ({old}.{how} <> 2 "
                f"AND NOT {self.any_differs(sibling, new, old)}))"
            )
        return self.run(
            connection,
            f"UPDATE {self._versions(table, source)} {joins}"
            f"SET n.{operation} = {_UNCHANGED} "
            f"WHERE p.{operation} <> 2 AND NOT {self.any_differs(table, 'n', 'p')}{conditions}",
            {**source.parameters, "tx": tx},
        ).rowcount

    def _drop_marked(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Sequence[tuple[Key, Operation]],
        tx: int,
    ) -> None:
        source = self.keys(table, keys)
        self.run(
            connection,
            f"DELETE n FROM {source.sql} k STRAIGHT_JOIN {self.name(table.version)} n {_PRIMARY} "
            f"ON {self.matches(table, 'n', 'k')} AND n.{self.q(table.transaction_id)} = :tx "
            f"WHERE n.{self.q(table.operation_type)} = {_UNCHANGED}",
            {**source.parameters, "tx": tx},
        )

    def _flag_changes(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Sequence[tuple[Key, Operation]],
        tx: int,
    ) -> None:
        """Set the flags of versions that do not begin a life, the one before being known now."""
        source = self.keys(table, keys)
        changed = zip(table.flags, self.changed_flags(table, "n", "p"), strict=True)
        self.run(
            connection,
            f"UPDATE {self._versions(table, source)} "
            f"SET {', '.join(f'n.{self.q(flag)} = {value}' for (_, flag), value in changed)} "
            f"WHERE p.{self.q(table.operation_type)} <> 2",
            {**source.parameters, "tx": tx},
        )

    def insert_gone(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Sequence[Key],
        tx: int,
        *,
        unless_there: bool = False,
    ) -> int:
        """Write versions of deleted records from their open versions; return how many."""
        self.prepare(connection, table)
        return super().insert_gone(connection, table, keys, tx, unless_there=unless_there)

    def close_table(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Sequence[tuple[Key, Operation]],
        tx: int,
    ) -> int:
        """Close newest first; new records, which have no long history, by their prefix.

        A backward search for a record without predecessor would run into its neighbour's row.

        :returns: how many known ones have ended.
        """
        assert table.end_transaction_id is not None
        version, began = self.name(table.version), self.q(table.transaction_id)
        end = self.q(table.end_transaction_id)
        closed = 0
        known = [each for each in keys if each[1] is not Operation.INSERT]
        if known:
            source = self.keys(table, known)
            closed = self.run(
                connection,
                f"UPDATE {self._versions(table, source)} SET p.{end} = :tx WHERE p.{end} IS NULL",
                {**source.parameters, "tx": tx},
            ).rowcount
        new = [each for each in keys if each[1] is Operation.INSERT]
        if new:
            source = self.keys(table, new)
            self.run(
                connection,
                f"UPDATE {source.sql} k "
                f"STRAIGHT_JOIN {version} v {_PRIMARY} ON {self.matches(table, 'v', 'k')} "
                f"SET v.{end} = :tx WHERE v.{end} IS NULL AND v.{began} < :tx",
                {**source.parameters, "tx": tx},
            )
        return closed

    def suspects(self, job: WriteJob, written: int, closed: int) -> Sequence[TableJob]:
        """Leave out known records whose predecessors all have ended: a search locks gaps.

        That for a new record searches no more than has been locked to end its predecessor.
        """
        new = sum(op is Operation.INSERT for table in job.tables for _, op in table.live)
        if closed < written - new or any(t.table.end_transaction_id is None for t in job.tables):
            return job.tables
        return [
            table.only({key for key, operation in table.live if operation is Operation.INSERT})
            for table in job.tables
        ]

    def insert_found(self, connection: sa.Connection, table: sa.Table, found: Any) -> None:
        """Read first: an INSERT … SELECT would lock the gap where it finds nothing."""
        names = [column.key for column in table.c]
        rows = [
            dict(zip(names, row, strict=True))
            for row in connection.execute(found, execution_options=OWN)
        ]
        if rows:
            connection.execute(table.insert(), rows, execution_options=OWN)

    def remove(
        self,
        connection: sa.Connection,
        table: VersionedTable,
        keys: Sequence[tuple[Key, Operation]],
        tx: int,
    ) -> None:
        """Remove draft versions by their full key; a draft has closed nothing here."""
        self.prepare(connection, table)
        source = self.keys(table, keys)
        self.run(
            connection,
            f"DELETE v FROM {source.sql} k STRAIGHT_JOIN {self.name(table.version)} v "
            f"{_PRIMARY} ON {self.matches(table, 'v', 'k')} "
            f"AND v.{self.q(table.transaction_id)} = :tx",
            {**source.parameters, "tx": tx},
        )

    def baseline(
        self, connection: sa.Connection, table: VersionedTable, keys: Sequence[Key], tx: int
    ) -> int:
        """Write first versions of records that have none, from their rows; return how many."""
        self.prepare(connection, table)
        return super().baseline(connection, table, keys, tx)

    def _versions(self, table: VersionedTable, source: KeySource) -> str:
        """Join keys ``k`` with the versions ``n`` of this transaction and those before, ``p``."""
        version, began = self.name(table.version), self.q(table.transaction_id)
        return (
            f"{source.sql} k STRAIGHT_JOIN {version} n {_PRIMARY} "
            f"ON {self.matches(table, 'n', 'k')} AND n.{began} = :tx "
            f"STRAIGHT_JOIN {version} p {_PRIMARY} ON {self.same_key(table, 'p', 'n')} "
            f"AND p.{began} = ({self._newest(table, 'n')})"
        )

    def _newest(self, table: VersionedTable, alias: str) -> str:
        began = self.q(table.transaction_id)
        return (
            f"SELECT h.{began} FROM {self.name(table.version)} h {_PRIMARY} "
            f"WHERE {self.same_key(table, 'h', alias)} AND h.{began} < :tx "
            f"ORDER BY h.{began} DESC LIMIT 1"
        )

    def differs(self, column: sa.Column[Any], one: str, other: str) -> str:
        """Compare the bytes: the default collation takes ``Foo`` for ``foo``."""
        if isinstance(
            column.type.dialect_impl(self.dialect), types.String | types.Enum | types.JSON
        ):
            return f"NOT (CAST({one} AS BINARY) <=> CAST({other} AS BINARY))"
        return f"NOT ({one} <=> {other})"

    def ordered(self, column: sa.Column[Any], value: str) -> str:
        """Order text by its bytes."""
        kind = column.type.dialect_impl(self.dialect)
        is_text = isinstance(kind, types.String | types.Enum | types.JSON)
        return f"CAST({value} AS BINARY)" if is_text else value

    # -- keys ----------------------------------------------------------------------------------

    def keys(self, table: VersionedTable, keys: Sequence[tuple[Key, Operation]]) -> KeySource:
        """Return the keys as a ``JSON_TABLE`` whose columns have the key's own types."""
        rows = [
            [
                *(self._encoded(c, self.stored(c, v)) for c, v in zip(table.key, key, strict=True)),
                int(operation),
            ]
            for key, operation in keys
        ]
        columns = [
            f"k{position} {self._declared(column)} PATH '$[{position}]'"
            for position, column in enumerate(table.key)
        ]
        columns.append(f"op TINYINT PATH '$[{len(table.key)}]'")
        return KeySource(
            f"JSON_TABLE(:keys, '$[*]' COLUMNS ({', '.join(columns)}))",
            {"keys": json.dumps(rows, ensure_ascii=False, default=str)},
        )

    def key_value(self, column: sa.Column[Any], keys: str, position: int) -> str:
        """Return one part of a key; binary ones travel as hexadecimal digits."""
        value = f"{keys}.k{position}"
        return f"UNHEX({value})" if self._is_binary(column) else value

    def _encoded(self, column: sa.Column[Any], value: Any) -> Any:
        return value.hex() if isinstance(value, bytes) else value

    def _is_binary(self, column: sa.Column[Any]) -> bool:
        return isinstance(column.type.dialect_impl(self.dialect), types.LargeBinary | types._Binary)

    def _declared(self, column: sa.Column[Any]) -> str:
        implementation: Any = column.type.dialect_impl(self.dialect)
        if isinstance(implementation, types.Float) and not implementation.asdecimal:
            raise ImproperlyConfigured(
                f"{column.table.name}.{column.name} is a floating-point key, which MariaDB cannot "
                f"match exactly. Use DECIMAL for it."
            )
        if self._is_binary(column):
            return "VARCHAR(6000) CHARACTER SET latin1"
        declared = self.dialect.type_compiler_instance.process(column.type)
        if declared.upper() == "UUID":
            return "CHAR(36)"
        if declared.upper() in ("BOOL", "BOOLEAN"):
            return "TINYINT"
        if isinstance(implementation, types.Enum):
            longest = max((len(each) for each in implementation.enums), default=1)
            declared = f"VARCHAR({longest})"
        elif not isinstance(implementation, types.String):
            return declared
        return f"{declared.split(' CHARACTER SET')[0]} {self._collations.get(column, '')}"

    def prepare(self, connection: sa.Connection, table: VersionedTable) -> None:
        """Learn the charset and collation of text keys, which a key list must share."""
        for column in table.key:
            implementation = column.type.dialect_impl(self.dialect)
            if column in self._collations or not isinstance(
                implementation, types.String | types.Enum
            ):
                continue
            row = connection.execute(
                sa.text(
                    "SELECT character_set_name, collation_name FROM information_schema.columns "
                    "WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table "
                    "AND column_name = :column"
                ),
                {
                    "schema": self.schemas.get(table.live.schema, table.live.schema),
                    "table": table.live.name,
                    "column": column.name,
                },
                execution_options=OWN,
            ).first()
            self._collations[column] = (
                f"CHARACTER SET {row[0]} COLLATE {row[1]}" if row is not None and row[0] else ""
            )
