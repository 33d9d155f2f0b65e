"""The ground floor: what each database needs to be told, and how it wants to be told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import sqlalchemy as sa

from flask_continuum.engine.dialects.base import Dialect
from flask_continuum.engine.dialects.fragments import translation
from flask_continuum.engine.dialects.mysql import MySQLDialect
from flask_continuum.engine.dialects.postgresql import PostgreSQLDialect
from flask_continuum.engine.dialects.sqlite import SQLiteDialect

__all__ = ["Dialect", "dialect_for", "translation"]


def dialect_for(connection: sa.Connection) -> Dialect:
    """Return the object that writes versions on a connection's database.

    A database that is not known by name gets the plain one, which needs nothing special.
    """
    made = _BY_NAME.get(connection.dialect.name, Dialect)
    return made(connection.dialect, translation(connection))


_BY_NAME: Mapping[str, type[Dialect]] = MappingProxyType(
    {
        "sqlite": SQLiteDialect,
        "postgresql": PostgreSQLDialect,
        "mysql": MySQLDialect,
        "mariadb": MySQLDialect,
    }
)
