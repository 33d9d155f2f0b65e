"""The ground floor: what each database needs to be told, and how it wants to be told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import sqlalchemy as sa

from flask_continuum.engine.dialects.base import Dialect
from flask_continuum.engine.dialects.fragments import Translation, translation
from flask_continuum.engine.dialects.mysql import MySQLDialect
from flask_continuum.engine.dialects.postgresql import PostgreSQLDialect
from flask_continuum.engine.dialects.sqlite import SQLiteDialect

__all__ = ["Dialect", "dialect_for", "dialect_of", "translation"]


def dialect_for(connection: sa.Connection) -> Dialect:
    """Return the object that writes versions on a connection's database.

    A database that is not known by name gets the plain one, which needs nothing special.
    """
    return dialect_of(connection.dialect, translation(connection))


def dialect_of(dialect: sa.Dialect, schemas: Translation = ()) -> Dialect:
    """Return the object that writes versions on the databases of a dialect."""
    return _BY_NAME.get(dialect.name, Dialect)(dialect, schemas)


_BY_NAME: Mapping[str, type[Dialect]] = MappingProxyType(
    {
        "sqlite": SQLiteDialect,
        "postgresql": PostgreSQLDialect,
        "mysql": MySQLDialect,
        "mariadb": MySQLDialect,
    }
)
