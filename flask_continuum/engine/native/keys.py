"""Keys as JSON, made by PostgreSQL in the form that ``read/moved.py`` reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from flask_continuum.engine.registry import VersionedTable

_ISO = "to_char({0}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"

_FORMS: tuple[tuple[type[Any], str], ...] = (
    (bool, "to_jsonb({0})"),
    (int, "to_jsonb({0})"),
    (str, "to_jsonb({0}::text)"),
    (datetime, f"jsonb_build_array('datetime', {_ISO})"),
    (date, "jsonb_build_array('date', {0}::text)"),
    (time, "jsonb_build_array('time', {0}::text)"),
    (Decimal, "jsonb_build_array('decimal', {0}::text)"),
    (UUID, "jsonb_build_array('uuid', replace({0}::text, '-', ''))"),
    (bytes, "jsonb_build_array('bytes', encode({0}, 'hex'))"),
)


def json_key(table: VersionedTable, alias: str, quote: Callable[[sa.Column[Any]], str]) -> str:
    """Return the expression for the key of a row as JSON.

    :param alias: the row, of the live table or of the version table.
    """
    parts = (_part(column).format(f"{alias}.{quote(column)}") for column in table.key)
    return f"jsonb_build_array({', '.join(parts)})"


def _part(column: sa.Column[Any]) -> str:
    kind = column.type
    if isinstance(kind, sa.Enum):
        tag = "'enum'" if kind.enum_class is not None else None
        return f"jsonb_build_array({tag}, {{0}}::text)" if tag else "to_jsonb({0}::text)"
    if isinstance(kind, sa.TypeDecorator):
        return "jsonb_build_array('stored', to_jsonb({0}))"
    try:
        python = kind.python_type
    except NotImplementedError:
        return "jsonb_build_array('text', {0}::text)"
    for each, form in _FORMS:
        if issubclass(python, each):
            return form
    return "jsonb_build_array('text', {0}::text)"
