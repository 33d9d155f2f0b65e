"""Fragments of the triggers of SQLite: names without schemas, the transaction, keys as JSON."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.sqlite import SQLiteDialect
from flask_continuum.engine.registry import HistoryTables, VersionedTable

APPLICATION = 0
"""The row in which the application tells its transaction; triggers note their own in the next."""

OUTSIDE = 1

NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
"""The instant of a statement: the same in all that its triggers do."""


def quoted(text: str) -> str:
    """Return text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


class Text(SQLiteDialect):
    """Fragments whose names mean tables in the trigger's own database."""

    def name(self, table: sa.Table) -> str:
        """Return a table's name: inside a trigger it has no schema."""
        return self._as_text(self.quote(table.name))

    def json_key(self, table: VersionedTable, alias: str) -> str:
        """Return the expression for the key of a row as JSON, as ``read/moved.py`` reads it."""
        parts = (_json_part(c, f"{alias}.{self.q(c)}") for c in table.key)
        return f"json_array({', '.join(parts)})"

    def is_newest_before(self, table: VersionedTable, alias: str, row: str, before: str) -> str:
        """Return the condition that a version is a record's newest before a transaction.

        :param before: what the ids of earlier transactions fulfil; all where it is empty.
        """
        began = self.q(table.transaction_id)
        earlier = f" AND h.{began} {before}" if before else ""
        return (
            f"{self.same_live(table, alias, row)} AND {alias}.{began} = (SELECT h.{began} "
            f"FROM {self.name(table.version)} h WHERE {self.same_live(table, 'h', row)}{earlier} "
            f"ORDER BY h.{began} DESC LIMIT 1)"
        )

    def same_live(self, table: VersionedTable, one: str, other: str) -> str:
        """Return the condition that two rows have the same key, versions or not."""
        return " AND ".join(f"{one}.{self.q(c)} = {other}.{self.q(c)}" for c in table.key)


def _json_part(column: sa.Column[Any], value: str) -> str:
    kind = column.type
    if isinstance(kind, sa.TypeDecorator):
        return f"json_array('stored', {value})"
    if isinstance(kind, sa.Enum):
        return value if kind.enum_class is None else f"json_array('enum', {value})"
    try:
        python = kind.python_type
    except NotImplementedError:
        return f"json_array('text', CAST({value} AS TEXT))"
    if python is bool:
        return f"json(CASE WHEN {value} THEN 'true' ELSE 'false' END)"
    if issubclass(python, int | str | float):
        return value
    if issubclass(python, bytes):
        return f"json_array('bytes', lower(hex({value})))"
    if issubclass(python, datetime):
        return f"json_array('datetime', replace({value}, ' ', 'T'))"
    if issubclass(python, Decimal):
        return f"json_array('decimal', CAST({value} AS TEXT))"
    return f"json_array({quoted(python.__name__.lower())}, CAST({value} AS TEXT))"


class Announced:
    """SQL about the transaction that a trigger writes under.

    The application tells its own. Who writes past it gets one for each statement, which is known
    by the instant at which the statement began.
    """

    def __init__(self, history: HistoryTables, text: Text) -> None:
        assert history.current is not None
        self._text = text
        self._columns = history.transaction.c
        self.rows = text.name(history.transaction)
        self.current = text.name(history.current)
        told = f"c.connection_id = {APPLICATION}"
        mine = f"({told} OR (c.connection_id = {OUTSIDE} AND c.uid = {NOW}))"
        found = f"FROM {self.current} c WHERE {mine} ORDER BY c.connection_id LIMIT 1"
        self.me = f"(SELECT c.transaction_id {found})"
        self.baseline = f"(SELECT c.baseline_id {found})"
        self.is_told = f"EXISTS (SELECT 1 FROM {self.current} c WHERE {told})"

    def runs(self, table: VersionedTable) -> str:
        """Return the condition that nothing of a table is written at present."""
        name = quoted(f",{table.version.name},")
        return (
            f"NOT EXISTS (SELECT 1 FROM {self.current} c WHERE c.connection_id = {APPLICATION} "
            f"AND instr(c.paused, {name}) > 0)"
        )

    def begin(self, table: VersionedTable, row: str, wants: str, unknown: str) -> list[str]:
        """Return what begins a transaction for somebody who writes past the application.

        One is not enough where a record has a version of it already: then another statement has
        begun at the same instant.

        :param row: the record.
        :param wants: the condition that a version is to be written.
        :param unknown: the condition that a record is older than its history.
        """
        began = self._text.q(table.transaction_id)
        goes_on = (
            f"EXISTS (SELECT 1 FROM {self.current} c WHERE c.connection_id = {OUTSIDE} "
            f"AND c.uid = {NOW} AND NOT EXISTS (SELECT 1 FROM {self._text.name(table.version)} h "
            f"WHERE {self._text.same_live(table, 'h', row)} AND h.{began} >= c.transaction_id) "
            f"AND (c.baseline_id IS NOT NULL OR NOT {unknown}))"
        )
        needed = f"NOT {self.is_told} AND {wants} AND NOT {goes_on}"
        slot = f"connection_id = {OUTSIDE}"
        newest = f"(SELECT max(id) FROM {self.rows})"
        return [
            f"INSERT INTO {self.current} (connection_id) SELECT {OUTSIDE} WHERE {needed} "
            f"AND NOT EXISTS (SELECT 1 FROM {self.current} c WHERE c.{slot})",
            # without a stamp it is the one that this row begins
            f"UPDATE {self.current} SET uid = NULL, transaction_id = NULL, baseline_id = NULL "
            f"WHERE {slot} AND {needed}",
            self._insert("baseline", f"{self._is_begun} AND {unknown}"),
            f"UPDATE {self.current} SET baseline_id = {newest} "
            f"WHERE {slot} AND uid IS NULL AND {unknown} AND NOT {self.is_told}",
            self._insert("outside", self._is_begun),
            f"UPDATE {self.current} SET transaction_id = {newest}, uid = {NOW} "
            f"WHERE {slot} AND uid IS NULL AND NOT {self.is_told}",
        ]

    @property
    def _is_begun(self) -> str:
        return (
            f"NOT {self.is_told} AND EXISTS (SELECT 1 FROM {self.current} c "
            f"WHERE c.connection_id = {OUTSIDE} AND c.uid IS NULL)"
        )

    def _insert(self, kind: str, condition: str) -> str:
        given = {
            "issued_at": f"{NOW} || '000'",
            "uid": "lower(hex(randomblob(16)))",
            "kind": quoted(kind),
        }
        values = {self._columns[key]: value for key, value in given.items() if key in self._columns}
        for column in self._columns:
            default: Any = column.default
            if column not in values and isinstance(default, sa.ColumnDefault) and default.is_scalar:
                values[column] = self._literal(column, default.arg)
        names = ", ".join(self._text.q(column) for column in values)
        chosen = ", ".join(values.values())
        return f"INSERT INTO {self.rows} ({names}) SELECT {chosen} WHERE {condition}"

    def _literal(self, column: sa.Column[Any], value: Any) -> str:
        dialect = self._text.dialect
        processor = column.type.dialect_impl(dialect).literal_processor(dialect)
        return quoted(str(value)) if processor is None else processor(value)
