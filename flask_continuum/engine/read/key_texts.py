"""A record's key as one text that the database makes: small tables name any record by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

LONGEST = 500
"""Characters of such a text: what an index of every database holds beside a table's name."""

_BINARY = "utf8mb4_bin"

KeyText = sa.String(LONGEST).with_variant(
    mysql.VARCHAR(LONGEST, charset="utf8mb4", collation=_BINARY), "mysql", "mariadb"
)
"""The type of a column that holds one; two that differ are never equal by a collation."""


def key_text(columns: Sequence[Any], dialect: str) -> sa.ColumnElement[str]:
    """Return the key in some columns as one text: its parts, with commas in between.

    :param columns: those of the key, in its order.
    :param dialect: the database's name.
    """
    if len(columns) == 1:
        return _text(columns[0], dialect)
    parts: list[Any] = []
    for column in columns:
        escaped = sa.func.replace(sa.func.replace(_text(column, dialect), "~", "~0"), ",", "~1")
        parts += [sa.literal(","), escaped] if parts else [escaped]
    if dialect in ("mysql", "mariadb"):
        return sa.collate(sa.func.concat(*parts), _BINARY)
    found = parts[0]
    for part in parts[1:]:
        found = found.op("||")(part)
    return sa.type_coerce(found, sa.String)


def _text(column: Any, dialect: str) -> sa.ColumnElement[str]:
    is_mysql = dialect in ("mysql", "mariadb")
    if isinstance(column.type, sa.LargeBinary):
        if dialect == "postgresql":
            return sa.func.encode(column, "hex", type_=sa.String)
        column = sa.func.hex(column)
    if is_mysql:
        return sa.collate(sa.cast(column, mysql.CHAR(charset="utf8mb4")), _BINARY)
    return sa.type_coerce(sa.cast(column, sa.Text), sa.String)
