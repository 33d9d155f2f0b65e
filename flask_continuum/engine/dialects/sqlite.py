"""SQLite: keys as one JSON parameter; one writer, so ids follow commits by themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import types

from flask_continuum.engine.dialects.base import Dialect
from flask_continuum.engine.dialects.fragments import Key, KeySource
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable


class SQLiteDialect(Dialect):
    """Writes history transactions on SQLite 3.33 and later."""

    chunk = 20_000
    keeps_ids = True
    current_read = None
    # the order of tables in a CROSS JOIN is the order that SQLite reads them in
    join = "CROSS JOIN"

    def keys(self, table: VersionedTable, keys: Sequence[tuple[Key, Operation]]) -> KeySource:
        """Return the keys as rows of ``json_each``; as parameters where JSON has no such type."""
        rows = [
            [*(self.stored(c, v) for c, v in zip(table.key, key, strict=True)), int(operation)]
            for key, operation in keys
        ]
        if any(isinstance(value, bytes) for row in rows for value in row):
            return self._plain_keys(table, rows)
        names = [f"json_extract(value, '$[{i}]') AS k{i}" for i in range(len(table.key))]
        names.append(f"json_extract(value, '$[{len(table.key)}]') AS op")
        return KeySource(
            f"(SELECT {', '.join(names)} FROM json_each(:keys))",
            {"keys": json.dumps(rows, ensure_ascii=False, default=str)},
        )

    def _plain_keys(self, table: VersionedTable, rows: Sequence[Sequence[Any]]) -> KeySource:
        """Return binary keys as hexadecimal text that SQLite 3.40 cannot turn back: as literals."""
        selects = []
        parameters: dict[str, Any] = {}
        for number, row in enumerate(rows):
            names = []
            for position, value in enumerate(row[:-1]):
                if isinstance(value, bytes):
                    names.append(f"x'{value.hex()}' AS k{position}")
                else:
                    parameters[f"k{number}_{position}"] = value
                    names.append(f":k{number}_{position} AS k{position}")
            selects.append(f"SELECT {', '.join(names)}, {row[-1]} AS op")
        return KeySource(f"({' UNION ALL '.join(selects)})", parameters)

    def differs(self, column: sa.Column[Any], one: str, other: str) -> str:
        """Compare the bytes, not what a collation makes of them."""
        if isinstance(column.type.dialect_impl(self.dialect), types.String | types.Enum):
            return f"({one} COLLATE BINARY) IS NOT ({other} COLLATE BINARY)"
        return f"{one} IS NOT {other}"

    def ordered(self, column: sa.Column[Any], value: str) -> str:
        """Order text by its bytes, whatever the column's collation."""
        is_text = isinstance(column.type.dialect_impl(self.dialect), types.String | types.Enum)
        return f"({value} COLLATE BINARY)" if is_text else value

    def lock(self, connection: sa.Connection, table: VersionedTable, keys: Sequence[Key]) -> None:
        """Do nothing: the one writer holds the database."""
